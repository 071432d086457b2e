from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.kernels.whole_gradients import whole_gradients

from modyn.kernels.gradient_operators import DISTANCES, NORMS, WEIGHTED_SUM
from modyn.ops import (
    gradient_correlations,
    gradient_distances,
    gradient_inner_products,
    gradient_norms,
    gradient_weighted_sum,
)


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(1, 70), st.integers(1, 9), st.sampled_from([None, 1, 6]), st.integers(0, 2**31))
def test_inner_products_are_those_of_the_whole_gradients(
    count: int, others: int, classes: int, embedding: int | None, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    g, other_g = (torch.randn(size, classes, generator=generator) for size in (count, others))
    e, other_e = (
        None if embedding is None else torch.randn(size, embedding, generator=generator) for size in (count, others)
    )

    products = gradient_inner_products(g, e, other_g, other_e)

    expected = whole_gradients(g, e) @ whole_gradients(other_g, other_e).T
    torch.testing.assert_close(products.double(), expected, rtol=1e-4, atol=1e-4)


def test_inner_products_of_views_and_half_precision_are_taken() -> None:
    wide = torch.randn(12, 20).to(torch.bfloat16)

    products = gradient_inner_products(wide[::2, ::2], None, wide[:3, ::2], None)

    torch.testing.assert_close(products, wide[::2, ::2].float() @ wide[:3, ::2].float().T)


def test_embeddings_on_one_side_only_are_refused() -> None:
    with pytest.raises(ValueError, match="one side only"):
        gradient_inner_products(torch.ones(2, 3), torch.ones(2, 4), torch.ones(2, 3), None)


SIZES = (st.integers(0, 70), st.integers(1, 9), st.sampled_from([None, 1, 6, 40]), st.integers(0, 2**31))


def factors(count: int, classes: int, embedding: int | None, seed: int) -> tuple[torch.Tensor, torch.Tensor | None]:
    generator = torch.Generator().manual_seed(seed)
    gradients = torch.randn(count, classes, generator=generator)
    return gradients, None if embedding is None else torch.randn(count, embedding, generator=generator)


@settings(deadline=None)
@given(*SIZES)
def test_norms_are_those_of_the_whole_gradients(count: int, classes: int, embedding: int | None, seed: int) -> None:
    g, e = factors(count, classes, embedding, seed)

    norms = gradient_norms(g, e)

    torch.testing.assert_close(norms, whole_gradients(g, e).norm(dim=1).float())


@settings(deadline=None)
@given(*SIZES, st.integers(1, 40), st.sampled_from([0.0, 1.0, 3e3]))
def test_distances_are_those_of_the_whole_gradients_whatever_they_share(
    count: int, classes: int, embedding: int | None, seed: int, others: int, shared: float
) -> None:
    g, e = factors(count + others, classes, embedding, seed)
    g = g + shared
    e = None if e is None else e + shared

    distances = gradient_distances(
        g[:count], None if e is None else e[:count], g[count:], None if e is None else e[count:]
    )

    whole = whole_gradients(g, e)
    expected = torch.cdist(whole[:count], whole[count:], compute_mode="donot_use_mm_for_euclid_dist")
    torch.testing.assert_close(distances.double(), expected, rtol=1e-6, atol=1e-6)


@settings(deadline=None)
@given(
    st.integers(1, 9),
    st.sampled_from([1, 6, 40]),
    st.floats(-4, 4),
    st.sampled_from([0.0, 1e-3, 1.0]),
    st.integers(0, 2**31),
)
def test_distances_are_right_where_the_terms_of_the_factors_cancel(
    classes: int, embedding: int, decades: float, apart: float, seed: int
) -> None:
    # A larger gradient times a smaller embedding is nearly the same: the factors are far apart, the gradients are not.
    g, e = factors(20, classes, embedding, seed)
    assert e is not None
    e = 1000 * e
    other_g = (g + apart * g.roll(1, 0)) * 10**decades
    other_e = e / 10**decades

    found = [gradient_distances(g, e, other_g, other_e), DISTANCES.reference(g, e, other_g, other_e)]

    whole, other = whole_gradients(g, e), whole_gradients(other_g, other_e)
    expected = torch.cdist(whole, other, compute_mode="donot_use_mm_for_euclid_dist")
    # Each term is at most four times the squares of the norms.
    largest = whole.norm(dim=1)[:, None] + other.norm(dim=1) + g.norm(dim=1)[:, None] * other_e.norm(dim=1)
    largest = largest + other_g.norm(dim=1) * e.norm(dim=1)[:, None]
    for distances in found:
        assert ((distances.double() - expected).abs() <= 1e-6 * expected + 1e-7 * largest).all()


def test_differences_of_numbers_that_are_not_close_are_not_rounded(isa: str) -> None:
    arguments = (torch.tensor([[3.0]]), torch.tensor([[1e4 / 3]]), torch.tensor([[1.0]]), torch.tensor([[1e4]]))

    assert float(gradient_distances(*arguments)) == pytest.approx(2.0, rel=1e-6)
    assert float(DISTANCES.reference(*arguments)) == pytest.approx(2.0, rel=1e-6)


@pytest.mark.parametrize("embedding", [None, 3])
@pytest.mark.parametrize("wrong", [torch.nan, torch.inf])
def test_a_distance_to_what_is_not_finite_is_no_number(isa: str, embedding: int | None, wrong: float) -> None:
    g, e = factors(40, 4, embedding, 6)
    other_g = g.clone()
    other_g[7, 2] = wrong

    distances = gradient_distances(g, e, other_g, e)

    assert not distances[:, 7].isfinite().any()
    assert distances[:, :7].isfinite().all()
    torch.testing.assert_close(distances, DISTANCES.reference(g, e, other_g, e), equal_nan=True)


def test_distances_of_a_gradient_to_itself_are_zero(isa: str) -> None:
    g, e = factors(100, 10, 30, 1)

    distances = gradient_distances(g, e, g, e)

    assert distances.diagonal().tolist() == [0.0] * 100
    assert torch.equal(distances, distances.T)


@settings(deadline=None)
@given(*SIZES)
def test_correlations_are_those_of_the_whole_gradients(
    count: int, classes: int, embedding: int | None, seed: int
) -> None:
    g, e = factors(count, classes, embedding, seed)
    residual = torch.randn(classes, 1 + (embedding or 0), generator=torch.Generator().manual_seed(seed))

    correlations = gradient_correlations(g, e, residual)

    whole = torch.cat([residual[:, 0], residual[:, 1:].flatten()]).double()
    torch.testing.assert_close(correlations.double(), whole_gradients(g, e) @ whole, rtol=1e-4, atol=1e-4)


@settings(deadline=None)
@given(*SIZES)
def test_a_weighted_sum_is_that_of_the_whole_gradients(
    count: int, classes: int, embedding: int | None, seed: int
) -> None:
    g, e = factors(count, classes, embedding, seed)
    weights = torch.randn(count, generator=torch.Generator().manual_seed(seed))

    total = gradient_weighted_sum(g, e, weights)

    whole = torch.cat([total[:, 0], total[:, 1:].flatten()]).double()
    torch.testing.assert_close(whole, weights.double() @ whole_gradients(g, e), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("count", "classes", "embedding"), [(1300, 70, 130), (700, 3, 600)])
def test_what_is_larger_than_a_tile_is_put_together(isa: str, count: int, classes: int, embedding: int) -> None:
    g, e = factors(count, classes, embedding, 2)
    assert e is not None
    weights = torch.rand(count, generator=torch.Generator().manual_seed(3)) / count

    total = gradient_weighted_sum(g, e, weights)
    correlations = gradient_correlations(g, e, total)

    with_one = torch.cat([torch.ones(count, 1), e], dim=1).double()
    expected = (weights[:, None].double() * g.double()).T @ with_one
    torch.testing.assert_close(total.double(), expected, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(
        correlations.double(), ((g.double() @ expected) * with_one).sum(dim=1), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("embedding", [None, 3])
def test_weights_beyond_float32_count_with_all_their_digits(isa: str, embedding: int | None) -> None:
    g, e = factors(40, 4, embedding, 7)
    weights = torch.rand(40, dtype=torch.float64, generator=torch.Generator().manual_seed(8)) * 1e40

    total = gradient_weighted_sum(g * 1e-20, e, weights)

    expected = WEIGHTED_SUM.reference(g * 1e-20, e, weights)
    torch.testing.assert_close(total, expected, rtol=1e-4, atol=1e-6 * float(expected.abs().max()))


def test_references_round_to_float32_as_kernels_do() -> None:
    g, e = (one.double() for one in factors(30, 4, 3, 9) if one is not None)
    near_g, near_e = g * (1 + 1e-12), e * (1 + 1e-12)

    assert gradient_distances(g, e, near_g, near_e).diagonal().tolist() == [0.0] * 30
    assert DISTANCES.reference(g, e, near_g, near_e).diagonal().tolist() == [0.0] * 30
    beyond = g * 1e39
    torch.testing.assert_close(gradient_norms(beyond, e), NORMS.reference(beyond, e), equal_nan=True)


def test_threads_change_nothing() -> None:
    g, e = factors(2000, 20, 70, 4)
    before = torch.get_num_threads()
    results = []
    for threads in (1, 2, 7):
        torch.set_num_threads(threads)
        total = gradient_weighted_sum(g, e, torch.ones(2000))
        results.append((total, gradient_correlations(g, e, total), gradient_norms(g, e)))
    torch.set_num_threads(before)

    assert all(torch.equal(one, other) for result in results for one, other in zip(result, results[0], strict=True))


def test_shapes_that_do_not_fit_are_refused() -> None:
    g, e = factors(5, 3, 2, 5)
    with pytest.raises(ValueError, match=r"residual of shape \[3, 2\] does not fit, expected \[3, 3\]"):
        gradient_correlations(g, e, torch.ones(3, 2))
    with pytest.raises(ValueError, match=r"weights of shape \[4\] do not fit 5 gradients"):
        gradient_weighted_sum(g, e, torch.ones(4))
    with pytest.raises(ValueError, match="gradients of 3 and of 2 numbers"):
        gradient_distances(g, None, g[:, :2], None)
    with pytest.raises(ValueError, match="do not fit 4 gradients"):
        gradient_norms(g[:4], e)
