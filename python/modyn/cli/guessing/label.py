"""Where the label lies in a record: a small number that starts near zero and leaves nothing out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Order = Literal["little", "big"]

_MOST_CLASSES = 1000
_SIZES = (4, 8, 2, 1)


@dataclass(frozen=True)
class Label:
    """The place of the label, in bytes, and how to read it."""

    offset: int
    size: int
    byteorder: Order = "little"
    signed: bool = False

    def values(self, records: Bytes) -> npt.NDArray[np.int64]:
        """int64 [records]: the labels of uint8 [records, record size]."""
        part = records[:, self.offset : self.offset + self.size]
        part = part if self.byteorder == "big" else part[:, ::-1]
        wide = np.zeros((len(records), 8), np.uint8)
        if self.signed:
            wide[:] = np.where(part[:, :1] >= 128, 255, 0)
        wide[:, 8 - self.size :] = part
        return wide.view(">i8").reshape(-1).astype(np.int64)


def guess_label(records: Bytes) -> Label | None:
    """The first of the usual places that holds class labels; None if none does.

    Of the lengths that fit, one that leaves the rest in whole words of 4 bytes is preferred: an integer followed by
    zero bytes looks like a longer one.
    """
    size = records.shape[1]
    sizes = sorted((length for length in _SIZES if length < size), key=lambda length: (size - length) % 4 != 0)
    for at_end in (False, True):
        for length in sizes:
            for order in _orders(length):
                label = Label(size - length if at_end else 0, length, order)
                if _are_classes(label.values(records)):
                    return label
    return None


def _orders(length: int) -> tuple[Order, ...]:
    return ("little", "big") if length > 1 else ("little",)


def _are_classes(values: npt.NDArray[np.int64]) -> bool:
    """Few different numbers from 0 or 1 on, nearly all of which occur."""
    low, high = int(values.min()), int(values.max())
    if low not in (0, 1) or high - low >= 4 * _MOST_CLASSES:
        return False
    different = len(np.unique(values))
    return 2 <= different <= min(_MOST_CLASSES, len(values) // 4) and high - low + 1 <= 2 * different + 8
