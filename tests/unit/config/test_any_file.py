"""Whatever a file holds, checking it ends with problems or a configuration, never with another exception."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modyn.config import PipelineConfig
from modyn.config.document import parse_document
from modyn.config.load import check_document

from .pipelines import REFERENCE
from .test_pipeline_files import variants

FILES = list(variants().values())
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 200),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["No", "id", "name"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "strategy", "x"]), inner)
    ),
    max_leaves=6,
)


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a file, from the outside in."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(inner for key, item in items for inner in places(item, (*place, key)))]


def replaced(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    """A copy of `value` with something else at a place."""
    if not place:
        return new
    result = dict(value) if isinstance(value, dict) else list(value)
    result[place[0]] = replaced(value[place[0]], place[1:], new)
    return result


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_file_with_any_value_anywhere(data: st.DataObject):
    content = data.draw(st.sampled_from(FILES))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(places(content)))
        content = replaced(content, place, data.draw(VALUES))
    text = yaml.safe_dump(content, allow_unicode=True)
    result = check_document(parse_document(text.encode(), "file"))
    assert (result.config is None) == bool(result.problems)
    lines = text.splitlines()
    for problem in result.problems:
        assert 1 <= problem.line <= max(len(lines), 1)
        assert problem.what
    if isinstance(result.config, PipelineConfig):
        assert PipelineConfig.model_validate(result.config.model_dump(mode="json")) is not None


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=40), st.integers(0, len(REFERENCE)))
def test_a_file_with_any_bytes_anywhere(extra: bytes, position: int):
    content = REFERENCE.encode()
    result = check_document(parse_document(content[:position] + extra + content[position:], "file"))
    assert (result.config is None) == bool(result.problems)
