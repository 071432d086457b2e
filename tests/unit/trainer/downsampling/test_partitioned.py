"""Choosing part by part."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from modyn.trainer.downsampling import build_downsampling
from modyn.trainer.downsampling.api import BOTH_MODES, Candidates, Choice, Draw, Mode, Needs, Stateless
from modyn.trainer.downsampling.outputs import Outputs
from modyn.trainer.downsampling.partitioned import Partitioned
from modyn.trainer.downsampling.quotas import class_quotas


class Watched(Stateless):
    """Takes the first ones; remembers what it was asked for."""

    needs: Needs = "outputs"
    modes: frozenset[Mode] = BOTH_MODES
    weighted = True

    def __init__(self) -> None:
        self.parts: list[list[int]] = []
        self.counts: list[int] = []
        self.draws: list[int] = []

    def measure(self, outputs: Outputs) -> dict[str, Tensor]:
        return {}

    def choose(self, candidates: Candidates, count: int, draw: Draw) -> Choice:
        self.parts.append(candidates.columns["number"].tolist())
        self.counts.append(count)
        self.draws.append(draw.index)
        return Choice(torch.arange(count), candidates.columns["number"][:count].float() + 1)


def numbered(size: int) -> Candidates:
    return Candidates(size, {"number": torch.arange(size)}, torch.zeros(size))


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 2**40), st.data())
def test_parts_are_a_partition_and_give_their_shares(size: int, part: int, seed: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, size))
    inner = Watched()

    choice = Partitioned(inner, part).choose(numbered(size), count, Draw(seed, 0, 3))

    parts = -(-size // part)
    assert all(len(one) <= part and one == sorted(one) for one in inner.parts)
    if count >= parts:  # all are asked
        assert sorted(place for one in inner.parts for place in one) == list(range(size))
        assert max(map(len, inner.parts)) - min(map(len, inner.parts)) <= 1
        assert inner.counts == class_quotas([len(one) for one in inner.parts], count)
    assert len(set(choice.positions.tolist())) == len(choice.positions) == count
    assert len(set(inner.draws)) == len(inner.draws), "each part has random numbers of its own"
    assert choice.weights is not None
    assert choice.weights.tolist() == [position + 1 for position in choice.positions.tolist()]


def test_a_set_that_fits_is_chosen_from_as_a_whole() -> None:
    inner = Watched()

    Partitioned(inner, 10).choose(numbered(10), 4, Draw(1, 0, 5))

    assert (inner.parts, inner.counts, inner.draws) == ([list(range(10))], [4], [5])


def test_other_choices_have_other_parts() -> None:
    found = []
    for index in (0, 0, 1):
        inner = Watched()
        Partitioned(inner, 20).choose(numbered(40), 10, Draw(1, 0, index))
        found.append(inner.parts)

    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize(("size", "wrapped"), [(None, False), (64, True)])
def test_the_size_is_that_of_the_section(size: int | None, wrapped: bool) -> None:
    section: dict[str, Any] = {"strategy": "KcenterGreedy", "ratio": 10, "partition_size": size}

    found = build_downsampling(section)

    assert found is not None
    assert isinstance(found.downsampler, Partitioned) == wrapped
