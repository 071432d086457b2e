"""What the bytes of a sample are: floats, small integers, or just bytes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np
import numpy.typing as npt

from modyn.cli.guessing.guess import Guess

Bytes = npt.NDArray[np.uint8]
Kind = Literal["numbers", "integers", "categories", "bytes"]

_MOST_FIELDS = 8
_MOST_CATEGORIES = 10_000
_LARGEST_INTEGER = 1 << 31


@dataclass(frozen=True)
class GuessedField:
    """Equal numbers side by side.

    Attributes:
        kind: what they are.
        dtype: their type, named as in NumPy.
        count: how many.
        offset: where they begin, in bytes of the sample.
        sizes: for categories, a number per column that is larger than all seen in it.
    """

    kind: Kind
    dtype: str
    count: int
    offset: int
    sizes: tuple[int, ...] = ()


def guess_fields(samples: Bytes, byteorder: str) -> Guess[list[GuessedField]]:
    """Describe uint8 [samples, bytes]; always finds something, at worst bytes."""
    size, order = samples.shape[1], "<" if byteorder == "little" else ">"
    if size % 4 == 0:
        words = samples.reshape(len(samples), -1)
        fields = _words(words.view(f"{order}f4"), words.view(f"{order}i4"))
        if fields is not None:
            return Guess("sample", fields, "likely", "every 4 bytes read as plausible floats or small integers")
    if size % 8 == 0 and _plausible(samples.view(f"{order}f8").astype(np.float64)).all():
        field = GuessedField("numbers", "float64", size // 8, 0)
        return Guess("sample", [field], "likely", "every 8 bytes read as plausible floats")
    return Guess("sample", [GuessedField("bytes", "uint8", size, 0)], "unsure", "no other type fits, so single bytes")


def _words(floats: npt.NDArray[np.float32], integers: npt.NDArray[np.int32]) -> list[GuessedField] | None:
    zero = (integers == 0).all(axis=0)
    with np.errstate(invalid="ignore"):
        number = _plausible(floats.astype(np.float64)) & ~zero
    low, high = integers.min(axis=0).astype(np.int64), integers.max(axis=0).astype(np.int64)
    # A small integer read as a float is denormal, so no column can be both.
    small = (high - low < 1 << 24) & (abs(low) < 1 << 24) & (abs(high) < 1 << 24)
    if not (number | small).all():
        return None
    # What hardly ever repeats is a number or a name of its own, not a category.
    different = np.array([len(np.unique(column)) for column in integers.T])
    category = small & (low >= 0) & (high < _MOST_CATEGORIES) & (2 * different <= max(len(integers), 4))
    kinds: list[Kind | None] = [
        None if nothing else "numbers" if is_number else "categories" if is_category else "integers"
        for nothing, is_number, is_category in zip(zero, number, category, strict=True)
    ]
    _fill(kinds)
    fields: list[GuessedField] = []
    for kind, places in groupby(range(len(kinds)), key=lambda place: kinds[place]):
        columns = list(places)
        sizes = tuple(int(high[column]) + 1 for column in columns) if kind == "categories" else ()
        dtype = "float32" if kind == "numbers" else "int32"
        fields.append(GuessedField(kind or "numbers", dtype, len(columns), 4 * columns[0], sizes))
    return fields if len(fields) <= _MOST_FIELDS else None


def _fill(kinds: list[Kind | None]) -> None:
    """Columns of nothing but zeros are what the column before them is."""
    known: Kind = next((kind for kind in kinds if kind is not None), "numbers")
    for place, kind in enumerate(kinds):
        known = kind or known
        kinds[place] = known


def _plausible(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Per column, whether it has finite (or missing) numbers of a magnitude that people measure."""
    size = np.abs(values)
    with np.errstate(invalid="ignore"):
        usual = (size == 0) | ((size > 1e-12) & (size < 1e12))
    good = (usual | np.isnan(values)).mean(axis=0) > 0.999
    result: npt.NDArray[np.bool_] = good & ~np.isnan(values).all(axis=0)
    return result
