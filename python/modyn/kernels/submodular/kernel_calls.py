"""How operators of this family hand tensors to their kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from modyn.kernels.operator import address, dense, threads
from modyn.kernels.submodular.arguments import Optimization, check_group_numbers


def group_numbers(groups: Tensor | None, budgets: Sequence[int] | None) -> tuple[Tensor | None, int]:
    """The group of each sample as kernels read it, and how many groups there are: no more than numbers that occur."""
    of_samples = None if groups is None else dense(groups, torch.int64)
    if budgets is not None:
        return of_samples, len(budgets)
    if of_samples is None or len(of_samples) == 0:
        return of_samples, 1
    check_group_numbers(of_samples)
    most = int(of_samples.max())
    if most < len(of_samples):
        return of_samples, most + 1
    numbers, places = torch.unique(of_samples, return_inverse=True)
    return places, len(numbers)


def empty_picks(like: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Room for picks and their gains."""
    return like.new_empty((k,), dtype=torch.int64), like.new_empty((k,), dtype=torch.float64)


def pick_samples(
    kernel: Callable[..., None],
    gradients: Tensor,
    embeddings: Tensor | None,
    groups: Tensor | None,
    k: int,
    budgets: Sequence[int] | None,
    function: tuple[str | float, ...],
    how: Optimization,
) -> tuple[Tensor, Tensor]:
    """Call a kernel that picks samples by their features; `function` is what it takes for its function."""
    g = dense(gradients)
    e = None if embeddings is None else dense(embeddings)
    of_samples, count = group_numbers(groups, budgets)
    limits = None if budgets is None else torch.tensor(budgets, dtype=torch.int64)
    picks, gains = empty_picks(g, k)
    kernel(
        address(g),
        address(e),
        len(g),
        g.shape[1],
        0 if e is None else e.shape[1],
        address(of_samples),
        count,
        address(limits),
        *function,
        how.optimizer,
        how.epsilon,
        how.beta,
        how.seed,
        address(picks),
        address(gains),
        k,
        threads(),
    )
    return picks, gains


def pick_candidates(
    kernel: Callable[..., None], similarities: Tensor, k: int, function: tuple[float, ...], how: Optimization
) -> tuple[Tensor, Tensor]:
    """Call a kernel that picks by a symmetric matrix of similarities."""
    matrix = dense(similarities)
    picks, gains = empty_picks(matrix, k)
    kernel(
        address(matrix),
        len(matrix),
        *function,
        how.optimizer,
        how.epsilon,
        how.beta,
        how.seed,
        address(picks),
        address(gains),
        k,
        threads(),
    )
    return picks, gains
