"""Builds as much of a configuration as is valid, so that rules can run on the rest of a file with mistakes.

What is invalid is simply absent: its attribute raises AttributeError, which ends the rule that needs it and no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from modyn.config.annotations import field_types, items_of, section_at
from modyn.config.section import DEFER_CHECKS, Issue, Loc, Section, dotted, walk


class Invalid:
    """Stands for an item of a list or a dict that could not be built."""


def build(annotation: Any, data: Any, wrong: set[Loc], loc: Loc = ()) -> Any:
    """The value of `data` at `loc`, with absent attributes and `Invalid` items where its places are `wrong`."""
    if loc in wrong:
        return Invalid()
    if not any(place[: len(loc)] == loc for place in wrong):
        return TypeAdapter(annotation).validate_python(data, context=DEFER_CHECKS)
    section = section_at(annotation, data)
    if section is not None and isinstance(data, dict):
        return _build_section(section, data, wrong, loc)
    items = items_of(annotation)
    if items is not None and isinstance(data, list):
        return [build(items, item, wrong, (*loc, position)) for position, item in enumerate(data)]
    if items is not None and isinstance(data, dict):
        return {key: build(items, item, wrong, (*loc, key)) for key, item in data.items()}
    return Invalid()


def _build_section(section: type[Section], data: dict[Any, Any], wrong: set[Loc], loc: Loc) -> Section:
    types = field_types(section)
    values = {name: build(types[name], data[name], wrong, (*loc, name)) for name in types if name in data}
    given = {name: value for name, value in values.items() if not isinstance(value, Invalid)}
    result = section.model_construct(set(given), **given)
    for name, field in section.model_fields.items():
        missing = name not in data and field.is_required()
        if missing or (name in values and name not in given):
            result.__dict__.pop(name, None)
    return result


def issues_of(value: Any, *, complete: bool) -> Iterator[Issue]:
    """The issues of all rules of all sections in `value`; if it is not `complete`, of those that can run."""
    for loc, section in walk(value):
        for rule in section.rules():
            yield from _issues_of_rule(rule, loc, complete)


def _issues_of_rule(rule: Any, loc: Loc, complete: bool) -> Iterator[Issue]:
    try:
        for issue in rule():
            issue = issue.below(loc)
            yield replace(issue, what=f"{dotted(issue.loc)}: {issue.what}" if issue.loc else issue.what)
    except (AttributeError, TypeError):
        # The rule met a part that is invalid and reported elsewhere. On a complete value it would be a defect.
        if complete:
            raise
