"""RandomNoReplacement: each sample once in each cycle, remembered in a few numbers, compared with marks on samples."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.selector.histories import Positions, history, labelled_view, ledger_of, request, restarted

from modyn import _native
from modyn.config.selection import CoresetStrategy
from modyn.selector.api import SelectionStrategy
from modyn.selector.drawing import shares_of_draw
from modyn.selector.strategies import build_strategy
from modyn.storage.api import View

SAMPLES = 400


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    return labelled_view(tmp_path_factory.mktemp("labelled"), np.zeros(SAMPLES, dtype=np.int64))


def strategy(ratio: int, **fields: object) -> SelectionStrategy:
    presampling = {"strategy": "RandomNoReplacement", "ratio": ratio}
    return build_strategy(
        CoresetStrategy.model_validate({"name": "CoresetStrategy", "presampling_config": presampling, **fields})
    )


def test_four_quarters_cover_everything_once(view):
    drawn = [chosen for _, chosen in history(strategy(25), view, [200, 0, 0, 0])]
    assert [len(chosen) for chosen in drawn] == [50] * 4
    assert sorted(position for chosen in drawn for position in chosen) == list(range(200))


def test_what_is_left_and_new_comes_first_and_the_next_cycle_tops_up(view):
    made = strategy(25, limit=50)
    *quarters, last = [chosen for _, chosen in history(made, view, [200, 0, 0, 0, 20])]
    assert sorted(position for chosen in quarters for position in chosen) == list(range(200))
    assert len(last) == 50
    assert [position for position in last if position >= 200] == list(range(200, 220))
    assert made.state_dict()["cycle"] == 1


def test_a_choice_of_nothing_changes_nothing(view):
    made = strategy(0)
    list(history(made, view, [50, 0]))
    assert made.state_dict() == strategy(0).state_dict()


def test_a_choice_of_everything_begins_a_cycle_every_time(view):
    made = strategy(100)
    for _, chosen in history(made, view, [30, 0, 10, 0]):
        assert chosen == list(range(len(chosen)))
    assert len(chosen) == 40


class Marks:
    """The same with a mark on each sample: which are drawn in the cycle."""

    def __init__(self, view: View, seed: int) -> None:
        self._keys = view.keys(0, len(view))
        self._seed = seed
        self.cycle = 0
        self.drawn = set[int]()

    def check(self, window: range, chosen: list[int]) -> None:
        """`chosen` follows the rules; mark it."""
        assert len(set(chosen)) == len(chosen)
        assert set(chosen) <= set(window)
        left = set(window) - self.drawn
        if len(chosen) <= len(left):
            assert set(chosen) <= left
            self.drawn |= set(chosen)
            return
        assert left <= set(chosen)
        self.cycle += 1
        # The others are the first of the new order that are not taken yet; all before the last of them count as drawn.
        more = len(chosen) - len(left)
        order = self._order(window)
        others = [position for position in order if position not in left][:more]
        assert set(chosen) == left | set(others)
        whole = len(chosen) == len(window)  # then nobody of the new cycle is left either
        self.drawn = set(window) if whole else set(order[: order.index(others[-1]) + 1])

    def _order(self, window: range) -> list[int]:
        priorities = _native.Priorities(self._seed, 0, _native.PURPOSE_PRESAMPLING, self.cycle)
        of_window = priorities.apply(self._keys[window.start : window.stop])
        return [window.start + int(place) for place in np.argsort(of_window)]


HISTORIES = st.lists(st.integers(0, 30), min_size=1, max_size=12)


@settings(max_examples=60)
@given(HISTORIES, st.integers(1, 100), st.none() | st.integers(0, 4), st.sampled_from([-1, 5, 20]), st.integers(0, 50))
def test_any_history_is_that_of_marks(view, sizes, ratio, tail, limit, seed):
    made = strategy(ratio, tail_triggers=tail, limit=limit)
    positions, marks = Positions(view), Marks(view, seed)
    for number in range(len(sizes)):
        ledger = ledger_of(sizes[: number + 1])
        # It does not matter whether the process is another one each time, nor whether the last trigger is repeated.
        made = restarted(made, strategy(ratio, tail_triggers=tail, limit=limit))
        repeated = restarted(made, strategy(ratio, tail_triggers=tail, limit=limit))
        chosen = positions.of(made.select(request(view, ledger, seed)))
        assert chosen == positions.of(repeated.select(request(view, ledger, seed)))
        first = 0 if tail is None else sum(sizes[: max(0, number - tail)])
        window = range(first, sum(sizes[: number + 1]))
        target = len(window) * ratio // 100
        assert len(chosen) == (min(target, limit) if limit > 0 else target)
        if chosen:
            marks.check(window, chosen)
        assert made.state_dict()["cycle"] == marks.cycle


def test_the_state_is_small(view):
    made = strategy(5)
    list(history(made, view, [4] * 100))
    assert len(json.dumps(made.state_dict())) < 100 * 30


def test_undrawn_samples_of_all_triggers_are_equally_likely(view):
    """20 of 40 samples are drawn, 30 come, and of the 50 that are left, 20 are drawn."""
    counts, left_counts = np.zeros(70), np.zeros(70)
    for seed in range(3000):
        (_, first), (_, second) = history(strategy(100, limit=20), view, [40, 30], seed)
        left = np.setdiff1d(np.arange(70), first)
        left_counts[left] += 1
        counts[second] += 1
    # An undrawn sample is drawn with probability 20/50, whether it is old or new.
    expected = left_counts * 20 / 50
    assert abs(counts - expected).max() < 5 * (expected * 0.6).max() ** 0.5
    assert counts[:40].sum() == pytest.approx(3000 * 20 * 20 / 50, rel=0.02)


def test_shares_of_a_draw_follow_the_hypergeometric_distribution():
    sizes = np.array([5, 0, 15, 20], dtype=np.uint64)
    shares = np.array([shares_of_draw(sizes, 10, seed, 0) for seed in range(4000)], dtype=float)
    assert (shares.sum(axis=1) == 10).all()
    assert (shares <= sizes).all()
    mean, total = 10 * sizes.astype(float) / 40, 40
    variance = mean * (1 - sizes / total) * (total - 10) / (total - 1)
    assert abs(shares.mean(axis=0) - mean).max() < 5 * (variance.max() / 4000) ** 0.5
    assert shares.var(axis=0) == pytest.approx(variance, rel=0.1)


def test_a_draw_of_all_or_of_one_group_needs_no_chance():
    sizes = np.array([5, 0, 15], dtype=np.uint64)
    assert shares_of_draw(sizes, 20, 1, 2).tolist() == [5, 0, 15]
    assert shares_of_draw(sizes, 0, 1, 2).tolist() == [0, 0, 0]
    assert shares_of_draw(np.array([0, 7, 0], dtype=np.uint64), 3, 1, 2).tolist() == [0, 3, 0]
