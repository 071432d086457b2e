"""Graph cut: samples that are similar to all, and not to each other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from modyn import _kernels
from modyn.kernels.operator import Operator
from modyn.kernels.submodular import reference
from modyn.kernels.submodular.arguments import Optimization, check_samples, check_similarity, number_of_picks
from modyn.kernels.submodular.kernel_calls import empty_picks, pick_candidates, pick_samples


def graph_cut(
    gradients: Tensor,
    embeddings: Tensor | None = None,
    *,
    k: int | None = None,
    groups: Tensor | None = None,
    budgets: Sequence[int] | None = None,
    similarity: str = "cosine",
    lam: float = 1.0,
    optimizer: str = "lazy",
    epsilon: float = 0.1,
    beta: float = 0.9,
    seed: int = 0,
) -> tuple[Tensor, Tensor]:
    """Maximise similarity to all less similarity to each other, greedily.

    f(A) = lam * sum of S_ia over all samples i and picks a - sum of S_ab over all ordered pairs of picks a != b, so
    picking j adds lam * sum over i of S_ij - 2 * sum over picks a of S_aj. Gains may be negative if lam is below 2; k
    samples are picked all the same. Similarities and optimizers: see `modyn.kernels.submodular`. With cosines, sums
    over all samples follow from the sum of all features: O(k N (C + E)); with distances there are O(N^2 (C + E))
    before. Memory O(N (C + E)).

    Args:
        gradients: [N, C], or any features.
        embeddings: [N, E], inputs of the last layer; None for `gradients` alone.
        k: how many samples to pick; None if there are budgets.
        groups: int64 [N], from 0 on; None for one group.
        budgets: how many to pick of each group; None picks what adds most, of whatever group.
        similarity: "cosine" or "distance".
        lam: how much similarity to all counts; with 2 or more the function is monotone.
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
    check_similarity(similarity)
    _check_lam(lam)
    Optimization(optimizer, epsilon, beta, seed).check()
    count = number_of_picks("graph_cut", len(gradients), k, groups, budgets)
    limits = None if budgets is None else list(budgets)
    picks, gains = torch.ops.modyn.graph_cut(
        gradients, embeddings, groups, count, limits, similarity, lam, optimizer, epsilon, beta, seed
    )
    return picks, gains


def graph_cut_dense(
    similarities: Tensor,
    k: int,
    *,
    lam: float = 1.0,
    optimizer: str = "lazy",
    epsilon: float = 0.1,
    beta: float = 0.9,
    seed: int = 0,
) -> tuple[Tensor, Tensor]:
    """The same for similarities that are given.

    Args:
        similarities: [N, N], symmetric, finite and not negative.
        k: how many samples to pick.
        lam: as for `graph_cut`; so are the others.
        optimizer: how to maximise.
        epsilon: for "stochastic".
        beta: for "approximate_lazy".
        seed: for "stochastic".

    Returns:
        The samples picked, int64 [k], and what each added, float64 [k], in order.

    Raises:
        ValueError: shapes, names or numbers that do not fit, more picks than samples, or similarities that are
            negative, not finite or not symmetric.
    """
    if similarities.ndim != 2 or similarities.shape[0] != similarities.shape[1]:
        raise ValueError(f"similarities of shape {list(similarities.shape)}, expected [samples, samples]")
    _check_lam(lam)
    Optimization(optimizer, epsilon, beta, seed).check()
    count = number_of_picks("graph_cut_dense", len(similarities), k, None, None)
    picks, gains = torch.ops.modyn.graph_cut_dense(similarities, count, lam, optimizer, epsilon, beta, seed)
    return picks, gains


def _check_lam(lam: float) -> None:
    if not 0 <= lam < math.inf:
        raise ValueError(f"lam is {lam}, expected a number from 0 on")


def _samples_cpu(
    gradients: Tensor,
    embeddings: Tensor | None,
    groups: Tensor | None,
    k: int,
    budgets: list[int] | None,
    similarity: str,
    lam: float,
    optimizer: str,
    epsilon: float,
    beta: float,
    seed: int,
) -> tuple[Tensor, Tensor]:
    how = Optimization(optimizer, epsilon, beta, seed)
    return pick_samples(_kernels.graph_cut, gradients, embeddings, groups, k, budgets, (similarity, lam), how)


def _samples_reference(
    gradients: Tensor,
    embeddings: Tensor | None,
    groups: Tensor | None,
    k: int,
    budgets: list[int] | None,
    similarity: str,
    lam: float,
    optimizer: str,
    epsilon: float,
    beta: float,
    seed: int,
) -> tuple[Tensor, Tensor]:
    def of_group(members: Tensor) -> reference.GraphCut:
        own = reference.similarities_of_group(gradients, embeddings, members, similarity)
        return reference.GraphCut(own, lam, 1e-3 if similarity == "distance" else 0.0)

    how = Optimization(optimizer, epsilon, beta, seed)
    return reference.greedy(of_group, reference.group_of_each(gradients, groups), k, budgets, how)


def _samples_fake(
    gradients: Tensor,
    embeddings: Tensor | None,
    groups: Tensor | None,
    k: int,
    budgets: list[int] | None,
    similarity: str,
    lam: float,
    optimizer: str,
    epsilon: float,
    beta: float,
    seed: int,
) -> tuple[Tensor, Tensor]:
    return empty_picks(gradients, k)


def _dense_cpu(
    similarities: Tensor, k: int, lam: float, optimizer: str, epsilon: float, beta: float, seed: int
) -> tuple[Tensor, Tensor]:
    how = Optimization(optimizer, epsilon, beta, seed)
    return pick_candidates(_kernels.graph_cut_dense, similarities, k, (lam,), how)


def _dense_reference(
    similarities: Tensor, k: int, lam: float, optimizer: str, epsilon: float, beta: float, seed: int
) -> tuple[Tensor, Tensor]:
    matrix = similarities.float()
    reference.check_matrix(matrix)
    if len(matrix) > 0 and bool((matrix < 0).any()):
        raise ValueError("similarities are negative, expected numbers from 0 on")
    how = Optimization(optimizer, epsilon, beta, seed)
    return reference.greedy(
        lambda _: reference.GraphCut(matrix, lam), reference.group_of_each(matrix, None), k, None, how
    )


def _dense_fake(
    similarities: Tensor, k: int, lam: float, optimizer: str, epsilon: float, beta: float, seed: int
) -> tuple[Tensor, Tensor]:
    return empty_picks(similarities, k)


GRAPH_CUT = Operator(_samples_cpu, _samples_reference, _samples_fake)
GRAPH_CUT_DENSE = Operator(_dense_cpu, _dense_reference, _dense_fake)
