from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from modyn.trainer.downsampling.api import Candidates, Draw
from modyn.trainer.downsampling.rs2 import RS2


def subsets(rs2: RS2, size: int, count: int, choices: int, seed: int = 3) -> list[list[int]]:
    return [rs2.choose(Candidates(size), count, Draw(seed, 0, number)).positions.tolist() for number in range(choices)]


@given(st.integers(1, 60), st.data())
def test_without_replacement_the_subsets_of_a_round_do_not_overlap(size: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, size))
    rounds = size // count

    chosen = subsets(RS2(with_replacement=False), size, count, 2 * rounds)

    for one in (chosen[:rounds], chosen[rounds:]):
        together = [position for subset in one for position in subset]
        assert len(set(together)) == len(together) == rounds * count
    assert all(0 <= position < size for subset in chosen for position in subset)


@given(st.integers(1, 60), st.data())
def test_with_replacement_no_sample_comes_twice_in_a_subset(size: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, size))

    for subset in subsets(RS2(with_replacement=True), size, count, 5):
        assert len(set(subset)) == len(subset) == count


def test_forty_percent_of_ten_leaves_two_out_of_each_round() -> None:
    first, second, third = subsets(RS2(with_replacement=False), 10, 4, 3)

    assert not set(first) & set(second)
    assert set(first) & set(third), "a new round draws from all again"


def test_all_samples_are_drawn_equally_often() -> None:
    for with_replacement in (True, False):
        counts = torch.zeros(20)
        for subset in subsets(RS2(with_replacement), 20, 7, 4000):
            counts[subset] += 1
        # Each count is binomial with mean 1400 and a deviation of at most 30.
        assert float((counts - 1400).abs().max()) < 5 * 30


def test_other_seeds_draw_other_subsets_and_the_same_seed_the_same() -> None:
    rs2 = RS2(with_replacement=False)

    assert subsets(rs2, 100, 10, 3, seed=1) == subsets(rs2, 100, 10, 3, seed=1)
    assert subsets(rs2, 100, 10, 3, seed=1) != subsets(rs2, 100, 10, 3, seed=2)
