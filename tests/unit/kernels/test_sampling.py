"""Sampling in proportion to weights: the probabilities are kept, the size too, and the address decides.

Tests of chances have fixed seeds and bounds of six standard deviations, so that a right sampler passes for sure.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modyn import _native
from modyn.kernels import sampling
from modyn.ops import bottom_k_by_hash, hash_priorities, weighted_sample

PURPOSE = 7


def probabilities_by_definition(weights: list[float], k: int, smoothing: float = 0.0) -> list[float]:
    """P_i = min(1, w_i / tau) with sum k, in exact fractions: the largest are certain until all others may miss."""
    usable = [Fraction(weight) if 0 < weight < math.inf else Fraction() for weight in weights]
    positive, count, total = sum(weight > 0 for weight in usable), len(usable), sum(usable)
    if k == count:
        return [1.0] * count
    if positive == 0:
        return [k / count] * count
    if smoothing > 0:
        mixed = Fraction(smoothing)
        usable = [(1 - mixed) * weight / total + mixed / count for weight in usable]
    elif k >= positive:
        return [1.0 if weight > 0 else (k - positive) / (count - positive) for weight in usable]
    rest, certain = sum(usable), 0
    for weight in sorted(usable, reverse=True):
        if weight * (k - certain) < rest:
            break
        rest, certain = rest - weight, certain + 1
    return [float(min(Fraction(1), weight * (k - certain) / rest)) for weight in usable]


def reference_sample(weights: torch.Tensor, k: int, seed: int, smoothing: float = 0.0) -> sampling.WeightedSample:
    """What plain PyTorch chooses."""
    signed = seed - 2**64 if seed >= 2**63 else seed
    return sampling.WeightedSample(*sampling.WEIGHTED_SAMPLE.reference(weights, k, smoothing, signed, 0, PURPOSE, 0))


def draws(weights: torch.Tensor, k: int, count: int, smoothing: float = 0.0) -> torch.Tensor:
    """Which samples each of `count` draws chose, bool [count, N]."""
    chosen = torch.zeros(count, len(weights), dtype=torch.bool)
    for seed in range(count):
        chosen[seed, weighted_sample(weights, k, seed=seed, purpose=PURPOSE, smoothing=smoothing).indices] = True
    return chosen


weights_of_all_kinds = st.lists(
    st.one_of(
        st.floats(0, 1e6), st.sampled_from([0.0, 1.0, 1e300, 1e-300, 5e-324, -1.0, math.nan, math.inf, -math.inf])
    ),
    min_size=1,
    max_size=50,
)


@settings(deadline=None, max_examples=300)
@given(weights_of_all_kinds, st.integers(0, 50), st.sampled_from([0.0, 0.3, 1.0]), st.integers(0, 2**64 - 1))
def test_size_order_and_probabilities_of_any_weights(weights: list[float], k: int, smoothing: float, seed: int) -> None:
    k = min(k, len(weights))

    sample = weighted_sample(
        torch.tensor(weights, dtype=torch.float64), k, seed=seed, purpose=PURPOSE, smoothing=smoothing
    )

    assert sample.unusable == sum(not 0 <= weight < math.inf for weight in weights)
    assert len(sample.indices) == k
    assert (sample.indices.diff() > 0).all()
    assert ((sample.probabilities > 0) & (sample.probabilities <= 1)).all()
    if k == 0:
        return
    expected = torch.tensor(probabilities_by_definition(weights, k, smoothing), dtype=torch.float64)
    torch.testing.assert_close(sample.probabilities, expected[sample.indices], rtol=1e-9, atol=2.0**-60)
    certain = (expected == 1).nonzero()[:, 0]
    assert set(certain.tolist()) <= set(sample.indices.tolist())


@settings(deadline=None)
@given(
    st.integers(1, 3000), st.floats(0, 1), st.integers(1, 1000), st.sampled_from([0.0, 0.5]), st.integers(0, 2**64 - 1)
)
def test_the_reference_chooses_likewise(count: int, part: float, largest: int, smoothing: float, seed: int) -> None:
    weights = torch.randint(0, largest, (count,), generator=torch.Generator().manual_seed(seed % 2**31)).double()
    k = round(part * count)

    sample = weighted_sample(weights, k, seed=seed, trigger=3, purpose=PURPOSE, index=9, smoothing=smoothing)
    reference = sampling.WEIGHTED_SAMPLE.reference(
        weights, k, smoothing, seed - 2**64 if seed >= 2**63 else seed, 3, PURPOSE, 9
    )

    # Sums of whole numbers are the same in any order; mixed weights may move where a unit ends by 2^-62.
    if smoothing == 0:
        assert torch.equal(sample.indices, reference[0])
    in_both = torch.isin(sample.indices, reference[0])
    of_reference = reference[1][torch.isin(reference[0], sample.indices)]
    torch.testing.assert_close(sample.probabilities[in_both], of_reference, rtol=1e-12, atol=0)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.one_of(
            st.sampled_from([0.0, 1.0, 1.0, 5e-324]),
            st.tuples(st.floats(1, 2), st.integers(-300, 300)).map(lambda parts: parts[0] * 10.0 ** parts[1]),
        ),
        min_size=1,
        max_size=30,
    ),
    st.integers(0, 30),
    st.sampled_from([0.0, 0.0, 5e-324, 1e-300, 1e-100, 1e-17, 0.5]),
    st.integers(0, 2**64 - 1),
)
def test_weights_and_mixtures_over_hundreds_of_decades(
    weights: list[float], k: int, smoothing: float, seed: int
) -> None:
    k = min(k, len(weights))
    given = torch.tensor(weights, dtype=torch.float64)

    sample = weighted_sample(given, k, seed=seed, purpose=PURPOSE, smoothing=smoothing)
    reference = reference_sample(given, k, seed, smoothing)

    expected = torch.tensor(probabilities_by_definition(weights, k, smoothing), dtype=torch.float64)
    for found in (sample, reference):
        assert len(found.indices) == k
        assert (found.indices.diff() > 0).all()
        assert set((expected == 1).nonzero()[:, 0].tolist()[:k]) <= set(found.indices.tolist())
        torch.testing.assert_close(found.probabilities, expected[found.indices], rtol=1e-9, atol=2.0**-60)


def test_weights_beside_which_all_others_lose_their_digits() -> None:
    for numbers, k, certain in (
        ([1.0, 1.0, 1e-20], 2, [0, 1]),
        ([0.5, 1e-19, 1e-19, 1e-19], 1, [0]),
        ([1e-20] * 9000 + [3.0, 1e-20, 2.0], 2, [9000, 9002]),
    ):
        weights = torch.tensor(numbers, dtype=torch.float64)
        for seed in range(5):
            for found in (
                weighted_sample(weights, k, seed=seed, purpose=PURPOSE),
                reference_sample(weights, k, seed),
            ):
                assert found.indices.tolist() == certain
                assert found.probabilities.tolist() == [1.0] * k


def test_a_uniform_part_that_is_too_small_to_be_a_number() -> None:
    # It decides among samples without a weight, however small it is.
    for weights, k, smoothing in (
        (torch.tensor([2.8e-40] + [0.0] * 8), 4, 1e-300),
        (torch.tensor([1.0, 0, 0, 0]), 2, 5e-324),
        (torch.tensor([5e-324, 0, 0, 0], dtype=torch.float64), 2, 5e-324),
    ):
        others = (k - 1) / (len(weights) - 1)
        for seed in range(5):
            for found in (
                weighted_sample(weights, k, seed=seed, purpose=PURPOSE, smoothing=smoothing),
                reference_sample(weights, k, seed, smoothing),
            ):
                assert found.indices[0] == 0
                assert found.probabilities.tolist() == [1.0] + [pytest.approx(others)] * (k - 1)
                assert len(found.indices.unique()) == k


@pytest.mark.parametrize("k", [1, 3, 20, 39])
@pytest.mark.parametrize("kind", ["skewed", "equal", "thirds", "ascending"])
def test_samples_are_included_with_their_probabilities(kind: str, k: int) -> None:
    weights = {
        "skewed": torch.rand(40, generator=torch.Generator().manual_seed(0)).double() ** 6,
        "equal": torch.ones(40, dtype=torch.float64),
        "thirds": torch.tensor([1.0, 2.0, 3.0, 3.0]).double().repeat(10),
        "ascending": torch.arange(1, 41).double(),
    }[kind]
    count = 4000

    chosen = draws(weights, k, count)

    expected = torch.tensor(probabilities_by_definition(weights.tolist(), k), dtype=torch.float64)
    assert (chosen.sum(1) == k).all()
    deviation = (expected * (1 - expected) / count).sqrt()
    assert ((chosen.double().mean(0) - expected).abs() <= 6 * deviation + 1e-9).all()


def test_estimates_of_sums_are_unbiased_and_better_than_with_equal_chances() -> None:
    # The mean of 1 / (N p) times the numbers over draws with replacement, which samples without replacement were
    # given, was 2.3 times the sum here.
    generator = torch.Generator().manual_seed(1)
    weights = torch.exp(2 * torch.randn(200, generator=generator)).double()
    numbers = weights * (1 + torch.rand(200, generator=generator))
    count, k = 3000, 100

    estimates, equal = [], []
    for seed in range(count):
        sample = weighted_sample(weights, k, seed=seed, purpose=PURPOSE)
        estimates.append((numbers[sample.indices] / sample.probabilities).sum())
        other = weighted_sample(torch.ones(200), k, seed=seed, purpose=PURPOSE)
        equal.append((numbers[other.indices] / other.probabilities).sum())

    total = numbers.sum()
    for of_design in (torch.stack(estimates), torch.stack(equal)):
        assert (of_design.mean() - total).abs() <= 6 * of_design.std() / math.sqrt(count)
    assert torch.stack(estimates).std() < torch.stack(equal).std() / 5


def test_no_two_samples_favour_each_other() -> None:
    weights = torch.tensor([5.0, 1.0, 2.0, 2.0, 1.0, 4.0, 3.0, 3.0, 1.0, 2.0])
    count = 20_000

    chosen = draws(weights, 4, count).double()

    expected = torch.tensor(probabilities_by_definition(weights.tolist(), 4), dtype=torch.float64)
    together = chosen.T @ chosen / count
    apart = ~torch.eye(10, dtype=torch.bool)
    slack = 6 * (together * (1 - together) / count).sqrt() + 6 / count
    assert (together <= expected[:, None] * expected[None, :] + slack)[apart].all()


def test_chosen_samples_are_spread_over_the_order() -> None:
    sample = weighted_sample(torch.ones(100_000), 1000, seed=3, purpose=PURPOSE)

    # One of each 100; who is left over may move to the next.
    before = torch.bucketize(torch.arange(0, 100_001, 100), sample.indices)
    assert (before - torch.arange(1001)).abs().max() <= 1


def test_mixing_with_uniform_reaches_samples_without_weight() -> None:
    weights = torch.zeros(50)
    weights[7] = 1
    chosen = draws(weights, 5, 4000, smoothing=0.5).double().mean(0)

    assert chosen[7] == 1
    others = torch.cat([chosen[:7], chosen[8:]])
    assert ((others - 4 / 49).abs() <= 6 * math.sqrt(4 / 49 / 4000)).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("k", [10, 100_000])
def test_samples_do_not_depend_on_the_threads(dtype: torch.dtype, k: int) -> None:
    weights = torch.rand(300_001, generator=torch.Generator().manual_seed(2)).to(dtype) ** 8
    threads = torch.get_num_threads()
    samples = []
    for count in (1, 2, 7):
        torch.set_num_threads(count)
        samples.append(weighted_sample(weights, k, seed=1, trigger=2, purpose=PURPOSE, index=3))
    torch.set_num_threads(threads)

    assert len(samples[0].indices) == k
    for other in samples[1:]:
        assert all(torch.equal(one, two) for one, two in zip(samples[0], other, strict=True))
    reference = sampling.WEIGHTED_SAMPLE.reference(weights, k, 0.0, 1, 2, PURPOSE, 3)
    torch.testing.assert_close(samples[0].probabilities.sum(), reference[1].sum(), rtol=1e-3, atol=0)


def test_more_samples_than_float32_can_count() -> None:
    weights = torch.ones(2**24 + 3)
    weights[-1] = 2.0**24 + 2

    sample = weighted_sample(weights, 4, seed=1, purpose=PURPOSE)

    assert sample.indices[-1] == 2**24 + 2
    assert sample.probabilities.tolist() == [pytest.approx(3 / (2**24 + 2))] * 3 + [1]


def test_every_part_of_the_address_counts() -> None:
    weights = torch.rand(1000, generator=torch.Generator().manual_seed(2))
    base = {"seed": 1, "trigger": 1, "purpose": 1, "index": 1}
    addresses = [base] + [{**base, part: value} for part in base for value in (0, 2)] + [{**base, "seed": 2**64 - 1}]

    samples = {tuple(weighted_sample(weights, 100, **address).indices.tolist()) for address in addresses}

    assert len(samples) == len(addresses)


def test_extreme_weights_keep_the_size() -> None:
    for weights in (
        torch.logspace(-300, 300, 2000, dtype=torch.float64),
        torch.full((2000,), 1.7e308, dtype=torch.float64),
        torch.full((2000,), 5e-324, dtype=torch.float64),
        1 + torch.arange(2000).double() * 2**-52,
        torch.tensor([1e300, 1e-300], dtype=torch.float64).repeat(1000),
        0.5 ** torch.arange(2000).double(),
    ):
        for k in (1, 999, 1000, 1001, 1999):
            sample = weighted_sample(weights, k, seed=k, purpose=PURPOSE)
            assert len(sample.indices.unique()) == k
            expected = torch.tensor(probabilities_by_definition(weights.tolist(), k), dtype=torch.float64)
            torch.testing.assert_close(sample.probabilities, expected[sample.indices], rtol=1e-9, atol=2.0**-60)
            reference = sampling.WEIGHTED_SAMPLE.reference(weights, k, 0.0, k, 0, PURPOSE, 0)
            assert len(reference[0].unique()) == k
            torch.testing.assert_close(reference[1], expected[reference[0]], rtol=1e-9, atol=2.0**-60)


def test_priorities_are_those_of_the_selector() -> None:
    keys = torch.randint(0, 2**62, (3000,), generator=torch.Generator().manual_seed(0))
    address = {"seed": 2**64 - 5, "trigger": 4, "purpose": _native.PURPOSE_PRESAMPLING, "index": 6}

    priorities = hash_priorities(keys, **address)

    of_selector = _native.Priorities(*address.values()).apply(keys.numpy())
    assert np.array_equal(priorities.numpy().astype(np.uint64), of_selector)
    assert torch.equal(priorities, sampling.HASH_PRIORITIES.reference(keys, -5, 4, address["purpose"], 6))


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**63 - 1), max_size=50, unique=True), st.integers(0, 50), st.randoms())
def test_the_lowest_hashes_do_not_depend_on_the_order_of_the_keys(keys: list[int], k: int, random: object) -> None:
    k = min(k, len(keys))
    shuffled = sorted(keys)

    chosen = {keys[place] for place in bottom_k_by_hash(torch.tensor(keys, dtype=torch.int64), k, seed=1, purpose=2)}
    again = {
        shuffled[place] for place in bottom_k_by_hash(torch.tensor(shuffled, dtype=torch.int64), k, seed=1, purpose=2)
    }

    assert len(chosen) == k
    assert chosen == again


def test_what_does_not_fit_is_refused() -> None:
    weights = torch.ones(4)
    for k in (-1, 5):
        with pytest.raises(ValueError, match=f"k is {k}, expected a number from 0 to that of the weights, 4"):
            weighted_sample(weights, k, seed=0, purpose=1)
    with pytest.raises(ValueError, match="smoothing is 2"):
        weighted_sample(weights, 1, seed=0, purpose=1, smoothing=2)
    with pytest.raises(ValueError, match="seed is -1, expected a number from 0, below"):
        weighted_sample(weights, 1, seed=-1, purpose=1)
    with pytest.raises(ValueError, match="purpose is 16777216"):
        hash_priorities(torch.zeros(1).long(), seed=0, purpose=2**24)
    with pytest.raises(ValueError, match="a key is -3"):
        hash_priorities(torch.tensor([1, -3]), seed=0, purpose=1)
    with pytest.raises(ValueError, match="expected int64"):
        hash_priorities(torch.ones(3), seed=0, purpose=1)
