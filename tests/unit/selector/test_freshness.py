"""FreshnessSamplingStrategy: the ratio's arithmetic, and that used samples are those of earlier training sets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.selector.histories import Positions, history, labelled_view, ledger_of, request, restarted

from modyn.config.selection import FreshnessSamplingStrategy
from modyn.selector.api import SelectionStrategy
from modyn.selector.strategies import build_strategy
from modyn.selector.strategies.freshness import freshness_shares
from modyn.storage.api import View

SAMPLES = 400
NO_LIMIT = 10**9


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    return labelled_view(tmp_path_factory.mktemp("labelled"), np.zeros(SAMPLES, dtype=np.int64))


def strategy(percent: int, **fields: object) -> SelectionStrategy:
    section = {"name": "FreshnessSamplingStrategy", "unused_data_ratio": percent, **fields}
    return build_strategy(FreshnessSamplingStrategy.model_validate(section))


@pytest.mark.parametrize(
    ("percent", "unused", "used", "limit", "shares"),
    [
        (50, 100, 100, NO_LIMIT, (100, 100)),
        (50, 100, 200, NO_LIMIT, (100, 100)),
        (50, 10, 200, NO_LIMIT, (10, 10)),
        (50, 200, 10, NO_LIMIT, (10, 10)),
        (90, 100, 100, NO_LIMIT, (100, 11)),
        (10, 100, 100, NO_LIMIT, (11, 100)),
        (50, 100, 100, 100, (50, 50)),
        (50, 100, 100, 50, (25, 25)),
        (90, 100, 100, 100, (90, 10)),
    ],
)
def test_the_ratio(percent, unused, used, limit, shares):
    assert freshness_shares(unused, used, percent, limit) == shares


@pytest.mark.parametrize(
    ("unused", "used", "limit", "shares"),
    [
        (70, 0, NO_LIMIT, (70, 0)),  # the first trigger takes all
        (70, 0, 30, (30, 0)),
        (0, 70, NO_LIMIT, (0, 0)),  # nothing is fresh
        (0, 0, NO_LIMIT, (0, 0)),
    ],
)
def test_a_side_without_samples(unused, used, limit, shares):
    assert freshness_shares(unused, used, 50, limit) == shares


@given(st.integers(1, 500), st.integers(1, 500), st.integers(1, 99), st.integers(1, 1200))
def test_any_shares_are_there_and_keep_the_ratio(unused, used, percent, limit):
    fresh, again = freshness_shares(unused, used, percent, limit)
    assert 1 <= fresh <= unused
    assert 0 <= again <= used
    total = fresh + again
    assert total <= limit
    # The share of unused samples is rounded by less than one sample.
    assert abs(fresh * 100 - total * percent) < 100 or fresh == 1
    # One more of each kind in proportion would not be there, or be over the limit.
    assert total == limit or (total + 1) * percent > unused * 100 or (total + 1) * (100 - percent) > used * 100


def test_a_small_share_of_few_samples_grows():
    fresh, again = 0, 1
    for _ in range(10):
        fresh, _ = freshness_shares(1000, again, 1, NO_LIMIT)
        again += fresh
    assert again == 11


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=12),
    st.integers(1, 99),
    st.none() | st.integers(1, 4),
    st.sampled_from([-1, 1, 10, 40]),
    st.integers(0, 50),
)
def test_any_history_is_that_of_marks(view, sizes, percent, tail, limit, seed):
    fields = {"tail_triggers": tail, "limit": limit}
    made, positions = strategy(percent, **fields), Positions(view)
    marked = set[int]()
    for number in range(len(sizes)):
        ledger = ledger_of(sizes[: number + 1])
        made = restarted(made, strategy(percent, **fields))
        repeated = restarted(made, strategy(percent, **fields))
        chosen = positions.of(made.select(request(view, ledger, seed)))
        assert chosen == positions.of(repeated.select(request(view, ledger, seed)))
        first = 0 if tail is None else sum(sizes[: max(0, number - tail)])
        window = set(range(first, sum(sizes[: number + 1])))
        assert chosen == sorted(set(chosen))
        assert set(chosen) <= window
        unused, used = len(window - marked), len(window & marked)
        shares = freshness_shares(unused, used, percent, limit if limit > 0 else NO_LIMIT)
        assert (len(set(chosen) - marked), len(set(chosen) & marked)) == shares
        marked |= set(chosen)


def test_the_first_trigger_after_a_restart_is_not_the_first(view):
    (_, everything), (_, mixed) = history(strategy(50), view, [100, 40])
    made = strategy(50)
    ((_, again),) = history(made, view, [100])
    resumed = restarted(made, strategy(50))
    after = Positions(view).of(resumed.select(request(view, ledger_of([100, 40]))))
    assert everything == again == list(range(100))
    assert after == mixed
    assert len(mixed) == 80


def test_both_sides_are_drawn_evenly(view):
    """30 samples are used, 60 are not; 20 of each are wanted."""
    counts = np.zeros(90)
    for seed in range(2000):
        made = strategy(50, limit=40)
        (_, first), (_, chosen) = history(made, view, [30, 60], seed)
        assert len(first) == 30
        counts[chosen] += 1
    # Binomial with mean 2000 * 2/3 and 2000/3, and a standard deviation of 21.
    assert abs(counts[:30] - 2000 * 2 / 3).max() < 5 * 21
    assert abs(counts[30:] - 2000 / 3).max() < 5 * 21


def test_unused_samples_of_all_triggers_are_equally_likely(view):
    """12 of 40 unused samples are used beside 12 used ones; 20 come: of the 48 that are left, 24 follow."""
    counts, left_counts = np.zeros(72), np.zeros(72)
    for seed in range(2000):
        made = strategy(50)
        (_, first), (_, second), (_, third) = history(made, view, [12, 40, 20], seed)
        used = {*first, *second}
        assert len(used) == 24
        left_counts[[position for position in range(72) if position not in used]] += 1
        counts[[position for position in third if position not in used]] += 1
    expected = left_counts / 2
    assert abs(counts - expected)[12:].max() < 5 * (expected.max() / 2) ** 0.5
