"""Log-determinant: samples that span as much as possible, as of a determinantal point process."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from modyn import _kernels
from modyn.kernels.operator import Operator
from modyn.kernels.submodular import reference
from modyn.kernels.submodular.arguments import Optimization, check_samples, number_of_picks
from modyn.kernels.submodular.kernel_calls import empty_picks, pick_candidates, pick_samples


def log_determinant(
    gradients: Tensor,
    embeddings: Tensor | None = None,
    *,
    k: int | None = None,
    groups: Tensor | None = None,
    budgets: Sequence[int] | None = None,
    ridge: float = 1e-3,
    optimizer: str = "lazy",
    epsilon: float = 0.1,
    beta: float = 0.9,
    seed: int = 0,
) -> tuple[Tensor, Tensor]:
    """Maximise log det(S_AA + ridge * I) of the cosine similarities of the picks, greedily.

    Picking j adds the log of its residual variance, what the picks leave unexplained of S_jj + ridge (fast greedy MAP
    inference, Chen et al., NeurIPS 2018). Samples that equal a pick have a residual variance of about twice the ridge:
    they are picked last. Similarities by distance are no kernel in this sense, so there is no choice. Gains may be
    negative; k samples are picked all the same. Optimizers: see `modyn.kernels.submodular`. Time at most
    O(k N (C + E + k)), memory at most O(N (C + E + k)), in float64 what depends on k.

    Args:
        gradients: [N, C], or any features.
        embeddings: [N, E], inputs of the last layer; None for `gradients` alone.
        k: how many samples to pick; None if there are budgets.
        groups: int64 [N], from 0 on; None for one group.
        budgets: how many to pick of each group; None picks what adds most, of whatever group.
        ridge: added to the diagonal, above 0; similarities are right to about 1e-7, so keep it far above that.
        optimizer: "naive", "lazy", "stochastic" or "approximate_lazy".
        epsilon: for "stochastic", between 0 and 1; the smaller, the larger are its subsets.
        beta: for "approximate_lazy", above 0 and at most 1.
        seed: for "stochastic".

    Returns:
        The samples picked, int64 [k], and what each added, float64 [k], in order.

    Raises:
        ValueError: shapes, names or numbers that do not fit, more picks than samples, or features that are not finite.
    """
    check_samples(gradients, embeddings)
    _check_ridge(ridge)
    Optimization(optimizer, epsilon, beta, seed).check()
    count = number_of_picks("log_determinant", len(gradients), k, groups, budgets)
    limits = None if budgets is None else list(budgets)
    picks, gains = torch.ops.modyn.log_determinant(
        gradients, embeddings, groups, count, limits, ridge, optimizer, epsilon, beta, seed
    )
    return picks, gains


def log_determinant_dense(
    similarities: Tensor,
    k: int,
    *,
    ridge: float = 1e-3,
    optimizer: str = "lazy",
    epsilon: float = 0.1,
    beta: float = 0.9,
    seed: int = 0,
) -> tuple[Tensor, Tensor]:
    """The same for similarities that are given.

    Args:
        similarities: [N, N], symmetric, finite, positive semi-definite.
        k: how many samples to pick.
        ridge: as for `log_determinant`; so are the others.
        optimizer: how to maximise.
        epsilon: for "stochastic".
        beta: for "approximate_lazy".
        seed: for "stochastic".

    Returns:
        The samples picked, int64 [k], and what each added, float64 [k], in order.

    Raises:
        ValueError: shapes, names or numbers that do not fit, more picks than samples, or similarities that are
            not finite or not symmetric.
    """
    if similarities.ndim != 2 or similarities.shape[0] != similarities.shape[1]:
        raise ValueError(f"similarities of shape {list(similarities.shape)}, expected [samples, samples]")
    _check_ridge(ridge)
    Optimization(optimizer, epsilon, beta, seed).check()
    count = number_of_picks("log_determinant_dense", len(similarities), k, None, None)
    picks, gains = torch.ops.modyn.log_determinant_dense(similarities, count, ridge, optimizer, epsilon, beta, seed)
    return picks, gains


def _check_ridge(ridge: float) -> None:
    if not 0 < ridge < math.inf:
        raise ValueError(f"ridge is {ridge}, expected a number above 0")


def _samples_cpu(
    gradients: Tensor,
    embeddings: Tensor | None,
    groups: Tensor | None,
    k: int,
    budgets: list[int] | None,
    ridge: float,
    optimizer: str,
    epsilon: float,
    beta: float,
    seed: int,
) -> tuple[Tensor, Tensor]:
    how = Optimization(optimizer, epsilon, beta, seed)
    return pick_samples(_kernels.log_determinant, gradients, embeddings, groups, k, budgets, (ridge,), how)


def _samples_reference(
    gradients: Tensor,
    embeddings: Tensor | None,
    groups: Tensor | None,
    k: int,
    budgets: list[int] | None,
    ridge: float,
    optimizer: str,
    epsilon: float,
    beta: float,
    seed: int,
) -> tuple[Tensor, Tensor]:
    def of_group(members: Tensor) -> reference.LogDeterminant:
        own = reference.similarities_of_group(gradients, embeddings, members, "cosine")
        return reference.LogDeterminant(own, ridge)

    how = Optimization(optimizer, epsilon, beta, seed)
    return reference.greedy(of_group, reference.group_of_each(gradients, groups), k, budgets, how)


def _samples_fake(
    gradients: Tensor,
    embeddings: Tensor | None,
    groups: Tensor | None,
    k: int,
    budgets: list[int] | None,
    ridge: float,
    optimizer: str,
    epsilon: float,
    beta: float,
    seed: int,
) -> tuple[Tensor, Tensor]:
    return empty_picks(gradients, k)


def _dense_cpu(
    similarities: Tensor, k: int, ridge: float, optimizer: str, epsilon: float, beta: float, seed: int
) -> tuple[Tensor, Tensor]:
    how = Optimization(optimizer, epsilon, beta, seed)
    return pick_candidates(_kernels.log_determinant_dense, similarities, k, (ridge,), how)


def _dense_reference(
    similarities: Tensor, k: int, ridge: float, optimizer: str, epsilon: float, beta: float, seed: int
) -> tuple[Tensor, Tensor]:
    matrix = similarities.float()
    reference.check_matrix(matrix)
    how = Optimization(optimizer, epsilon, beta, seed)
    return reference.greedy(
        lambda _: reference.LogDeterminant(matrix, ridge), reference.group_of_each(matrix, None), k, None, how
    )


def _dense_fake(
    similarities: Tensor, k: int, ridge: float, optimizer: str, epsilon: float, beta: float, seed: int
) -> tuple[Tensor, Tensor]:
    return empty_picks(similarities, k)


LOG_DETERMINANT = Operator(_samples_cpu, _samples_reference, _samples_fake)
LOG_DETERMINANT_DENSE = Operator(_dense_cpu, _dense_reference, _dense_fake)
