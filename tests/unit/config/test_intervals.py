"""Intervals around a point of time."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from modyn.config.durations import SECONDS
from modyn.config.intervals import RelativeInterval

DAY = 86400
FIRST, LAST = 10 * DAY, 12 * DAY
ADAPTER = TypeAdapter(RelativeInterval)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[-1d; +1d]", (FIRST - DAY, LAST + DAY + 1)),
        ("(-1d, +1d)", (FIRST - DAY + 1, LAST + DAY)),
        ("[ -1d , +1d )", (FIRST - DAY, LAST + DAY)),
        ("[0; 0]", (FIRST, LAST + 1)),
        ("[-0; +0]", (FIRST, LAST + 1)),
        ("[-0; -0]", (FIRST, FIRST + 1)),
        ("[+0; +0]", (LAST, LAST + 1)),
        ("[-0s; +0s]", (FIRST, LAST + 1)),
        ("(0d; 0d)", (FIRST + 1, LAST)),
        ("(+0; +2d]", (LAST + 1, LAST + 2 * DAY + 1)),
        ("[-2d; -1d)", (FIRST - 2 * DAY, FIRST - DAY)),
        ("[1d; 2d]", (LAST + DAY, LAST + 2 * DAY + 1)),
        ("[inf; inf]", (0, None)),
        ("[-inf, +inf]", (0, None)),
        ("(-inf; -0)", (0, FIRST)),
        ("[+0; inf)", (LAST, None)),
        ("[-1y; -20d]", (0, 0)),
    ],
)
def test_an_interval_in_seconds(text: str, expected: tuple[int, int | None]):
    assert ADAPTER.validate_python(text).half_open(FIRST, LAST) == expected


@pytest.mark.parametrize(
    "text",
    ["[+1d; -1d]", "[+0; -0]", "[0; -0]", "[+0; 0]", "[+3d,+1d]", "[-1d,-3d]", "(-0; -0]", "[+1d; +1d)", "[+1d; 0]"],
)
def test_an_interval_must_not_end_before_it_begins(text: str):
    with pytest.raises(ValidationError, match="ends before it begins"):
        ADAPTER.validate_python(text)


@pytest.mark.parametrize(
    "text", ["", "[]", "-1d;+1d", "[1; 2]", "[-1d +1d]", "[-1d; +1d", "[--1d; 1d]", "{0; 0}", "[1x; 2x]"]
)
def test_what_is_no_interval(text: str):
    with pytest.raises(ValidationError, match="is not an interval"):
        ADAPTER.validate_python(text)


@pytest.mark.parametrize(("text", "side"), [("[+inf; inf]", "left"), ("[0; -inf]", "right")])
def test_infinity_is_outside(text: str, side: str):
    with pytest.raises(ValidationError, match=f"cannot be the {side} bound"):
        ADAPTER.validate_python(text)


BOUNDS = st.one_of(
    st.builds("{}{}{}".format, st.sampled_from(["", "+", "-"]), st.integers(0, 400), st.sampled_from(sorted(SECONDS))),
    st.sampled_from(["0", "-0", "+0", "inf"]),
)
TEXTS = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from("[("),
    BOUNDS,
    st.sampled_from([";", ",", " ; "]),
    BOUNDS,
    st.sampled_from("])"),
)


@given(TEXTS, st.integers(0, 2**40), st.integers(0, 2**30))
def test_an_interval_is_ordered_and_written_as_it_was_read(text: str, first: int, length: int):
    try:
        interval = ADAPTER.validate_python(text)
    except ValidationError:
        assume(False)
    start, end = interval.half_open(first, first + length)
    assert start >= 0
    assert end is None or end >= start
    assert ADAPTER.dump_python(interval, mode="json") == text
    assert ADAPTER.validate_json(ADAPTER.dump_json(interval)) == interval
    assert re.search(ADAPTER.json_schema()["pattern"], text)
