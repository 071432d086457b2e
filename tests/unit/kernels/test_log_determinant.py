from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.kernels.submodular_data import EXACT, OPTIMIZERS, all_similarities, normal, whole_gradients
from torch import Tensor

from modyn.kernels.submodular.log_determinant import LOG_DETERMINANT, LOG_DETERMINANT_DENSE
from modyn.ops import log_determinant, log_determinant_dense


def value(similarities: Tensor, picks: Tensor, ridge: float) -> float:
    among = similarities[picks][:, picks] + ridge * torch.eye(len(picks), dtype=torch.float64)
    return float(torch.linalg.slogdet(among).logabsdet)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 60),
    st.sampled_from([None, 1, 6]),
    st.integers(1, 3),
    st.sampled_from([0.01, 0.3]),
    st.integers(0, 2**31),
    st.data(),
)
def test_every_pick_is_the_best_that_there_is(
    count: int, embedding: int | None, group_count: int, ridge: float, seed: int, data: st.DataObject
) -> None:
    gradients = normal(count, 5, seed=seed)
    embeddings = None if embedding is None else normal(count, embedding, seed=seed + 1)
    groups = torch.randint(0, group_count, (count,), generator=torch.Generator().manual_seed(seed))
    k = data.draw(st.integers(0, count))

    found = [
        log_determinant(gradients, embeddings, k=k, groups=groups, ridge=ridge, optimizer=optimizer)
        for optimizer in EXACT
    ]

    assert found[0][0].tolist() == found[1][0].tolist()
    assert found[0][1].tolist() == found[1][1].tolist()
    picks, gains = found[0]
    similarities = all_similarities(whole_gradients(gradients, embeddings), "cosine", groups)
    assert float(gains.sum()) == pytest.approx(value(similarities, picks, ridge), abs=1e-3 * (k + 1))
    for step in range(min(k, 5)):
        before = value(similarities, picks[:step], ridge)
        others = [
            value(similarities, torch.cat([picks[:step], torch.tensor([one])]), ridge) - before
            for one in set(range(count)) - set(picks[:step].tolist())
        ]
        assert float(gains[step]) == pytest.approx(max(others), abs=1e-3)


def test_picks_come_from_the_samples_that_differ() -> None:
    # The reference system took all eight from the near-duplicates.
    duplicates = normal(1, 30, seed=1) + 1e-3 * normal(20, 30, seed=2)
    features = torch.cat([duplicates, normal(20, 30, seed=3)])

    picks, gains = log_determinant(features, k=8)

    assert int((picks < 20).sum()) <= 1
    assert gains.tolist() == sorted(gains.tolist(), reverse=True)


def test_samples_that_are_equal_or_zero_break_nothing(isa: str) -> None:
    features = torch.cat([torch.zeros(5, 3), torch.eye(3).repeat(4, 1)])

    picks, gains = log_determinant(features, k=17)

    assert sorted(picks.tolist()) == list(range(17))
    assert set(picks[:3].tolist()) == {5, 6, 7}  # one of each before any is repeated
    assert gains.isfinite().all()
    assert float(gains.min()) >= math.log(1e-3)


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 8), st.integers(1, 3), st.integers(0, 2**31))
def test_the_value_is_at_least_the_promised_part_of_the_best(count: int, k: int, seed: int) -> None:
    # Monotone from 0 on with a ridge of 1: all gains are logs of numbers of at least 1.
    features = normal(count, 2, seed=seed)
    similarities = all_similarities(features.double(), "cosine")
    k = min(k, count)

    picks, _ = log_determinant(features, k=k, ridge=1.0)

    best = max(value(similarities, torch.tensor(one), 1.0) for one in itertools.combinations(range(count), k))
    assert value(similarities, picks, 1.0) >= (1 - 1 / math.e) * best - 1e-6


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("budgets", [None, [5, 0, 20, 15]])
def test_every_optimizer_picks_what_its_reference_picks(isa: str, optimizer: str, budgets: list[int] | None) -> None:
    features = normal(400, 40, seed=4)
    groups = torch.arange(400) % 4
    how = {"ridge": 0.01, "optimizer": optimizer, "epsilon": 0.2, "beta": 0.8, "seed": -5}

    picks, gains = log_determinant(features, k=40 if budgets is None else None, groups=groups, budgets=budgets, **how)

    expected = LOG_DETERMINANT.reference(features, None, groups, 40, budgets, *how.values())
    assert picks.tolist() == expected[0].tolist()
    torch.testing.assert_close(gains, expected[1], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_given_similarities_give_the_picks_of_the_reference(isa: str, optimizer: str) -> None:
    features = normal(200, 90, seed=5)
    similarities = features @ features.T
    similarities = torch.maximum(similarities, similarities.T)

    picks, gains = log_determinant_dense(similarities, 60, ridge=1.0, optimizer=optimizer)

    expected = LOG_DETERMINANT_DENSE.reference(similarities, 60, 1.0, optimizer, 0.1, 0.9, 0)
    assert picks.tolist() == expected[0].tolist()
    torch.testing.assert_close(gains, expected[1], rtol=1e-9, atol=1e-9)


def test_threads_change_nothing() -> None:
    features = normal(2000, 24, seed=11)
    before = torch.get_num_threads()
    results = []
    for threads in (1, 2, 7):
        torch.set_num_threads(threads)
        results.append(log_determinant(features, k=100))
    torch.set_num_threads(before)

    assert all(torch.equal(picks, results[0][0]) for picks, _ in results)
    assert all(torch.equal(gains, results[0][1]) for _, gains in results)


def test_what_is_impossible_is_refused() -> None:
    with pytest.raises(ValueError, match="ridge is 0"):
        log_determinant(torch.ones(3, 2), k=1, ridge=0.0)
    with pytest.raises(ValueError, match=r"of shape \[3, 2\], expected"):
        log_determinant_dense(torch.ones(3, 2), 1)
    with pytest.raises(ValueError, match="not symmetric"):
        log_determinant_dense(torch.arange(9.0).view(3, 3), 1)
