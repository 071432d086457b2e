"""Intervals around a point of time, as `PeriodicEvalStrategy` takes them: `[-1d; +1d)`.

A bound without sign or with `-` counts from the first moment of the point, one with `+` from the last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, Self

from modyn.config.durations import SECONDS, TextValue
from modyn.config.section import invalid


@dataclass(frozen=True)
class Bound:
    """One side of an interval.

    Attributes:
        anchor: what `offset` counts from: the `first` or the `last` second of the point, or nothing (`infinite`).
        offset: signed seconds from the anchor.
        inclusive: whether the second itself belongs to the interval.
    """

    anchor: Literal["first", "last", "infinite"]
    offset: int
    inclusive: bool


@dataclass(frozen=True)
class RelativeInterval(TextValue):
    """An interval relative to a point of time. `text` is what the user wrote."""

    text: str
    left: Bound = field(compare=False)
    right: Bound = field(compare=False)

    pattern = (
        r"^\s*[\[(]\s*([+-]?\s*([0-9]+\s*[smhdwy]|0)|-?\s*inf)\s*[,;]"
        r"\s*([+-]?\s*([0-9]+\s*[smhdwy]|0)|[+]?\s*inf)\s*[\])]\s*$"
    )
    example = "[-1d; +1d]"
    meaning = "an interval"

    @classmethod
    def parse(cls, text: str) -> Self:
        compact = re.sub(r"\s", "", text).replace(",", ";")
        match = re.fullmatch(rf"([\[(]){_BOUND};{_BOUND}([\])])", compact)
        if not match:
            raise invalid(f"'{text}' is not an interval", _GRAMMAR)
        opening, left_text, right_text, closing = match.groups()
        left_rank, left = _bound(left_text, "left", inclusive=opening == "[")
        right_rank, right = _bound(right_text, "right", inclusive=closing == "]")
        if left_rank > right_rank or _is_empty(left, right):
            raise invalid(f"'{text}' ends before it begins", "the earlier bound first")
        return cls(text, left, right)

    def half_open(self, first: int, last: int) -> tuple[int, int | None]:
        """`[start, end)` in Unix seconds around a point that lasts from `first` to `last`, both inclusive.

        The start is at least 0 and the end at least the start; an end of None is open.
        """
        at = {"first": first, "last": last, "infinite": 0}
        start = max(0, at[self.left.anchor] + self.left.offset + (not self.left.inclusive))
        if self.right.anchor == "infinite":
            return start, None
        end = at[self.right.anchor] + self.right.offset + self.right.inclusive
        return start, max(start, end)


_BOUND = r"([+-]?(?:[0-9]+[smhdwy]|0|inf))"
_GRAMMAR = "two bounds in brackets, such as '[-1d; +1d)': a sign, a number and a unit (s, m, h, d, w or y), or inf"


def _bound(text: str, side: Literal["left", "right"], inclusive: bool) -> tuple[int, Bound]:
    """A bound and its rank: -inf < -n < -0 < 0 < +0 < +n < +inf, which holds whatever the point is."""
    sign = text[0] if text[0] in "+-" else ""
    body = text.removeprefix(sign)
    if body == "inf":
        if (side, sign) in (("left", "+"), ("right", "-")):
            raise invalid(f"'{text}' cannot be the {side} bound", "-inf on the left, +inf on the right")
        return (-3 if side == "left" else 3), Bound("infinite", 0, True)
    seconds = 0 if body == "0" else int(body[:-1]) * SECONDS[body[-1]]
    if seconds:
        # A length without a sign lies ahead, as one with `+`.
        return (-2, Bound("first", -seconds, inclusive)) if sign == "-" else (2, Bound("last", seconds, inclusive))
    rank = {"-": -1, "": 0, "+": 1}[sign]
    anchor: Literal["first", "last"] = "last" if sign == "+" or (side == "right" and not sign) else "first"
    return rank, Bound(anchor, 0, inclusive)


def _is_empty(left: Bound, right: Bound) -> bool:
    if "infinite" in (left.anchor, right.anchor) or left.anchor != right.anchor:
        return False
    return left.offset + (not left.inclusive) > right.offset - (not right.inclusive)
