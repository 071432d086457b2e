"""The ledger: windows over triggers are the ranges that the triggers brought, merged."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.native.record_files import RecordFiles, RecordFormat

from modyn import _native
from modyn.selector.ledger import Ledger


def ledger(*ranges: tuple[int, int]) -> Ledger:
    made = Ledger()
    for start, end in ranges:
        made.append(start, end)
    return made


def test_neighbours_are_one_range():
    made = ledger((0, 3), (3, 5), (5, 9))
    assert made.window(2, None) == [range(0, 9)]
    assert made.window(2, 1) == [range(3, 9)]
    assert made.window(2, 0) == [range(5, 9)]
    assert made.window(1, None) == [range(0, 5)]


def test_a_tail_longer_than_the_history_is_all_of_it():
    assert ledger((4, 6), (6, 7)).window(1, 10) == [range(4, 7)]


def test_empty_triggers_count_and_bring_nothing():
    made = ledger((0, 3), (3, 3), (3, 3), (3, 5))
    assert made.window(3, 2) == [range(3, 5)]
    assert made.window(3, 3) == [range(0, 5)]
    assert made.window(2, 1) == []


def test_gaps_separate_ranges():
    made = ledger((0, 3), (5, 8), (8, 9), (20, 21))
    assert made.window(3, None) == [range(0, 3), range(5, 9), range(20, 21)]


@pytest.mark.parametrize("wrong", [(2, 4), (5, 4), (-1, 9)])
def test_ranges_must_follow_one_another(wrong):
    made = ledger((0, 3))
    with pytest.raises(ValueError, match=r"trigger 1: .* do not follow position 3"):
        made.append(*wrong)


@given(
    st.lists(st.tuples(st.sampled_from([0, 0, 0, 2]), st.integers(0, 4)), min_size=1, max_size=12),
    st.none() | st.integers(0, 13),
    st.data(),
)
def test_a_window_holds_the_positions_of_its_triggers_in_ascending_unmergeable_ranges(steps, tail, data):
    made, position, brought = Ledger(), 0, []
    for gap, length in steps:
        start, position = position + gap, position + gap + length
        made.append(start, position)
        brought.append(range(start, position))
    trigger = data.draw(st.integers(0, len(steps) - 1))
    first = 0 if tail is None else max(0, trigger - tail)

    window = made.window(trigger, tail)

    assert [p for one in window for p in one] == [p for one in brought[first : trigger + 1] for p in one]
    assert all(len(one) > 0 for one in window)
    assert all(before.stop < after.start for before, after in pairwise(window))


def test_samples_of_triggers_can_be_queried(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path, RecordFormat(record_size=4, label_size=1), [50, 50])
    view = _native.View.build(files.open(), "time")
    made = ledger((0, 30), (30, 30), (30, 80))
    assert made.samples(view, 0, 1).keys(0, 30).tolist() == list(range(30))
    assert len(made.samples(view, 1, 2)) == 0
    assert len(made.samples(view, 3, 9)) == 0
    window = made.samples(view, 0, 3)
    labels = files.labels(np.arange(80))
    some = window.where(labels=labels[:5])
    assert some.keys(0, len(some)).tolist() == np.flatnonzero(np.isin(labels, labels[:5])).tolist()
