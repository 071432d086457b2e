from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.kernels.whole_gradients import whole_gradients

from modyn.ops import gradient_inner_products


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
