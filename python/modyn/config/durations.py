"""Durations as users write them: a whole number and a unit, such as `30d`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from modyn.config.section import invalid

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}
"""Seconds of each unit; a year is 365 days."""


class TextValue:
    """A value that is read from a string and written as the same string."""

    text: str
    pattern: ClassVar[str]
    example: ClassVar[str]
    meaning: ClassVar[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The value that `text` stands for; raises ValueError (a pydantic error) if it stands for none."""
        raise NotImplementedError

    @classmethod
    def _validate(cls, value: Any) -> Self:
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            return cls.parse(value)
        raise invalid(f"{_shown(value)} is not {cls.meaning}", f"a string such as '{cls.example}'")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validate, serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value.text)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": cls.pattern, "examples": [cls.example]}

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Duration(TextValue):
    """A length of time, at least 0. `text` is what the user wrote, e.g. `30d`."""

    text: str

    pattern = r"^[0-9]+[smhdwy]$"
    example = "30d"
    meaning = "a duration"

    @classmethod
    def parse(cls, text: str) -> Self:
        if not re.fullmatch(cls.pattern[1:-1], text):
            raise invalid(f"'{text}' is not a duration", _GRAMMAR, _repaired(text))
        return cls(text)

    @property
    def seconds(self) -> int:
        """The length in seconds."""
        return int(self.text[:-1]) * SECONDS[self.text[-1]]


@dataclass(frozen=True)
class Offset(TextValue):
    """A signed length of time from a training interval, or everything before or after it (`-inf`, `inf`)."""

    text: str

    pattern = r"^(-?[0-9]+[smhdwy]|-?inf)$"
    example = "-30d"
    meaning = "an offset"

    @classmethod
    def parse(cls, text: str) -> Self:
        if not re.fullmatch(cls.pattern[1:-1], text):
            raise invalid(f"'{text}' is not an offset", f"'inf', '-inf' or {_GRAMMAR}, with or without '-'")
        return cls(text)

    @property
    def unbounded(self) -> Literal["past", "future"] | None:
        """Which side is meant as a whole, or None for a length."""
        return {"-inf": "past", "inf": "future"}.get(self.text)  # type: ignore[return-value]

    @property
    def seconds(self) -> int:
        """The signed length in seconds; 0 if unbounded."""
        return 0 if self.unbounded else int(self.text[:-1]) * SECONDS[self.text[-1]]


def _positive(value: Duration) -> Duration:
    if value.seconds == 0:
        raise invalid(f"'{value}' is no time at all", "a duration of at least one second")
    return value


PositiveDuration = Annotated[Duration, AfterValidator(_positive)]
"""A duration of at least one second: what a loop steps by."""

_GRAMMAR = "a whole number and a unit (s, m, h, d, w or y), such as '30d'"
_LONG_UNITS = {"sec": "s", "second": "s", "min": "m", "minute": "m", "hour": "h", "day": "d", "week": "w", "year": "y"}


def _repaired(text: str) -> str:
    match = re.fullmatch(r"\s*([0-9]+)\s*([A-Za-z]+)\s*", text)
    if not match:
        return ""
    number, word = match[1], match[2].lower()
    unit = word if word in SECONDS else _LONG_UNITS.get(word.removesuffix("s"), "")
    return number + unit if unit else ""


def _shown(value: Any) -> str:
    return f"'{value}'" if isinstance(value, int | float) else f"a {type(value).__name__}"
