"""Builds as much of a configuration as is valid, so that rules can run on the rest of a file with mistakes.

What is invalid is simply absent: its attribute raises AttributeError, which ends the rule that needs it and no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticUndefined

from modyn.config.annotations import field_types, items_of, section_at
from modyn.config.section import DEFER_CHECKS, Issue, Loc, dotted, walk


class Invalid:
    """Stands for an item of a list or a dict that could not be built."""


def build(annotation: Any, data: Any) -> Any:
    """The value of `data`, with absent attributes and `Invalid` items where it is wrong."""
    try:
        return TypeAdapter(annotation).validate_python(data, context=DEFER_CHECKS)
    except ValidationError:
        pass
    section = section_at(annotation, data)
    if section is not None and isinstance(data, dict):
        types = field_types(section)
        values = {name: build(types[name], data[name]) for name in types if name in data}
        given = {name: value for name, value in values.items() if not isinstance(value, Invalid)}
        result = section.model_construct(set(given), **given)
        for name, field in section.model_fields.items():
            absent = name not in data and field.get_default(call_default_factory=True) is PydanticUndefined
            if name in values.keys() - given.keys() or absent:
                result.__dict__.pop(name, None)
        return result
    items = items_of(annotation)
    if items is not None and isinstance(data, list):
        return [build(items, item) for item in data]
    if items is not None and isinstance(data, dict):
        return {key: build(items, item) for key, item in data.items()}
    return Invalid()


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
