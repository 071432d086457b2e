"""Tables of a training history are what a dict of lists would tell."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from modyn.metadata.history_table import COLUMNS, RECORDED, UNCOUNTED, HistoryTable


@dataclass
class Stretch:
    """Some records of one epoch, in the order of training."""

    trigger: int
    epoch: int
    keys: list[int]
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def table(self) -> HistoryTable:
        records = {
            name: np.array([row[place] for row in self.rows], kind)
            for place, (name, kind) in enumerate(RECORDED.items())
        }
        return HistoryTable.of_records(np.array(self.keys, np.int64), self.trigger, self.epoch, records)


numbers = st.floats(-100, 100, width=32)
records = st.tuples(
    numbers, numbers, numbers, st.floats(0, 1, width=32), numbers, st.sampled_from([0, 1, 1, UNCOUNTED])
)


@st.composite
def stretches(draw: st.DrawFn) -> list[Stretch]:
    found = []
    for number in range(draw(st.integers(0, 6))):
        keys = draw(st.lists(st.integers(-3, 12), max_size=12))
        rows = draw(st.lists(records, min_size=len(keys), max_size=len(keys)))
        found.append(Stretch(number // 3, number % 3, keys, rows))
    return found


def by_hand(found: list[Stretch]) -> dict[int, dict[str, float]]:
    seen: dict[int, list[tuple[int, int, tuple[Any, ...]]]] = {}
    for stretch in found:
        for key, row in zip(stretch.keys, stretch.rows, strict=True):
            if row[-1] != UNCOUNTED:
                seen.setdefault(key, []).append((stretch.trigger, stretch.epoch, row))
    expected = {}
    for key, of_key in seen.items():
        trigger, epoch, last = of_key[-1]
        right = [row[-1] == 1 for _, _, row in of_key]
        expected[key] = {
            "seen": len(of_key),
            "trigger": trigger,
            "epoch": epoch,
            **dict(zip(RECORDED, last, strict=True)),
            "loss_sum": sum(row[0] for _, _, row in of_key),
            "margin_sum": sum(row[1] for _, _, row in of_key),
            "probability_sum": sum(row[3] for _, _, row in of_key),
            "probability_square_sum": sum(row[3] ** 2 for _, _, row in of_key),
            "forgotten": sum(before and not after for before, after in itertools.pairwise(right)),
            "first_learned": right.index(True) + 1 if True in right else 0,
            "first_correct": right[0],
        }
    return expected


@settings(max_examples=300, deadline=None)
@given(stretches())
def test_a_joined_history_is_what_a_dict_of_lists_tells(found: list[Stretch]) -> None:
    table = HistoryTable.joined(stretch.table() for stretch in found)
    expected = by_hand(found)
    assert table.keys.tolist() == sorted(expected)
    for name, kind in COLUMNS.items():
        assert table.columns[name].dtype == np.dtype(kind)
        np.testing.assert_allclose(
            table.columns[name], [expected[key][name] for key in sorted(expected)], rtol=1e-9, atol=1e-9, err_msg=name
        )


@settings(max_examples=100, deadline=None)
@given(stretches(), st.data())
def test_it_does_not_matter_how_a_history_was_put_together(found: list[Stretch], choices: st.DataObject) -> None:
    tables = [stretch.table() for stretch in found]
    whole = HistoryTable.joined(tables)
    cut = choices.draw(st.integers(0, len(tables)))
    parts = HistoryTable.joined(tables[:cut]).followed_by(HistoryTable.joined(tables[cut:]))
    np.testing.assert_array_equal(parts.keys, whole.keys)
    for name in COLUMNS:
        np.testing.assert_allclose(parts.columns[name], whole.columns[name], rtol=1e-9, atol=1e-9)


def test_values_that_are_not_finite_stay() -> None:
    rows: list[tuple[Any, ...]] = [(np.nan, np.inf, 0.0, 0.5, 1.0, 0), (1.0, 1.0, 0.0, 0.5, 1.0, 1)]
    table = Stretch(0, 0, [4, 4], rows).table()
    assert table.columns["loss"].tolist() == [1.0]
    assert np.isnan(table.columns["loss_sum"][0])
    assert np.isinf(table.columns["margin_sum"][0])
