from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modyn.kernels.k_center import K_CENTER
from modyn.ops import k_center, k_center_per_group


def whole_numbers(count: int, width: int, most: int, seed: int) -> torch.Tensor:
    """Features whose distances are exact, with many ties."""
    return torch.randint(0, most, (count, width), generator=torch.Generator().manual_seed(seed)).float()


@settings(deadline=None)
@given(st.data(), st.integers(1, 200), st.integers(1, 40), st.sampled_from([2, 5, 1000]), st.integers(0, 2**31))
def test_picks_are_those_of_the_reference(data: st.DataObject, count: int, width: int, most: int, seed: int) -> None:
    features = whole_numbers(count, width, most, seed)
    k = data.draw(st.integers(0, count))
    centers = None if data.draw(st.booleans()) else whole_numbers(data.draw(st.integers(0, 5)), width, most, seed + 1)
    first = data.draw(st.integers(0, count - 1)) if centers is None else None

    picks, distances = k_center(features, k, first=first, centers=centers)

    expected_picks, expected_distances = K_CENTER.reference(
        features, None, [k], None if first is None else [first], centers
    )
    assert picks.tolist() == expected_picks.tolist()
    torch.testing.assert_close(distances, expected_distances)


@pytest.mark.parametrize("spread", [0, 1, 4])
def test_picks_among_clusters_are_those_of_the_reference(isa: str, spread: int) -> None:
    middles = whole_numbers(120, 24, 400, 1)
    features = middles.repeat_interleave(30, dim=0) + spread * whole_numbers(3600, 24, 3, 2)
    features = features[torch.randperm(len(features), generator=torch.Generator().manual_seed(3))]

    picks, distances = k_center(features, 700)

    expected_picks, expected_distances = K_CENTER.reference(features, None, [700], None, None)
    assert picks.tolist() == expected_picks.tolist()
    torch.testing.assert_close(distances, expected_distances)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 9), st.integers(1, 4), st.integers(0, 2**31))
def test_the_radius_is_at_most_twice_the_best(count: int, k: int, seed: int) -> None:
    features = torch.randn(count, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    k = min(k, count)

    _, distances = k_center(features, k)

    between = torch.cdist(features, features)
    best = min(float(between[list(chosen)].amin(dim=0).max()) for chosen in itertools.combinations(range(count), k))
    assert float(distances.max()) <= 2 * best + 1e-5


def test_what_features_have_in_common_changes_nothing(isa: str) -> None:
    features = whole_numbers(500, 16, 1000, 4) / 1024
    common = 2.0**13  # still leaves every bit of the features

    picks, distances = k_center(features + common, 50)

    expected_picks, expected_distances = k_center(features, 50)
    assert picks.tolist() == expected_picks.tolist()
    assert distances.tolist() == expected_distances.tolist()


def test_samples_that_are_equal_are_picked_from_the_lowest_on() -> None:
    picks, distances = k_center(torch.ones(70, 3), 70)

    assert picks.tolist() == list(range(70))
    assert distances.tolist() == [0.0] * 70


def test_groups_are_problems_of_their_own(isa: str) -> None:
    features = whole_numbers(900, 7, 50, 5)
    groups = whole_numbers(900, 1, 4, 6)[:, 0].long()
    groups[groups == 2] = 4
    budgets = [20, 1, 0, 100, 33]
    firsts = [int((groups == group).nonzero()[-1]) if budgets[group] > 0 else -1 for group in range(5)]

    picks, distances = k_center_per_group(features, groups, budgets, firsts=firsts)

    for group, picks_of_group in enumerate(picks.split(budgets)):
        samples = (groups == group).nonzero()[:, 0]
        if budgets[group] == 0:
            assert distances[samples].isinf().all()
            continue
        expected, expected_distances = k_center(features[samples], budgets[group], first=len(samples) - 1)
        assert picks_of_group.tolist() == samples[expected].tolist()
        assert distances[samples].tolist() == expected_distances.tolist()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_features_of_any_precision_are_taken(dtype: torch.dtype) -> None:
    features = whole_numbers(90, 20, 100, 7)

    picks, _ = k_center(features.to(dtype)[:, ::2], 20)

    assert picks.tolist() == k_center(features[:, ::2], 20)[0].tolist()


def test_threads_change_nothing() -> None:
    features = torch.randn(3000, 24, generator=torch.Generator().manual_seed(8))
    before = torch.get_num_threads()
    results = []
    for threads in (1, 2, 7):
        torch.set_num_threads(threads)
        results.append(k_center(features, 300))
    torch.set_num_threads(before)

    assert all(torch.equal(picks, results[0][0]) for picks, _ in results)
    assert all(torch.equal(distances, results[0][1]) for _, distances in results)


def test_no_samples_and_no_picks_are_a_result() -> None:
    picks, distances = k_center(torch.ones(0, 4), 0)
    assert (len(picks), len(distances)) == (0, 0)

    picks, distances = k_center(torch.ones(3, 4), 0)
    assert len(picks) == 0
    assert distances.isinf().all()

    picks, distances = k_center_per_group(torch.ones(0, 4), torch.ones(0, dtype=torch.int64), [0, 0])
    assert (len(picks), len(distances)) == (0, 0)


def test_what_is_impossible_is_refused() -> None:
    features = torch.ones(5, 2)
    groups = torch.tensor([0, 0, 1, 1, 1])
    with pytest.raises(ValueError, match="6 picks are asked for, there are 5"):
        k_center(features, 6)
    with pytest.raises(ValueError, match="budget is -1"):
        k_center(features, -1)
    with pytest.raises(ValueError, match="first is 5"):
        k_center(features, 1, first=5)
    with pytest.raises(ValueError, match="there are centers"):
        k_center(features, 1, first=0, centers=features)
    with pytest.raises(ValueError, match="do not fit features of 2"):
        k_center(features, 1, centers=torch.ones(2, 3))
    with pytest.raises(ValueError, match="floats of shape"):
        k_center(features.long(), 1)
    with pytest.raises(ValueError, match="3 picks are asked for in group 0, it has 2"):
        k_center_per_group(features, groups, [3, 0])
    with pytest.raises(ValueError, match="is in group 1, there are budgets for 0 to 0"):
        k_center_per_group(features, groups, [1])
    with pytest.raises(ValueError, match="first pick of group 1, 0, is not a sample of it"):
        k_center_per_group(features, groups, [1, 1], firsts=[0, 0])
    with pytest.raises(ValueError, match=r"expected torch\.int64 of shape \[5\]"):
        k_center_per_group(features, groups[:4], [1, 1])


@pytest.mark.parametrize("number", [torch.nan, torch.inf])
def test_a_sample_without_distances_is_named(number: float) -> None:
    features = torch.ones(40, 30)
    features[33, 29] = number

    with pytest.raises(ValueError, match="sample 33 are NaN or infinite"):
        k_center(features, 2)
    with pytest.raises(ValueError, match="a center has a number"):
        k_center(features[:30], 2, centers=features[33:34])


def test_no_groups_and_no_samples_are_a_result() -> None:
    none = (torch.ones(0, 3), torch.ones(0, dtype=torch.int64), [], None, None)

    for picks, distances in (torch.ops.modyn.k_center(*none), K_CENTER.reference(*none)):
        assert (picks.tolist(), picks.dtype) == ([], torch.int64)
        assert (distances.tolist(), distances.dtype) == ([], torch.float32)


@pytest.mark.parametrize("number", [torch.nan, torch.inf])
def test_a_center_that_is_not_finite_is_refused(number: float) -> None:
    for implementation in (torch.ops.modyn.k_center, K_CENTER.reference):
        with pytest.raises(ValueError, match="a center has a number that is NaN or infinite"):
            implementation(torch.ones(4, 2), None, [1], None, torch.tensor([[0.0, number]]))
