from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.kernels.whole_gradients import whole_gradients
from torch import Tensor

from modyn.kernels.matching_pursuit import PURSUIT
from modyn.ops import orthogonal_matching_pursuit, orthogonal_matching_pursuit_per_group


def samples(count: int, classes: int, embedding: int, seed: int) -> tuple[Tensor, Tensor | None]:
    """Gradients that have a direction in common, as those of one class have."""
    generator = torch.Generator().manual_seed(seed)
    gradients = torch.randn(count, classes, generator=generator) + 0.3 * torch.randn(1, classes, generator=generator)
    return gradients, torch.randn(count, embedding, generator=generator) if embedding > 0 else None


def squared_norm_left(whole: Tensor, target: Tensor, picks: Tensor, weights: Tensor) -> float:
    return float((target - weights.double() @ whole[picks]).square().sum())


@settings(deadline=None, max_examples=60)
@given(
    st.data(),
    st.integers(1, 40),
    st.integers(1, 12),
    st.sampled_from([0, 1, 5]),
    st.sampled_from([0.0, 1e-3, 0.5]),
    st.sampled_from([0.0, 1.0, 0.3]),
    st.sampled_from([0.0, 0.2]),
    st.booleans(),
    st.integers(0, 2**31),
)
def test_picks_and_weights_are_those_of_the_reference(
    data: st.DataObject,
    count: int,
    classes: int,
    embedding: int,
    ridge: float,
    unit_sum: float,
    tolerance: float,
    nonnegative: bool,
    seed: int,
) -> None:
    gradients, embeddings = samples(count, classes, embedding, seed)
    k = data.draw(st.integers(0, count))
    arguments = (gradients, embeddings, None, None, [k], ridge, unit_sum, tolerance, nonnegative)

    picks, weights = torch.ops.modyn.orthogonal_matching_pursuit(*arguments)

    expected_picks, expected_weights = PURSUIT.reference(*arguments)
    assert picks.tolist() == expected_picks.tolist()
    torch.testing.assert_close(weights, expected_weights, rtol=1e-3, atol=1e-5)
    assert len(set(picks.tolist())) == k
    assert not nonnegative or bool((weights > 0).all())


@pytest.mark.parametrize("embedding", [0, 6])
@pytest.mark.parametrize("ridge", [0.0, 1e-2])
def test_weights_are_the_best_for_the_picks(isa: str, embedding: int, ridge: float) -> None:
    gradients, embeddings = samples(900, 40, embedding, 1)
    whole = whole_gradients(gradients, embeddings)
    target = whole.mean(dim=0)

    picks, weights = orthogonal_matching_pursuit(gradients, embeddings, 30, ridge=ridge)

    # Karush-Kuhn-Tucker: weights are positive, and no small change of one is an improvement.
    damping = ridge * whole.square().sum(dim=1).mean()
    slope = whole[picks] @ (target - weights.double() @ whole[picks]) - damping * weights
    assert bool((weights > 0).all())
    assert float(slope.abs().max()) < 1e-5 * float((whole[picks] @ target).abs().max())


def test_a_pursuit_that_ends_by_itself_has_the_best_nonnegative_weights_of_all() -> None:
    gradients, _ = samples(60, 30, 0, 2)
    target = torch.randn(30, 1, generator=torch.Generator().manual_seed(3))  # not to be reached with positive weights

    picks, weights = orthogonal_matching_pursuit(gradients, None, 60, target=target, ridge=0.0)

    # What comes after the first round was weighed down by its share, so the first round is found by the slope.
    correlations = gradients.double() @ target[:, 0].double()
    for size in range(1, 60):
        chosen = gradients[picks[:size]].double()
        best = torch.linalg.lstsq(chosen.T, target.double()).solution[:, 0]
        slope = gradients.double() @ (target[:, 0].double() - best @ chosen)
        if bool((best > 0).all()) and float(slope.max()) < 1e-4 * float(correlations.max()):
            share = weights[:size].double() / best
            torch.testing.assert_close(share, share[:1].expand(size), rtol=1e-3, atol=0)
            return
    pytest.fail("no round ended with the best nonnegative weights")


@pytest.mark.parametrize("embedding", [0, 6])
@pytest.mark.parametrize("picks", [20, 200])
def test_weighted_means_match_if_weights_shall_sum_up_to_one(isa: str, picks: int, embedding: int) -> None:
    gradients, embeddings = samples(900, 10, embedding, 1)
    whole = whole_gradients(gradients, embeddings)
    target = whole.mean(dim=0)

    chosen, weights = orthogonal_matching_pursuit(gradients, embeddings, picks, unit_sum=1.0)

    assert abs(float(weights.sum()) - 1) < 0.01
    of_uniform = squared_norm_left(whole, target, chosen, torch.full((picks,), 1 / picks))
    left = squared_norm_left(whole, target, chosen, weights / weights.sum())
    assert left < 0.5 * min(of_uniform, float(target.square().sum()))


def test_samples_of_one_class_do_not_stand_for_two() -> None:
    # Two thirds pull one way, one third the other; all that match the mean could be of the larger class.
    gradients = torch.tensor([[1.0], [1.0], [-1.0]]).repeat(30, 1) + 0.01 * samples(90, 1, 0, 3)[0]

    picks, weights = orthogonal_matching_pursuit(gradients, None, 30, unit_sum=1.0)
    alone, _ = orthogonal_matching_pursuit(gradients, None, 30)

    assert bool((alone % 3 != 2).all())
    assert abs(float(weights[picks % 3 == 2].sum()) - 1 / 3) < 0.02


@pytest.mark.parametrize("nonnegative", [True, False])
def test_more_picks_leave_less(isa: str, nonnegative: bool) -> None:
    gradients, embeddings = samples(300, 12, 5, 4)
    whole = whole_gradients(gradients, embeddings)
    target = whole.mean(dim=0)

    left = [
        squared_norm_left(
            whole,
            target,
            *orthogonal_matching_pursuit(gradients, embeddings, k, ridge=0.0, nonnegative=nonnegative),
        )
        for k in range(1, 40)
    ]

    assert all(after <= before * (1 + 1e-6) for before, after in itertools.pairwise(left))
    assert left[-1] < 0.2 * left[0]


@pytest.mark.parametrize(("classes", "embedding"), [(16, 0), (16, 4), (1, 12)])
@pytest.mark.parametrize("scale", [2.0**-6, 1 / 3, 1e-12, 1e9, 2.0**-100, 2.0**100])
@pytest.mark.parametrize("unit_sum", [0.0, 1.0])
def test_what_gradients_were_divided_by_changes_nothing(
    classes: int, embedding: int, scale: float, unit_sum: float
) -> None:
    gradients, embeddings = samples(400, classes, embedding, 5)

    picks, weights = orthogonal_matching_pursuit(gradients * scale, embeddings, 40, unit_sum=unit_sum)

    expected_picks, expected_weights = orthogonal_matching_pursuit(gradients, embeddings, 40, unit_sum=unit_sum)
    assert picks.tolist() == expected_picks.tolist()
    torch.testing.assert_close(weights, expected_weights, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(("classes", "embedding"), [(16, 0), (16, 4), (1, 12)])
@pytest.mark.parametrize(
    ("of_gradients", "of_target"),
    [(1.0, 1e-30), (1e10, 1e-38), (1e-10, 1e38), (1e-20, 1e-30), (1e15, 1e30), (1e15, 1e38)],
)
def test_a_target_of_any_size_is_matched(
    isa: str, classes: int, embedding: int, of_gradients: float, of_target: float
) -> None:
    gradients, embeddings = samples(300, classes, embedding, 14)
    target = torch.randn(classes, embedding + 1, generator=torch.Generator().manual_seed(4))
    expected, expected_weights = orthogonal_matching_pursuit(gradients, embeddings, 12, target=target)

    arguments = (gradients * of_gradients, embeddings, (target * of_target)[None], None, [12], 1e-3, 0.0, 0.0, True)
    for picks, weights in (torch.ops.modyn.orthogonal_matching_pursuit(*arguments), PURSUIT.reference(*arguments)):
        assert picks.tolist() == expected.tolist()
        # Weights beyond the range of float32 are its limits.
        wide = expected_weights.double() * (of_target / of_gradients)
        scaled = wide.clamp(torch.finfo(torch.float32).tiny, torch.finfo(torch.float32).max).float()
        torch.testing.assert_close(weights, scaled, rtol=1e-3, atol=0)


@pytest.mark.parametrize("of_target", [1e-30, 1.0, 1e30])
def test_a_sum_of_one_counts_beside_a_target_of_any_size(of_target: float) -> None:
    gradients, embeddings = samples(300, 5, 4, 15)
    target = torch.randn(1, 5, 5, generator=torch.Generator().manual_seed(4)) * of_target
    arguments = (gradients, embeddings, target, None, [12], 1e-3, 1.0, 0.0, True)

    picks, weights = torch.ops.modyn.orthogonal_matching_pursuit(*arguments)

    expected, expected_weights = PURSUIT.reference(*arguments)
    assert picks.tolist() == expected.tolist()
    torch.testing.assert_close(weights, expected_weights, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(("classes", "embedding", "picks"), [(1, 30, 50), (2, 30, 50), (3, 30, 59), (3, 30, 61)])
def test_gradients_of_few_classes_are_matched_whether_or_not_they_are_written_down(
    isa: str, classes: int, embedding: int, picks: int
) -> None:
    gradients, embeddings = samples(700, classes, embedding, 16)
    target = torch.randn(1, classes, embedding + 1, generator=torch.Generator().manual_seed(5))

    for targets in (None, target):
        arguments = (gradients, embeddings, targets, None, [picks], 1e-2, 0.0, 0.0, True)
        found = torch.ops.modyn.orthogonal_matching_pursuit(*arguments)
        expected = PURSUIT.reference(*arguments)
        assert found[0].tolist() == expected[0].tolist()
        torch.testing.assert_close(found[1], expected[1], rtol=1e-3, atol=1e-5)


def test_no_groups_and_no_samples_are_a_result() -> None:
    none = (torch.ones(0, 3), torch.ones(0, 2), None, torch.ones(0, dtype=torch.int64), [], 1e-3, 0.0, 0.0, True)

    for picks, weights in (torch.ops.modyn.orthogonal_matching_pursuit(*none), PURSUIT.reference(*none)):
        assert (picks.tolist(), picks.dtype) == ([], torch.int64)
        assert (weights.tolist(), weights.dtype) == ([], torch.float32)


def test_gradients_divided_by_a_batch_size_are_still_matched() -> None:
    gradients, _ = samples(2000, 64, 0, 6)
    whole = gradients.double() / 64
    target = whole.mean(dim=0)

    picks, weights = orthogonal_matching_pursuit(gradients / 64, None, 60)

    assert squared_norm_left(whole, target, picks, weights) < 0.05**2 * float(target.square().sum())


def test_a_target_that_is_matched_is_matched_again_by_the_others() -> None:
    gradients, _ = samples(300, 3, 0, 7)
    whole = gradients.double()
    target = whole.mean(dim=0)

    picks, weights = orthogonal_matching_pursuit(gradients, None, 60, ridge=0.0)

    # Three numbers take three samples, so this is many rounds.
    assert len(set(picks.tolist())) == 60
    assert float(weights.min()) > 0
    assert squared_norm_left(whole, target, picks, weights) < 1e-3**2 * float(target.square().sum())


def test_a_tolerance_ends_a_round() -> None:
    gradients, _ = samples(300, 50, 0, 8)
    whole = gradients.double()
    target = whole.mean(dim=0)

    picks, weights = orthogonal_matching_pursuit(gradients, None, 200, ridge=0.0, tolerance=0.3)

    assert len(set(picks.tolist())) == 200
    assert squared_norm_left(whole, target, picks, weights) < 0.3**2 * float(target.square().sum())


def test_samples_that_do_not_help_come_last_with_the_smallest_weight() -> None:
    gradients = torch.tensor([[-1.0, 0.0], [0.0, 0.0], [-3.0, 0.0], [2.0, 0.0], [0.0, 0.0], [1.0, 0.0]])

    picks, weights = orthogonal_matching_pursuit(gradients, None, 6, target=torch.tensor([[1.0], [0.0]]), ridge=0.0)

    assert picks.tolist() == [3, 5, 1, 4, 0, 2]
    torch.testing.assert_close(weights, torch.tensor([0.25, 0.5, 0.25, 0.25, 0.25, 0.25]))


def test_samples_without_a_gradient_weigh_the_same() -> None:
    picks, weights = orthogonal_matching_pursuit(torch.zeros(5, 3), torch.ones(5, 2), 4)

    assert picks.tolist() == [0, 1, 2, 3]
    assert weights.tolist() == [0.25] * 4


@pytest.mark.parametrize("ridge", [0.0, 1e-3])
def test_samples_that_are_equal_are_picked_once_each(ridge: float) -> None:
    gradients = torch.cat([torch.eye(3)] * 5)

    picks, weights = orthogonal_matching_pursuit(gradients, None, 15, ridge=ridge)

    assert sorted(picks.tolist()) == list(range(15))
    assert picks[:3].tolist() == [0, 1, 2]
    assert float(weights.min()) > 0
    torch.testing.assert_close(weights @ gradients[picks], torch.full((3,), 1 / 3), rtol=2e-3, atol=0)


def test_groups_are_problems_of_their_own(isa: str) -> None:
    gradients, embeddings = samples(500, 7, 4, 9)
    groups = torch.randint(0, 4, (500,), generator=torch.Generator().manual_seed(1))
    groups[groups == 2] = 4
    budgets = [20, 1, 0, 100, 33]
    targets = torch.randn(5, 7, 5, generator=torch.Generator().manual_seed(2))

    for given_targets in (None, targets):
        picks, weights = orthogonal_matching_pursuit_per_group(
            gradients, embeddings, groups, budgets, targets=given_targets
        )

        assert embeddings is not None
        for group, (of_group, weights_of_group) in enumerate(
            zip(picks.split(budgets), weights.split(budgets), strict=True)
        ):
            members = (groups == group).nonzero()[:, 0]
            expected, expected_weights = orthogonal_matching_pursuit(
                gradients[members],
                embeddings[members],
                budgets[group],
                target=None if given_targets is None else given_targets[group],
            )
            assert of_group.tolist() == members[expected].tolist()
            assert weights_of_group.tolist() == expected_weights.tolist()


def test_threads_change_nothing() -> None:
    gradients, embeddings = samples(3000, 10, 30, 10)
    before = torch.get_num_threads()
    results = []
    for threads in (1, 2, 7):
        torch.set_num_threads(threads)
        results.append(orthogonal_matching_pursuit(gradients, embeddings, 50))
    torch.set_num_threads(before)

    assert all(torch.equal(picks, results[0][0]) for picks, _ in results)
    assert all(torch.equal(weights, results[0][1]) for _, weights in results)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_gradients_of_any_precision_are_taken(dtype: torch.dtype) -> None:
    gradients, embeddings = samples(90, 20, 6, 11)
    assert embeddings is not None
    gradients, embeddings = gradients.to(dtype)[:, ::2], embeddings.to(dtype)

    picks, _ = orthogonal_matching_pursuit(gradients, embeddings, 20)

    assert picks.tolist() == orthogonal_matching_pursuit(gradients.float(), embeddings.float(), 20)[0].tolist()


def test_what_is_impossible_is_refused() -> None:
    gradients, embeddings = samples(6, 3, 2, 12)
    groups = torch.tensor([0, 0, 0, 1, 1, 1])
    with pytest.raises(ValueError, match="7 picks are asked for, there are 6"):
        orthogonal_matching_pursuit(gradients, None, 7)
    with pytest.raises(ValueError, match="ridge is -1"):
        orthogonal_matching_pursuit(gradients, None, 1, ridge=-1)
    with pytest.raises(ValueError, match="unit_sum is inf"):
        orthogonal_matching_pursuit(gradients, None, 1, unit_sum=float("inf"))
    with pytest.raises(ValueError, match="tolerance is nan"):
        orthogonal_matching_pursuit(gradients, None, 1, tolerance=float("nan"))
    with pytest.raises(ValueError, match=r"1 targets of shape \[3, 1\] do not fit, expected 1 of shape \[3, 3\]"):
        orthogonal_matching_pursuit(gradients, embeddings, 1, target=torch.ones(3, 1))
    with pytest.raises(ValueError, match="the target has a number that is NaN"):
        orthogonal_matching_pursuit(gradients, None, 1, target=torch.full((3, 1), torch.nan))
    beyond_float32 = torch.full((1, 3, 1), 1e39, dtype=torch.float64)
    for implementation in (torch.ops.modyn.orthogonal_matching_pursuit, PURSUIT.reference):
        with pytest.raises(ValueError, match="the target has a number that is NaN or infinite, as float32 at least"):
            implementation(gradients, None, beyond_float32, None, [1], 1e-3, 0.0, 0.0, True)
    with pytest.raises(ValueError, match="4 picks are asked for in group 1, it has 3"):
        orthogonal_matching_pursuit_per_group(gradients, embeddings, groups, [0, 4])


@pytest.mark.parametrize("number", [torch.nan, torch.inf])
def test_a_sample_whose_gradient_is_not_finite_is_named(number: float) -> None:
    gradients, embeddings = samples(40, 3, 2, 13)
    assert embeddings is not None
    embeddings[33, 1] = number

    with pytest.raises(ValueError, match="sample 33 is NaN or infinite"):
        orthogonal_matching_pursuit(gradients, embeddings, 2)
    with pytest.raises(ValueError, match="sample 33 is NaN or infinite"):
        orthogonal_matching_pursuit_per_group(gradients, embeddings, torch.arange(40) % 2, [1, 1])
