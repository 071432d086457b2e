"""What the trainings so far saw of each sample: one row per key, folded from the records of single epochs.

A table holds what a stretch of training in its order saw; `followed_by` joins two stretches, the earlier one first.
Joining is associative (sums up to rounding), so it does not matter in which pieces a history grew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.int64]
Column = npt.NDArray[Any]

RECORDED: dict[str, str] = {
    "loss": "<f4",
    "margin": "<f4",
    "entropy": "<f4",
    "probability": "<f4",
    "gradient_norm": "<f4",
    "correct": "|u1",
}
"""What a training records of a sample in one epoch.

Loss of the criterion; logit of the label less the largest other one; entropy of the prediction in nats; predicted
probability of the label; norm of the loss's gradient with respect to the logits (EL2N); 1 if the label was predicted,
0 if not, `UNCOUNTED` if the record does not count.
"""

UNCOUNTED = 2

_LAST = ("trigger", "epoch", *RECORDED)
_SUMS = ("loss_sum", "margin_sum", "probability_sum", "probability_square_sum")

COLUMNS: dict[str, str] = {
    "seen": "<u4",
    "trigger": "<u4",
    "epoch": "<u4",
    **RECORDED,
    **dict.fromkeys(_SUMS, "<f8"),
    "forgotten": "<u4",
    "first_learned": "<u4",
    "first_correct": "|u1",
}
"""Columns of a table beside the keys.

`seen` counts the records of a sample; `trigger`, `epoch` and what is recorded are those of its last; sums are over all
of them; `forgotten` counts how often it was predicted wrongly right after it had been predicted rightly (forgetting
events, Toneva et al., ICLR 2019); `first_learned` is the number, from 1, of its first record that was right, 0 if none
was; `first_correct` tells whether its very first was.
"""


@dataclass(frozen=True, eq=False)
class HistoryTable:
    """One row per sample.

    Args:
        keys: int64 [n], ascending, each once.
        columns: those of `COLUMNS`, [n] each.
    """

    keys: Keys
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.keys)

    @staticmethod
    def empty() -> HistoryTable:
        """Of no training."""
        return HistoryTable(np.empty(0, np.int64), {name: np.empty(0, kind) for name, kind in COLUMNS.items()})

    @staticmethod
    def of_records(keys: Keys, trigger: int, epoch: int, records: Mapping[str, Column]) -> HistoryTable:
        """The table of one epoch, or of a part of it.

        Args:
            keys: int64 [m] of the samples in the order of training; a key may occur several times.
            trigger: number of the trigger.
            epoch: number of the epoch within the training, from 0.
            records: those of `RECORDED`, [m] each.
        """
        counted = records["correct"] != UNCOUNTED
        if not counted.all():
            keys, records = keys[counted], {name: column[counted] for name, column in records.items()}
        if len(keys) == 0:
            return HistoryTable.empty()
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        new = np.concatenate(([True], keys[1:] != keys[:-1]))
        starts = np.flatnonzero(new)
        seen = np.diff(starts, append=len(keys))
        last = order[starts + seen - 1]
        columns: dict[str, Column] = {name: records[name][last] for name in RECORDED}
        columns |= {
            "seen": seen,
            "trigger": np.full(len(starts), trigger),
            "epoch": np.full(len(starts), epoch),
            "loss_sum": _group_sums(records["loss"][order], starts),
            "margin_sum": _group_sums(records["margin"][order], starts),
            "probability_sum": _group_sums(records["probability"][order], starts),
            "probability_square_sum": _group_sums(records["probability"][order].astype(np.float64) ** 2, starts),
        }
        correct = records["correct"][order] == 1
        lost = np.concatenate(([False], correct[:-1] & ~correct[1:])) & ~new
        # Where a sample was never right, the place is behind all records.
        place = np.where(correct, np.arange(len(keys)), len(keys))
        first = np.minimum.reduceat(place, starts)
        columns |= {
            "forgotten": np.add.reduceat(lost, starts, dtype=np.uint32),
            "first_learned": np.where(first < len(keys), first - starts + 1, 0),
            "first_correct": correct[starts],
        }
        return HistoryTable(keys[starts], {name: columns[name].astype(kind) for name, kind in COLUMNS.items()})

    def followed_by(self, later: HistoryTable) -> HistoryTable:
        """The table of both stretches of training, this one having been the earlier."""
        if len(self) == 0 or len(later) == 0:
            return self if len(self) else later
        keys = np.concatenate([self.keys, later.keys])
        keys.sort(kind="stable")  # which merges what is sorted, in one pass; np.union1d would hash
        keys = keys[np.concatenate(([True], keys[1:] != keys[:-1]))]
        ours, theirs = np.searchsorted(keys, self.keys), np.searchsorted(keys, later.keys)
        known = np.zeros(len(keys), bool)
        known[ours] = True
        known = known[theirs]  # of the later rows: whether there is an earlier one
        columns = {}
        for name, kind in COLUMNS.items():
            columns[name] = np.zeros(len(keys), kind)
            columns[name][ours] = self.columns[name]
        before = {name: columns[name][theirs] for name in ("seen", "correct", "first_learned", "first_correct")}
        for name in _LAST:
            columns[name][theirs] = later.columns[name]
        for name in ("seen", "forgotten", *_SUMS):
            columns[name][theirs] += later.columns[name]
        columns["forgotten"][theirs] += known & (before["correct"] == 1) & (later.columns["first_correct"] == 0)
        learned = later.columns["first_learned"]
        learned_now = np.where(learned > 0, before["seen"] + learned, 0)
        columns["first_learned"][theirs] = np.where(before["first_learned"] > 0, before["first_learned"], learned_now)
        columns["first_correct"][theirs] = np.where(known, before["first_correct"], later.columns["first_correct"])
        return HistoryTable(keys, columns)

    @staticmethod
    def joined(tables: Iterable[HistoryTable]) -> HistoryTable:
        """The tables of consecutive stretches as one."""
        waiting: list[HistoryTable] = []
        for table in tables:
            waiting.append(table)
            # Equal sizes are joined first, so that a row is copied as often as the logarithm of their number.
            while len(waiting) > 1 and len(waiting[-2]) < 2 * len(waiting[-1]):
                waiting[-2:] = [waiting[-2].followed_by(waiting[-1])]
        whole = HistoryTable.empty()
        for table in reversed(waiting):
            whole = table.followed_by(whole)
        return whole


def _group_sums(values: Column, starts: Column) -> Column:
    sums: Column = np.add.reduceat(values, starts, dtype=np.float64)
    return sums
