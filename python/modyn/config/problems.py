"""Says in plain words, and at the right place, what pydantic found wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import ErrorDetails

from modyn.config.annotations import keys_of, locate
from modyn.config.document import Document
from modyn.config.section import Issue, Loc, dotted
from modyn.config.spelling import listed, nearest
from modyn.errors import Problem

# pydantic's error types and what they expected; `{}` are taken from the error's context.
_EXPECTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_parsing": "a number",
    "float_type": "a number",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number of 64 bits",
    "int_type": "a whole number",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
    "list_type": "a list",
    "model_attributes_type": "a mapping",
    "model_type": "a mapping",
    "none_required": "null",
    "path_type": "a path",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} characters",
    "string_type": "a string",
    "too_long": "at most {max_length} entries",
    "too_short": "at least {min_length} entries",
    "tuple_type": "a list",
}

# What a value of a certain form looks like, for patterns that a user would not want to read.
_FORMS = {
    r"^(auto|cpu|cuda|cuda:[0-9]+)$": "auto, cpu, cuda or cuda:N",
    r"^(cpu|gpu|cuda:?[0-9]*)$": "cpu, gpu, cuda or cuda:N",
    r"^\..*$": "an extension with its dot, such as '.bin'",
}


def problems_of(root: Any, errors: list[ErrorDetails], document: Document) -> list[tuple[Loc, str, Problem]]:
    """Each error of validating `document` as `root`, with the place it belongs to.

    A required key that is missing because it is misspelt is one problem, not two.
    """
    misspelt = [_misspelt_key(root, error) for error in errors if error["type"] == "extra_forbidden"]
    meant = {loc for loc in misspelt if loc is not None}
    found: dict[tuple[Loc, str], tuple[Loc, str, Problem]] = {}
    for error in errors:
        place = locate(root, error["loc"])
        if error["type"] == "missing" and place.loc in meant:
            continue
        issue = _issue(root, error, document)
        if issue is not None:
            problem = document.problem(issue, of_key=error["type"] == "extra_forbidden")
            found.setdefault((place.loc, issue.what), (place.loc, error["type"], problem))
    return list(found.values())


def _misspelt_key(root: Any, error: ErrorDetails) -> Loc | None:
    place = locate(root, error["loc"])
    if place.section is None or not place.loc:
        return None
    key = nearest(place.loc[-1], keys_of(place.section))
    return (*place.loc[:-1], key) if key else None


def _issue(root: Any, error: ErrorDetails, document: Document) -> Issue | None:
    place = locate(root, error["loc"])
    loc, kind, context = place.loc, error["type"], error.get("ctx", {})
    name, value = dotted(loc) or "the file", error.get("input")
    if kind == "extra_forbidden":
        keys = keys_of(place.section) if place.section else []
        around = f" in '{dotted(loc[:-1])}'" if loc[:-1] else ""
        suggestion = nearest(loc[-1], keys)
        expected = "" if suggestion else f"one of {listed(keys, 30)}"
        return Issue(loc, f"unknown key '{loc[-1]}'{around}", expected, suggestion)
    if kind == "missing":
        around = f"'{dotted(loc[:-1])}'" if loc[:-1] else "the file"
        return Issue(loc, f"{around} has no '{loc[-1]}', which is required")
    if kind == "union_tag_not_found":
        return _without_tag(loc, name, value, context)
    if kind == "union_tag_invalid":
        key = _discriminator(context)
        tags = _words(str(context["expected_tags"]))
        chosen = value.get(key) if isinstance(value, Mapping) else context.get("tag")
        return _choice((*loc, key), dotted((*loc, key)), chosen, tags)
    if kind == "literal_error":
        return _choice(loc, name, value, _words(str(context["expected"])))
    if kind == "modyn":
        return Issue(loc, f"{name}: {context['what']}", str(context["expected"]), str(context["suggestion"]))
    if kind == "string_pattern_mismatch":
        pattern = str(context["pattern"])
        expected = _FORMS.get(pattern, f"a string that matches {pattern}")
        return Issue(loc, f"{name} is {shown(value)}", expected, _device(value) if "cuda" in pattern else "")
    expected = _EXPECTED.get(kind, "").format(**context) if kind in _EXPECTED else str(error["msg"])
    if kind in ("too_short", "string_too_short") and not value:
        expected = "at least one entry" if kind == "too_short" else "a name"
        return Issue(loc, f"{name} is empty", expected)
    return Issue(loc, f"{name} is {shown(value)}", expected)


def _without_tag(loc: Loc, name: str, value: Any, context: Mapping[str, Any]) -> Issue:
    key = _discriminator(context)
    if not isinstance(value, Mapping):
        return Issue(loc, f"{name} is {shown(value)}", f"a mapping with '{key}'")
    for given in value:
        if nearest(given, [key]):
            return Issue((*loc, given), f"unknown key '{given}' in '{name}'", "", key)
    return Issue(loc, f"'{name}' has no '{key}', which says what it is")


def _choice(loc: Loc, name: str, value: Any, valid: list[str]) -> Issue:
    if value is False and "No" in valid:
        # The YAML trap: a bare No is a boolean.
        return Issue(loc, f"{name} is false, as YAML reads a bare No", listed(valid, 30), '"No"')
    return Issue(loc, f"{name} is {shown(value)}", listed(valid, 30), nearest(value, valid))


def _discriminator(context: Mapping[str, Any]) -> str:
    # A key in quotes, or the name of a function with parentheses.
    return str(context["discriminator"]).strip("'").removesuffix("()")


def _words(text: str) -> list[str]:
    """The quoted or bare words of a list that pydantic made: `'a', 'b' or 'c'`."""
    quoted = re.findall(r"'([^']*)'", text)
    return quoted or re.split(r", | or ", text)


def _device(value: Any) -> str:
    match = re.fullmatch(r"(?i)\s*(?:gpu|cuda)\s*:?\s*([0-9]*)\s*", str(value))
    return ("cuda:" + match[1] if match[1] else "cuda") if match else nearest(value, ["auto", "cpu", "cuda"])


def shown(value: Any) -> str:
    """A value as a message shows it: short, and as YAML would write it."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value).replace("\n", " ")
    return f"'{text[:57]}...'" if len(text) > 60 else f"'{text}'"
