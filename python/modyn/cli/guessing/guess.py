"""A guess, how sure it is, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

Value = TypeVar("Value")
Sure = Literal["given", "certain", "likely", "unsure"]


@dataclass(frozen=True)
class Guess(Generic[Value]):
    """Something that was found out, or given by the user.

    Attributes:
        what: the thing, for people.
        value: what it is.
        sure: how sure this is.
        why: the evidence, for people.
    """

    what: str
    value: Value
    sure: Sure
    why: str
