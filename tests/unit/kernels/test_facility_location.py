from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.kernels.submodular_data import EXACT, OPTIMIZERS, all_similarities, normal, whole_gradients
from torch import Tensor

from modyn import _native
from modyn.kernels.submodular import reference
from modyn.kernels.submodular.facility_location import FACILITY_LOCATION, FACILITY_LOCATION_DENSE
from modyn.kernels.submodular.nearest_pick import NEAREST_PICK
from modyn.ops import facility_location, facility_location_dense, graph_cut, nearest_pick


def value(similarities: Tensor, picks: Tensor) -> float:
    return float(similarities[:, picks].amax(dim=1).clamp(min=0).sum()) if len(picks) > 0 else 0.0


def assert_each_pick_was_the_best(similarities: Tensor, picks: Tensor, gains: Tensor, tolerance: float) -> None:
    covered = torch.zeros(len(similarities), dtype=torch.float64)
    left = torch.ones(similarities.shape[1], dtype=torch.bool)
    for pick, gain in zip(picks.tolist(), gains.tolist(), strict=True):
        of_all = (similarities - covered[:, None]).clamp(min=0).sum(0)
        assert left[pick]
        assert gain == pytest.approx(float(of_all[pick]), abs=tolerance)
        assert gain >= float(of_all[left].max()) - tolerance
        left[pick] = False
        covered = torch.maximum(covered, similarities[:, pick])


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 150),
    st.integers(1, 9),
    st.sampled_from([None, 1, 6]),
    st.integers(1, 4),
    st.sampled_from(["cosine", "distance"]),
    st.integers(0, 2**31),
    st.data(),
)
def test_every_pick_is_the_best_that_there_is(
    count: int, classes: int, embedding: int | None, group_count: int, similarity: str, seed: int, data: st.DataObject
) -> None:
    gradients = normal(count, classes, seed=seed)
    embeddings = None if embedding is None else normal(count, embedding, seed=seed + 1)
    groups = torch.randint(0, group_count, (count,), generator=torch.Generator().manual_seed(seed))
    k = data.draw(st.integers(0, count))

    found = [
        facility_location(gradients, embeddings, k=k, groups=groups, similarity=similarity, optimizer=optimizer)
        for optimizer in EXACT
    ]

    assert found[0][0].tolist() == found[1][0].tolist()
    assert found[0][1].tolist() == found[1][1].tolist()
    similarities = all_similarities(whole_gradients(gradients, embeddings), similarity, groups)
    tolerance = 1e-5 * count * max(1.0, float(similarities.max()))
    assert_each_pick_was_the_best(similarities, *found[0], tolerance)


@pytest.mark.parametrize("similarity", ["cosine", "distance"])
@pytest.mark.parametrize("classes", [1, 5])
def test_lazy_picks_are_the_naive_ones_where_many_samples_are_equal(isa: str, similarity: str, classes: int) -> None:
    # Few different rows, many of them zero: gains are equal all the time.
    features = torch.randint(-1, 2, (700, 3), generator=torch.Generator().manual_seed(1)).float()
    groups = torch.arange(700) % classes

    naive = facility_location(features, k=300, groups=groups, similarity=similarity, optimizer="naive")
    lazy = facility_location(features, k=300, groups=groups, similarity=similarity, optimizer="lazy")

    assert lazy[0].tolist() == naive[0].tolist()
    assert lazy[1].tolist() == naive[1].tolist()
    assert not lazy[1].isnan().any()
    # Rows that were equal to a pick already add nothing, and follow from the lowest on.
    nothing = (lazy[1] == 0).nonzero()[:, 0]
    assert len(nothing) > 0
    assert lazy[0][nothing].tolist() == sorted(lazy[0][nothing].tolist())


def test_five_classes_without_budgets_reach_the_value_of_true_greedy() -> None:
    # The reference system filled everything from the first class: 32.0 instead of 150.6.
    middles = 3 * normal(5, 16, seed=1)
    features = middles.repeat_interleave(100, dim=0) + normal(500, 16, seed=2)
    groups = torch.arange(5).repeat_interleave(100)

    picks, gains = facility_location(features, k=50, groups=groups, similarity="distance")

    similarities = all_similarities(features.double(), "distance", groups)
    expected = FACILITY_LOCATION.reference(features, None, groups, 50, None, "distance", "naive", 0.1, 0.9, 0)
    assert value(similarities, picks) == pytest.approx(value(similarities, expected[0]), rel=1e-6)
    assert float(gains.sum()) == pytest.approx(value(similarities, picks), rel=1e-6)
    assert torch.bincount(groups[picks], minlength=5).min() > 0


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 9), st.integers(1, 4), st.sampled_from(["cosine", "distance"]), st.integers(0, 2**31))
def test_the_value_is_at_least_the_promised_part_of_the_best(count: int, k: int, similarity: str, seed: int) -> None:
    features = normal(count, 2, seed=seed)
    k = min(k, count)
    similarities = all_similarities(features.double(), similarity)
    best = max(value(similarities, torch.tensor(chosen)) for chosen in itertools.combinations(range(count), k))

    for optimizer, part in (("lazy", 1 - 1 / math.e), ("approximate_lazy", 1 - math.exp(-0.7))):
        picks, _ = facility_location(features, k=k, similarity=similarity, optimizer=optimizer, beta=0.7)
        assert value(similarities, picks) >= part * best * (1 - 1e-6)


def test_stochastic_picks_reach_the_promised_part_of_the_best_on_average() -> None:
    features = normal(14, 2, seed=3) * 4
    similarities = all_similarities(features.double(), "distance")
    best = max(value(similarities, torch.tensor(chosen)) for chosen in itertools.combinations(range(14), 4))

    values = [
        value(
            similarities,
            facility_location(features, k=4, similarity="distance", optimizer="stochastic", epsilon=0.3, seed=seed)[0],
        )
        for seed in range(200)
    ]

    assert sum(values) / len(values) >= (1 - 1 / math.e - 0.3) * best
    assert len(set(values)) > 1


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("budgets", [None, [5, 0, 40, 15]])
def test_every_optimizer_picks_what_its_reference_picks(isa: str, optimizer: str, budgets: list[int] | None) -> None:
    features = normal(400, 6, seed=4)
    groups = torch.arange(400) % 4
    how: dict[str, Any] = {"optimizer": optimizer, "epsilon": 0.2, "beta": 0.8, "seed": -5}

    for similarity in ("cosine", "distance"):
        picks, gains = facility_location(
            features, k=60 if budgets is None else None, groups=groups, budgets=budgets, similarity=similarity, **how
        )
        expected = FACILITY_LOCATION.reference(features, None, groups, 60, budgets, similarity, *how.values())
        assert picks.tolist() == expected[0].tolist()
        torch.testing.assert_close(gains, expected[1], rtol=1e-4, atol=1e-4)
        assert len(set(picks.tolist())) == 60
        if budgets is not None:
            assert torch.bincount(groups[picks], minlength=4).tolist() == budgets


def test_budgets_give_each_group_the_picks_that_it_would_have_alone() -> None:
    features = normal(500, 6, seed=5)
    groups = torch.randint(0, 3, (500,), generator=torch.Generator().manual_seed(6))

    picks, gains = facility_location(features, groups=groups, budgets=[10, 20, 5])

    assert gains.tolist() == sorted(gains.tolist(), reverse=True)
    for group, budget in enumerate([10, 20, 5]):
        samples = (groups == group).nonzero()[:, 0]
        alone, _ = facility_location(features[samples], k=budget)
        assert picks[groups[picks] == group].tolist() == samples[alone].tolist()


def test_subsets_of_stochastic_greedy_are_drawn_by_philox() -> None:
    samples = torch.arange(40)

    numbers = reference.subset_numbers(-3, 7, samples)

    purpose = 16
    for sample in range(0, 40, 4):
        bits = _native.random_bits(2**64 - 3, 7, purpose, sample // 4)
        assert numbers[sample : sample + 2].tolist() == [bits & 0xFFFFFFFF, bits >> 32]


def test_more_samples_than_a_tile_holds_all_count() -> None:
    # The reference system read 64 rows of 1,000.
    features = normal(1000, 8, seed=7)

    picks, gains = facility_location(features, k=30, similarity="distance")

    assert float(gains.sum()) == pytest.approx(value(all_similarities(features.double(), "distance"), picks), rel=1e-5)


def test_what_features_have_in_common_does_not_cancel_digits_of_distances(isa: str) -> None:
    features = torch.randint(0, 1000, (600, 8), generator=torch.Generator().manual_seed(8)).float() / 1024
    common = 2.0**12  # still leaves every bit of the features

    picks, gains = facility_location(features + common, k=60, similarity="distance")

    expected, expected_gains = facility_location(features, k=60, similarity="distance")
    assert picks.tolist() == expected.tolist()
    torch.testing.assert_close(gains, expected_gains)


@settings(deadline=None, max_examples=100)
@given(
    st.integers(1, 120),
    st.integers(1, 9),
    st.sampled_from([None, 1, 6, 40]),
    st.sampled_from([0.0, 1.0, 1e3, -3e4]),
    st.sampled_from([0.0, 1.0, 1e3, -3e4]),
    st.integers(-12, 12),
    st.integers(-12, 12),
    st.integers(0, 2**31),
)
def test_gains_by_distance_are_right_whatever_samples_have_in_common(
    count: int,
    classes: int,
    embedding: int | None,
    common_gradient: float,
    common_embedding: float,
    decades: int,
    decades_of_embeddings: int,
    seed: int,
) -> None:
    gradients = (normal(count, classes, seed=seed) + common_gradient) * 10.0**decades
    embeddings = None
    if embedding is not None:
        embeddings = (normal(count, embedding, seed=seed + 1) + common_embedding) * 10.0**decades_of_embeddings
    k = max(1, count // 3)

    picks, gains = facility_location(gradients, embeddings, k=k, similarity="distance")
    nearest, found = nearest_pick(gradients, embeddings, picks, similarity="distance")

    whole = whole_gradients(gradients, embeddings)
    distances = torch.cdist(whole, whole, compute_mode="donot_use_mm_for_euclid_dist")
    similarities = distances.max() - distances + 1e-3
    assert_each_pick_was_the_best(similarities, picks, gains, 2e-7 * count * (float(distances.max()) + 1e-3))
    best = distances[:, picks].amin(1)
    own = distances[torch.arange(count), picks[nearest]]
    torch.testing.assert_close(own, best, rtol=1e-6, atol=0)
    torch.testing.assert_close(-found.double(), own, rtol=1e-6, atol=0)


def test_embeddings_far_from_zero_leave_distances_their_digits(isa: str) -> None:
    # Expanded squares in float32 laid 79 of these samples on the wrong pick, by distances up to half too large.
    gradients = torch.tensor([[0.9, -0.9]]).expand(200, 2)
    embeddings = 1000 + normal(200, 64, seed=14)

    picks, _ = facility_location(gradients, embeddings, k=10, similarity="distance")
    nearest, found = nearest_pick(gradients, embeddings, picks, similarity="distance")

    whole = whole_gradients(gradients, embeddings)
    distances = torch.cdist(whole, whole, compute_mode="donot_use_mm_for_euclid_dist")
    expected = FACILITY_LOCATION.reference(gradients, embeddings, None, 10, None, "distance", "naive", 0.1, 0.9, 0)
    assert picks.tolist() == expected[0].tolist()
    assert nearest.tolist() == distances[:, picks].argmin(1).tolist()
    torch.testing.assert_close(-found.double(), distances[:, picks].amin(1), rtol=1e-6, atol=0)


def test_one_sample_far_away_leaves_the_others_apart(isa: str) -> None:
    features = torch.cat([torch.arange(20) / 100, torch.tensor([1e5])])[:, None]
    picks = torch.tensor([3, 10, 20, 17])

    nearest, found = nearest_pick(features, None, picks, similarity="distance")

    distances = (features - features[picks].T).abs()
    assert nearest.tolist() == distances.argmin(1).tolist()
    torch.testing.assert_close(-found, distances.amin(1))


def test_of_equal_distances_the_first_pick_counts(isa: str) -> None:
    # The same whole numbers in another order have the same distance to zero, however large its square is.
    numbers = torch.randint(0, 4000, (100,), generator=torch.Generator().manual_seed(15)).float()
    orders = [torch.randperm(100, generator=torch.Generator().manual_seed(row)) for row in range(300)]
    features = torch.stack([torch.zeros(100), *(numbers[order] for order in orders)])

    nearest, found = nearest_pick(features, None, torch.arange(300, 0, -1), similarity="distance")

    assert nearest[0] == 0
    assert found[0] == -numbers.double().norm().float()


@pytest.mark.parametrize("common", [0, 1000, -70_000])
def test_of_equal_gains_by_distance_the_first_counts(isa: str, common: int) -> None:
    # What is mirrored at a point has the same distances.
    numbers = torch.randint(-4000, 4000, (400, 100), generator=torch.Generator().manual_seed(16)).float()

    picks, gains = facility_location(torch.cat([numbers, -numbers]) + common, k=1, similarity="distance")
    of_others, gains_of_others = facility_location(torch.cat([-numbers, numbers]) + common, k=1, similarity="distance")

    assert picks[0] < 400
    assert of_others[0] == picks[0]
    assert gains_of_others.tolist() == gains.tolist()


@pytest.mark.parametrize("scale", [2.0**-30, 2.0**60])
@pytest.mark.parametrize("similarity", ["cosine", "distance"])
def test_the_size_of_features_changes_no_pick(scale: float, similarity: str) -> None:
    gradients, embeddings = normal(300, 6, seed=9), normal(300, 4, seed=10)
    expected, _ = facility_location(gradients, embeddings, k=40, similarity=similarity)

    picks, gains = facility_location(gradients * scale, embeddings, k=40, similarity=similarity)

    assert picks.tolist() == expected.tolist()
    assert gains.isfinite().all()


def test_zero_vectors_have_similarity_one_half_and_no_nan() -> None:
    features = torch.zeros(9, 4)
    features[4] = torch.tensor([1.0, 0, 0, 0])

    picks, gains = facility_location(features, k=9)

    assert picks.tolist() == [4, 0, 1, 2, 3, 5, 6, 7, 8]
    assert gains.tolist() == [8 * 0.5 + 1, *[0.0] * 8]


@pytest.mark.parametrize("similarity", ["cosine", "distance"])
def test_samples_that_are_equal_are_picked_from_the_lowest_on(similarity: str) -> None:
    picks, gains = facility_location(torch.full((70, 3), 0.1), k=70, similarity=similarity)

    assert picks.tolist() == list(range(70))
    assert gains[1:].tolist() == [0.0] * 69


def test_threads_change_nothing() -> None:
    features = normal(2000, 24, seed=11)
    groups = torch.arange(2000) % 3
    before = torch.get_num_threads()
    results = []
    for threads in (1, 2, 7):
        torch.set_num_threads(threads)
        results.append(
            [
                facility_location(features, k=200, groups=of_samples, similarity=similarity, optimizer=optimizer)
                for of_samples in (None, groups)
                for similarity in ("cosine", "distance")
                for optimizer in OPTIMIZERS
            ]
        )
    torch.set_num_threads(before)

    for other in results[1:]:
        for one, same in zip(results[0], other, strict=True):
            assert torch.equal(one[0], same[0])
            assert torch.equal(one[1], same[1])


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 130), st.integers(1, 90), st.booleans(), st.integers(0, 2**31), st.data())
def test_given_similarities_are_maximised_exactly(
    rows: int, columns: int, symmetric: bool, seed: int, data: st.DataObject
) -> None:
    similarities = normal(rows, columns, seed=seed)
    if symmetric:
        similarities = similarities @ similarities.T if rows < columns else similarities.T @ similarities
        similarities = torch.maximum(similarities, similarities.T)
    k = data.draw(st.integers(0, similarities.shape[1]))

    found = [facility_location_dense(similarities, k, optimizer=optimizer) for optimizer in EXACT]

    assert found[0][0].tolist() == found[1][0].tolist()
    assert found[0][1].tolist() == found[1][1].tolist()
    assert_each_pick_was_the_best(similarities.double(), *found[0], 1e-4 * (1 + float(similarities.abs().sum())) / 10)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_given_whole_numbers_give_the_picks_of_the_reference(isa: str, optimizer: str) -> None:
    similarities = torch.randint(-3, 9, (300, 200), generator=torch.Generator().manual_seed(12)).float()

    picks, gains = facility_location_dense(similarities, 150, optimizer=optimizer)

    expected = FACILITY_LOCATION_DENSE.reference(similarities, 150, optimizer, 0.1, 0.9, 0)
    assert picks.tolist() == expected[0].tolist()
    assert gains.tolist() == expected[1].tolist()


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 120), st.integers(1, 4), st.sampled_from(["cosine", "distance"]), st.integers(0, 2**31), st.data()
)
def test_every_sample_counts_for_its_most_similar_pick(
    count: int, group_count: int, similarity: str, seed: int, data: st.DataObject
) -> None:
    gradients, embeddings = normal(count, 4, seed=seed), normal(count, 3, seed=seed + 1)
    groups = torch.randint(0, group_count, (count,), generator=torch.Generator().manual_seed(seed))
    picks, _ = facility_location(
        gradients, embeddings, k=data.draw(st.integers(0, count)), groups=groups, similarity=similarity
    )

    nearest, found = nearest_pick(gradients, embeddings, picks, groups=groups, similarity=similarity)

    features = whole_gradients(gradients, embeddings)
    similarities = all_similarities(features, similarity, groups)
    if similarity == "distance":
        similarities = -torch.cdist(features, features, compute_mode="donot_use_mm_for_euclid_dist")
    similarities[groups[:, None] != groups] = -math.inf
    covered = torch.isin(groups, groups[picks])
    assert nearest[~covered].tolist() == [-1] * int((~covered).sum())
    assert found[~covered].tolist() == [0.0] * int((~covered).sum())
    assert nearest[picks].tolist() == list(range(len(picks)))
    assert int(torch.bincount(nearest[covered], minlength=len(picks)).sum()) == int(covered.sum())
    if bool(covered.any()):
        best = similarities[covered][:, picks].amax(dim=1)
        tolerance = 1e-3 * max(1.0, float(features.norm(dim=1).max()))
        own = similarities[covered.nonzero()[:, 0], picks[nearest[covered]]]
        torch.testing.assert_close(own, best, rtol=0, atol=tolerance)
        torch.testing.assert_close(found[covered].double(), best, rtol=0, atol=tolerance)


def test_a_pick_that_equals_an_earlier_one_still_stands_for_itself() -> None:
    features = torch.tensor([[1.0, 0], [1.0, 0], [0, 1.0], [0, 0], [0, 0]])

    nearest, _ = nearest_pick(features, None, torch.tensor([0, 1, 4]))

    assert nearest.tolist() == [0, 1, 0, 0, 2]


@pytest.mark.parametrize("number", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("columns", [70, 90])
def test_given_similarities_that_are_not_finite_are_refused(number: float, columns: int) -> None:
    similarities = torch.ones(70, columns)
    similarities[66, 5] = number
    if columns == 70:
        similarities[5, 66] = number  # still symmetric

    with pytest.raises(ValueError, match="similarities to candidate 5 are not finite"):
        facility_location_dense(similarities, 3)
    with pytest.raises(ValueError, match="similarities are not finite"):
        FACILITY_LOCATION_DENSE.reference(similarities, 3, "lazy", 0.1, 0.9, 0)


def test_no_groups_and_no_samples_are_a_result() -> None:
    picks, gains = facility_location(torch.ones(0, 3), groups=torch.ones(0, dtype=torch.int64), budgets=[])

    assert (picks.tolist(), gains.tolist()) == ([], [])


@pytest.mark.parametrize("similarity", ["cosine", "distance"])
def test_numbers_of_groups_may_be_of_any_size(similarity: str) -> None:
    features = normal(60, 3, seed=17)
    small = torch.arange(60) % 3
    large = torch.tensor([5, 2**31, 2**62])[small]

    for of in (facility_location, graph_cut):
        found = of(features, k=20, groups=large, similarity=similarity)
        expected = of(features, k=20, groups=small, similarity=similarity)
        assert found[0].tolist() == expected[0].tolist()
        assert found[1].tolist() == expected[1].tolist()
    picks = torch.tensor([0, 3, 2])
    nearest = [nearest_pick(features, None, picks, groups=one, similarity=similarity)[0] for one in (small, large)]
    assert nearest[0].tolist() == nearest[1].tolist()
    assert -1 in nearest[0]
    arguments = (features, None, large - 6, picks, similarity)
    for implementation in (torch.ops.modyn.nearest_pick, NEAREST_PICK.reference):
        with pytest.raises(ValueError, match="group -1 is below 0, expected groups from 0 on"):
            implementation(*arguments)


@pytest.mark.parametrize("similarity", ["cosine", "distance"])
def test_picks_may_be_a_view_of_any_strides(similarity: str) -> None:
    features = normal(40, 3, seed=13)
    of_all = torch.arange(40).view(20, 2)

    for picks in (of_all[:, 1], torch.arange(40)[::3], torch.tensor(7).expand(4)):
        found = nearest_pick(features, None, picks, similarity=similarity)
        expected = nearest_pick(features, None, picks.clone(), similarity=similarity)
        assert found[0].tolist() == expected[0].tolist()
        assert found[1].tolist() == expected[1].tolist()


def test_no_samples_and_no_picks_are_a_result() -> None:
    for optimizer in OPTIMIZERS:
        picks, gains = facility_location(torch.ones(0, 4), k=0, optimizer=optimizer)
        assert (picks.dtype, len(picks), gains.dtype, len(gains)) == (torch.int64, 0, torch.float64, 0)
        assert facility_location(torch.ones(1, 1), k=1, optimizer=optimizer)[0].tolist() == [0]
        assert len(facility_location(torch.ones(3, 4), k=0, optimizer=optimizer)[0]) == 0
    assert facility_location_dense(torch.ones(0, 3), 2)[0].tolist() == [0, 1]
    assert nearest_pick(torch.ones(3, 4), None, torch.ones(0, dtype=torch.int64))[0].tolist() == [-1, -1, -1]


def test_what_is_impossible_is_refused() -> None:
    features = torch.ones(5, 2)
    groups = torch.tensor([0, 0, 1, 1, 1])
    with pytest.raises(ValueError, match="6 picks are asked for, there are 5"):
        facility_location(features, k=6)
    with pytest.raises(ValueError, match="budget is -1"):
        facility_location(features, k=-1)
    with pytest.raises(ValueError, match="give k or budgets, not both"):
        facility_location(features, k=1, groups=groups, budgets=[1, 0])
    with pytest.raises(ValueError, match="give k, or budgets"):
        facility_location(features)
    with pytest.raises(ValueError, match="group 0 has 2 samples, not the 3 of its budget"):
        facility_location(features, groups=groups, budgets=[3, 0])
    with pytest.raises(ValueError, match="is of group 1, expected groups from 0 to 0"):
        facility_location(features, groups=groups, budgets=[1])
    with pytest.raises(ValueError, match="group -1 is below 0"):
        facility_location(features, k=1, groups=-groups)
    with pytest.raises(ValueError, match="similarity 'dot' is unknown"):
        facility_location(features, k=1, similarity="dot")
    with pytest.raises(ValueError, match="optimizer 'eager' is unknown"):
        facility_location(features, k=1, optimizer="eager")
    with pytest.raises(ValueError, match=r"epsilon is 1\.0"):
        facility_location(features, k=1, epsilon=1.0)
    with pytest.raises(ValueError, match="beta is 0"):
        facility_location(features, k=1, beta=0)
    with pytest.raises(ValueError, match="pick 5 is none of 5 samples"):
        nearest_pick(features, None, torch.tensor([5]))
    with pytest.raises(ValueError, match=r"picks are torch\.float32"):
        nearest_pick(features, None, torch.ones(1))


@pytest.mark.parametrize("number", [torch.nan, torch.inf])
def test_numbers_that_are_not_finite_are_refused(number: float) -> None:
    features = torch.ones(40, 30)
    features[33, 29] = number

    for similarity in ("cosine", "distance"):
        with pytest.raises(ValueError, match="not finite"):
            facility_location(features, k=2, similarity=similarity)
    with pytest.raises(ValueError, match="candidate 29 are not finite"):
        facility_location_dense(features, 2)
