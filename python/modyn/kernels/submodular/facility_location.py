"""Facility location: the samples to which all samples are most similar."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from modyn import _kernels
from modyn.kernels.operator import Operator, address, dense, threads
from modyn.kernels.submodular import reference
from modyn.kernels.submodular.arguments import Optimization, check_samples, check_similarity, number_of_picks
from modyn.kernels.submodular.kernel_calls import empty_picks, pick_samples


def facility_location(
    gradients: Tensor,
    embeddings: Tensor | None = None,
    *,
    k: int | None = None,
    groups: Tensor | None = None,
    budgets: Sequence[int] | None = None,
    similarity: str = "cosine",
    optimizer: str = "lazy",
    epsilon: float = 0.1,
    beta: float = 0.9,
    seed: int = 0,
) -> tuple[Tensor, Tensor]:
    """Maximise the sum over all samples of the similarity to their nearest pick, greedily.

    The value of the picks is the sum of their gains. Similarities and optimizers: see `modyn.kernels.submodular`. The
    first picks take O(N^2 (C + E)), later ones far less; memory O(N (C + E)),
    and 4 bytes for each pair of samples of a group where that is at most a quarter of a gigabyte.

    Args:
        gradients: [N, C], or any features.
        embeddings: [N, E], inputs of the last layer; None for `gradients` alone.
        k: how many samples to pick; None if there are budgets.
        groups: int64 [N], from 0 on; None for one group.
        budgets: how many to pick of each group; None picks what adds most, of whatever group.
        similarity: "cosine" or "distance".
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
    Optimization(optimizer, epsilon, beta, seed).check()
    count = number_of_picks("facility_location", len(gradients), k, groups, budgets)
    limits = None if budgets is None else list(budgets)
    picks, gains = torch.ops.modyn.facility_location(
        gradients, embeddings, groups, count, limits, similarity, optimizer, epsilon, beta, seed
    )
    return picks, gains


def facility_location_dense(
    similarities: Tensor,
    k: int,
    *,
    optimizer: str = "lazy",
    epsilon: float = 0.1,
    beta: float = 0.9,
    seed: int = 0,
) -> tuple[Tensor, Tensor]:
    """The same for similarities that are given.

    Args:
        similarities: [N, M] of N samples to M candidates, each finite; those below 0 count as 0. If it is square and
            symmetric it is read where it is, otherwise a transposed copy is made.
        k: how many candidates to pick.
        optimizer: as for `facility_location`; so are the others.
        epsilon: for "stochastic".
        beta: for "approximate_lazy".
        seed: for "stochastic".

    Returns:
        The candidates picked, int64 [k], and what each added, float64 [k], in order.

    Raises:
        ValueError: shapes, names or numbers that do not fit, more picks than candidates, or similarities that are
            NaN or infinite.
    """
    if similarities.ndim != 2:
        raise ValueError(f"similarities have {similarities.ndim} dimensions, expected [samples, candidates]")
    Optimization(optimizer, epsilon, beta, seed).check()
    count = number_of_picks("facility_location_dense", similarities.shape[1], k, None, None)
    picks, gains = torch.ops.modyn.facility_location_dense(similarities, count, optimizer, epsilon, beta, seed)
    return picks, gains


def _facility_location_cpu(
    gradients: Tensor,
    embeddings: Tensor | None,
    groups: Tensor | None,
    k: int,
    budgets: list[int] | None,
    similarity: str,
    optimizer: str,
    epsilon: float,
    beta: float,
    seed: int,
) -> tuple[Tensor, Tensor]:
    how = Optimization(optimizer, epsilon, beta, seed)
    return pick_samples(_kernels.facility_location, gradients, embeddings, groups, k, budgets, (similarity,), how)


def _facility_location_reference(
    gradients: Tensor,
    embeddings: Tensor | None,
    groups: Tensor | None,
    k: int,
    budgets: list[int] | None,
    similarity: str,
    optimizer: str,
    epsilon: float,
    beta: float,
    seed: int,
) -> tuple[Tensor, Tensor]:
    def of_group(members: Tensor) -> reference.FacilityLocation:
        own = reference.similarities_of_group(gradients, embeddings, members, similarity)
        # What all similarities have in common does not lose its digits to them.
        offset = 1e-3 if similarity == "distance" else 0.0
        return reference.FacilityLocation(own, offset)

    how = Optimization(optimizer, epsilon, beta, seed)
    return reference.greedy(of_group, reference.group_of_each(gradients, groups), k, budgets, how)


def _facility_location_fake(
    gradients: Tensor,
    embeddings: Tensor | None,
    groups: Tensor | None,
    k: int,
    budgets: list[int] | None,
    similarity: str,
    optimizer: str,
    epsilon: float,
    beta: float,
    seed: int,
) -> tuple[Tensor, Tensor]:
    return empty_picks(gradients, k)


def _dense_cpu(
    similarities: Tensor, k: int, optimizer: str, epsilon: float, beta: float, seed: int
) -> tuple[Tensor, Tensor]:
    matrix = dense(similarities)
    picks, gains = empty_picks(matrix, k)
    rows, columns = matrix.shape
    _kernels.facility_location_dense(
        address(matrix), rows, columns, optimizer, epsilon, beta, seed, address(picks), address(gains), k, threads()
    )
    return picks, gains


def _dense_reference(
    similarities: Tensor, k: int, optimizer: str, epsilon: float, beta: float, seed: int
) -> tuple[Tensor, Tensor]:
    matrix = similarities.float()
    if not bool(torch.isfinite(matrix).all()):
        raise ValueError("similarities are not finite: leave out candidates with NaN or infinite numbers")
    one_group = torch.zeros(matrix.shape[1], dtype=torch.int64, device=matrix.device)
    how = Optimization(optimizer, epsilon, beta, seed)
    return reference.greedy(lambda _: reference.FacilityLocation(matrix), one_group, k, None, how)


def _dense_fake(
    similarities: Tensor, k: int, optimizer: str, epsilon: float, beta: float, seed: int
) -> tuple[Tensor, Tensor]:
    return empty_picks(similarities, k)


FACILITY_LOCATION = Operator(_facility_location_cpu, _facility_location_reference, _facility_location_fake)
FACILITY_LOCATION_DENSE = Operator(_dense_cpu, _dense_reference, _dense_fake)
