"""The operators of factorised gradients; modyn.kernels.gradients says what they compute."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from modyn import _kernels
from modyn.kernels.operator import Operator, address, dense, refuse_derivative, threads


def _dense(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else dense(tensor)


def _width(embeddings: Tensor | None) -> int:
    return 0 if embeddings is None else embeddings.shape[1]


def _with_one(embeddings: Tensor | None, gradients: Tensor, dtype: torch.dtype) -> Tensor:
    """[1 ; e] of every sample."""
    one = gradients.new_ones((gradients.shape[0], 1), dtype=dtype)
    return one if embeddings is None else torch.cat([one, embeddings.float().to(dtype)], dim=1)


def _pairs(kernel: Callable[..., None]) -> Callable[..., Tensor]:
    """Of a kernel that writes a number for each pair."""

    def cpu(
        gradients: Tensor, embeddings: Tensor | None, other_gradients: Tensor, other_embeddings: Tensor | None
    ) -> Tensor:
        g, other_g = dense(gradients), dense(other_gradients)
        e, other_e = _dense(embeddings), _dense(other_embeddings)
        out = g.new_empty((len(g), len(other_g)))
        kernel(
            address(g),
            address(e),
            len(g),
            address(other_g),
            address(other_e),
            len(other_g),
            g.shape[1],
            _width(e),
            address(out),
            threads(),
        )
        return out

    return cpu


def _inner_products_reference(
    gradients: Tensor, embeddings: Tensor | None, other_gradients: Tensor, other_embeddings: Tensor | None
) -> Tensor:
    products = gradients.float() @ other_gradients.float().T
    if embeddings is None or other_embeddings is None:
        return products
    return products * (1 + embeddings.float() @ other_embeddings.float().T)


def distances_reference(
    gradients: Tensor, embeddings: Tensor | None, other_gradients: Tensor, other_embeddings: Tensor | None
) -> Tensor:
    """As `modyn.kernels.gradients.gradient_distances` has them, in plain PyTorch."""
    of_gradients = _squared_distances(gradients, other_gradients)
    if embeddings is None or other_embeddings is None:
        return of_gradients.sqrt().float()
    of_embeddings = _squared_distances(embeddings, other_embeddings)
    g, other_g = _squared_norms(gradients)[:, None], _squared_norms(other_gradients)
    e, other_e = _squared_norms(embeddings)[:, None], _squared_norms(other_embeddings)
    gradient_between = ((g + other_g) / 2 - of_gradients / 4).clamp(min=0)
    embedding_between = 1 + ((e + other_e) / 2 - of_embeddings / 4).clamp(min=0)
    squared = of_gradients * embedding_between + gradient_between * of_embeddings + (g - other_g) * (e - other_e) / 2
    return squared.clamp(min=0).sqrt().float()


def _squared_norms(rows: Tensor) -> Tensor:
    return _rounded(rows).square().sum(dim=1)


def _squared_distances(rows: Tensor, others: Tensor) -> Tensor:
    return torch.cdist(_rounded(rows), _rounded(others), compute_mode="donot_use_mm_for_euclid_dist").square()


def _rounded(rows: Tensor) -> Tensor:
    """To float32, as kernels read all numbers, for sums in float64."""
    return rows.float().double()


def _pairs_fake(
    gradients: Tensor, embeddings: Tensor | None, other_gradients: Tensor, other_embeddings: Tensor | None
) -> Tensor:
    return gradients.new_empty((gradients.shape[0], other_gradients.shape[0]), dtype=torch.float32)


def _norms_cpu(gradients: Tensor, embeddings: Tensor | None) -> Tensor:
    g, e = dense(gradients), _dense(embeddings)
    out = g.new_empty(len(g), dtype=torch.float64)
    _kernels.gradient_squared_norms(address(g), address(e), len(g), g.shape[1], _width(e), address(out), threads())
    return out.sqrt_().float()


def _norms_reference(gradients: Tensor, embeddings: Tensor | None) -> Tensor:
    squared = _squared_norms(gradients) * _squared_norms(_with_one(embeddings, gradients, torch.float64))
    return squared.sqrt().float()


def _correlations_cpu(gradients: Tensor, embeddings: Tensor | None, residual: Tensor) -> Tensor:
    g, e, r = dense(gradients), _dense(embeddings), dense(residual)
    out = g.new_empty(len(g))
    _kernels.gradient_correlations(
        address(g), address(e), len(g), g.shape[1], _width(e), address(r), address(out), threads()
    )
    return out


def _correlations_reference(gradients: Tensor, embeddings: Tensor | None, residual: Tensor) -> Tensor:
    with_residual = gradients.float() @ residual.float()
    return (with_residual * _with_one(embeddings, gradients, torch.float32)).sum(dim=1)


def _samples_fake(gradients: Tensor, embeddings: Tensor | None, residual: Tensor | None = None) -> Tensor:
    return gradients.new_empty((gradients.shape[0],), dtype=torch.float32)


def _weighted_sum_cpu(gradients: Tensor, embeddings: Tensor | None, weights: Tensor) -> Tensor:
    g, e, w = dense(gradients), _dense(embeddings), dense(weights, torch.float64)
    out = w.new_empty((g.shape[1], _width(e) + 1))
    _kernels.gradient_weighted_sum(
        address(g), address(e), len(g), g.shape[1], _width(e), address(w), address(out), threads()
    )
    return out.float()


def _weighted_sum_reference(gradients: Tensor, embeddings: Tensor | None, weights: Tensor) -> Tensor:
    weighted = weights.double()[:, None] * _rounded(gradients)
    return (weighted.T @ _with_one(embeddings, gradients, torch.float64)).float()


def _weighted_sum_fake(gradients: Tensor, embeddings: Tensor | None, weights: Tensor) -> Tensor:
    return gradients.new_empty((gradients.shape[1], _width(embeddings) + 1), dtype=torch.float32)


INNER_PRODUCTS = Operator(
    _pairs(_kernels.gradient_inner_products),
    _inner_products_reference,
    _pairs_fake,
    backward=refuse_derivative("gradient_inner_products"),
)
DISTANCES = Operator(
    _pairs(_kernels.gradient_distances),
    distances_reference,
    _pairs_fake,
    backward=refuse_derivative("gradient_distances"),
)
NORMS = Operator(_norms_cpu, _norms_reference, _samples_fake, backward=refuse_derivative("gradient_norms"))
CORRELATIONS = Operator(
    _correlations_cpu,
    _correlations_reference,
    _samples_fake,
    backward=refuse_derivative("gradient_correlations"),
)
WEIGHTED_SUM = Operator(
    _weighted_sum_cpu,
    _weighted_sum_reference,
    _weighted_sum_fake,
    backward=refuse_derivative("gradient_weighted_sum"),
)
