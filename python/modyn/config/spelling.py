"""The nearest valid spelling of a misspelt word."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: object, valid: Iterable[str]) -> str:
    """The valid word that `word` was most likely meant to be, or an empty string.

    Case and the signs `_`, `-` and blank are not held against a word: 'crossentropyloss' means 'CrossEntropyLoss'.
    """
    plain = {_plain(candidate): candidate for candidate in valid}
    matches = difflib.get_close_matches(_plain(str(word)), plain, n=1, cutoff=0.6)
    return plain[matches[0]] if matches else ""


def listed(words: Iterable[str], most: int = 12) -> str:
    """`'a', 'b' or 'c'`; a long list is cut."""
    quoted = [f"'{word}'" for word in words]
    if len(quoted) > most:
        return ", ".join(quoted[:most]) + f" or {len(quoted) - most} more"
    if len(quoted) < 2:
        return "".join(quoted)
    return ", ".join(quoted[:-1]) + f" or {quoted[-1]}"


def _plain(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "").replace(" ", "")
