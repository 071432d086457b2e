"""What every part of a configuration is: a frozen pydantic model whose rules can be run apart from its types.

Types and bounds of a field are checked by pydantic. A rule that needs several fields, or that parses code, is a
*rule*, which reports *issues* with the place they belong to. Kept apart, the rules can also run on a file that has
type errors elsewhere, so that a user sees all mistakes at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

Loc = tuple[str | int, ...]
Rule = TypeVar("Rule", bound=Callable[..., "Iterator[Issue]"])

# Passed as pydantic's validation context when the caller runs the checks itself, to get every issue with its place.
DEFER_CHECKS: Final = {"modyn": "defer checks"}


@dataclass(frozen=True)
class Issue:
    """A rule that is broken.

    Attributes:
        loc: the path of keys and list positions that leads to the value, from the section that reports.
        what: what is wrong, as `errors.Problem.what`.
        expected: what would be right; empty if `what` says it all.
        suggestion: the nearest valid spelling; empty if there is none.
        text_line: 1-based line inside a multi-line string value, 0 for the value as a whole.
        text_column: 1-based column in that line.
    """

    loc: Loc
    what: str
    expected: str = ""
    suggestion: str = ""
    text_line: int = 0
    text_column: int = 0

    def below(self, prefix: Loc) -> Issue:
        """The same issue as seen from further up."""
        return replace(self, loc=prefix + self.loc)

    def __str__(self) -> str:
        text = f"{dotted(self.loc)}: {self.what}" if self.loc else self.what
        if self.expected:
            text += f", expected {self.expected}"
        if self.suggestion:
            text += f", did you mean '{self.suggestion}'?"
        return text


def rule(method: Rule) -> Rule:
    """Mark a method of a section as one of its rules. Each runs alone, so what is invalid stops only what needs it."""
    method.__is_rule__ = True  # type: ignore[attr-defined]
    return method


@cache
def _rule_names(section: type[Section]) -> list[str]:
    marked = [name for part in section.__mro__ for name, value in vars(part).items() if hasattr(value, "__is_rule__")]
    return list(dict.fromkeys(marked))


class Section(BaseModel):
    """A mapping in a configuration file: attribute names are its keys, unknown keys are errors."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, protected_namespaces=(), ser_json_inf_nan="constants", val_json_bytes="utf8"
    )

    def rules(self) -> list[Callable[[], Iterator[Issue]]]:
        """The rules of this section alone; those of the sections inside are theirs."""
        return [getattr(self, name) for name in _rule_names(type(self))]

    @model_validator(mode="after")
    def _keep_rules(self, info: ValidationInfo) -> Self:
        if info.context is DEFER_CHECKS:
            return self
        issues = [issue for rule in self.rules() for issue in rule()]
        if issues:
            raise invalid("; ".join(str(issue) for issue in issues))
        return self


def walk(value: Any, loc: Loc = ()) -> Iterator[tuple[Loc, Section]]:
    """Every section in `value` with its place, outer ones first."""
    if isinstance(value, Section):
        yield loc, value
        for name in type(value).model_fields:
            if name in value.__dict__:
                yield from walk(value.__dict__[name], (*loc, name))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from walk(item, (*loc, position))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, (*loc, key))


def dotted(loc: Loc) -> str:
    """A place as users write it: `evaluation.handlers[0].name`."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def invalid(what: str, expected: str = "", suggestion: str = "") -> PydanticCustomError:
    """An error for a validator to raise; the words reach the user as they are."""
    parts = {"what": what, "expected": expected, "suggestion": suggestion}
    return PydanticCustomError("modyn", "{text}", parts | {"text": str(Issue((), what, expected, suggestion))})


def inherited(source: str, nominal: Any, description: str, **constraints: Any) -> Any:
    """A field that takes its value from elsewhere in the pipeline if the file does not give it.

    Its type stays the plain one, since a complete pipeline always has it filled in; `nominal` is what a section
    validated on its own gets.
    """

    def adjust(schema: dict[str, Any]) -> None:
        schema.pop("default", None)
        schema["x-inherited"] = source

    return Field(default=nominal, description=description, json_schema_extra=adjust, **constraints)


def _as_json(value: Any) -> Any:
    # Options travel as JSON, so they become JSON at once: what a process is told later is what was read here.
    if isinstance(value, dict):
        return {_json_key(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise invalid(f"{value!r} cannot be an option", "numbers, strings, booleans, lists and mappings")


def _json_key(key: Any) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, bool) or key is None:
        return {True: "true", False: "false", None: "null"}[key]
    return str(key)


def _options(value: Any) -> Any:
    return _as_json(value) if isinstance(value, dict) else value


Options = Annotated[dict[str, Any], BeforeValidator(_options)]
"""Free keyword arguments for something that is named beside them."""
