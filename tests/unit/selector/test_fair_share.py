"""Fair shares: what the reference system gives for groups of different sizes, and what is right for all others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modyn.selector.presampling.fair_share import equal_quotas, fair_quotas, fair_share, full_quotas

SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=12)


def array(sizes: list[int]) -> np.ndarray:
    return np.array(sizes, dtype=np.uint64)


def filled(capacity: int, sizes: list[int]) -> list[int]:
    """By pouring one sample after the other, a round over all groups at a time, as long as a round fits."""
    given = [0] * len(sizes)
    while True:
        open_groups = [group for group, size in enumerate(sizes) if given[group] < size]
        if not open_groups or len(open_groups) > capacity - sum(given):
            return given
        for group in open_groups:
            given[group] += 1


@pytest.mark.parametrize(
    ("capacity", "sizes", "share", "total"),
    [
        (1000, [10, 15, 30], 333, 55),
        (100, [30, 50, 40, 28], 25, 100),
        (100, [30, 50, 40, 21], 26, 99),
        (100, [30, 50, 40, 20], 26, 98),
        (100, [30, 50, 40, 19], 27, 100),
        (200, [30, 80, 90, 28], 71, 200),
    ],
)
def test_shares_of_groups_of_different_sizes(capacity, sizes, share, total):
    assert fair_share(capacity, array(sizes)) == share
    assert fair_quotas(capacity, array(sizes)).sum() == total


@pytest.mark.parametrize(
    ("capacity", "sizes", "share", "total"), [(50, [5, 5, 100], 40, 50), (100, [5, 5, 5, 5, 5, 500], 75, 100)]
)
def test_groups_of_equal_size_count_each_for_itself(capacity, sizes, share, total):
    assert fair_share(capacity, array(sizes)) == share
    assert fair_quotas(capacity, array(sizes)).sum() == total


@given(st.integers(0, 800), SIZES)
def test_shares_are_those_of_pouring(capacity, sizes):
    assert fair_quotas(capacity, array(sizes)).tolist() == filled(capacity, sizes)


@given(st.integers(0, 800), SIZES, st.randoms())
def test_full_quotas_reach_the_target_with_at_most_one_more_each(capacity, sizes, random):
    order = list(range(len(sizes)))
    random.shuffle(order)
    quotas = full_quotas(capacity, array(sizes), np.array(order)).astype(int)
    fair = np.array(filled(capacity, sizes))
    assert quotas.sum() == min(capacity, sum(sizes))
    assert set(quotas - fair) <= {0, 1}
    assert (quotas <= sizes).all()
    # Those that come first in the order give the extra ones.
    could = [group for group in order if fair[group] < sizes[group]]
    extra = [group for group in order if quotas[group] > fair[group]]
    assert extra == could[: len(extra)]


@given(st.integers(0, 800), SIZES)
def test_equal_quotas_are_equal(capacity, sizes):
    quotas = equal_quotas(capacity, array(sizes))
    smallest, share = min(sizes), fair_share(capacity, array(sizes))
    assert set(quotas.tolist()) == {min(smallest, share)}
    assert quotas.sum() <= capacity


def test_numbers_of_64_bits_are_exact():
    sizes = array([2**62, 2**62 + 1, 3])
    assert fair_share(2**62 + 8, sizes) == 2**61 + 2
    assert fair_quotas(2**62 + 8, sizes).tolist() == [2**61 + 2, 2**61 + 2, 3]
