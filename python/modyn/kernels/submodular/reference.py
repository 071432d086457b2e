"""Greedy algorithms in plain PyTorch, on any device: all similarities of a group at once, all gains at every step."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from modyn.kernels.gradient_operators import distances_reference
from modyn.kernels.philox import philox
from modyn.kernels.submodular.arguments import Optimization, check_group_numbers

_ROWS_AT_ONCE = 4096
_PURPOSE_OF_SUBSETS = 16  # Purpose::kGreedySubset of modyn/partition.hpp


class Objective(Protocol):
    """A function of one group's samples."""

    def gains(self) -> Tensor:
        """What picking each sample would add now, float64."""

    def add(self, pick: Tensor) -> None:
        """Pick a sample, given as a tensor with its place."""


class FacilityLocation:
    """Sum over rows of the largest similarity to a picked column; below 0 counts as 0."""

    def __init__(self, similarities: Tensor, offset: float = 0.0) -> None:
        self._similarities = similarities
        self._offset = offset * len(similarities)  # of the first gain
        self._covered = similarities.new_zeros(len(similarities))

    def gains(self) -> Tensor:
        gains = self._similarities.new_full((self._similarities.shape[1],), self._offset, dtype=torch.float64)
        for first in range(0, len(self._similarities), _ROWS_AT_ONCE):
            rows = slice(first, first + _ROWS_AT_ONCE)
            more = self._similarities[rows] - self._covered[rows, None]
            gains += more.clamp_(min=0).sum(0, dtype=torch.float64)
        return gains

    def add(self, pick: Tensor) -> None:
        self._covered = torch.maximum(self._covered, self._similarities[:, pick])
        self._offset = 0.0


class GraphCut:
    """weight * sum of similarities of all to the picked - sum of those of the picked to each other."""

    def __init__(self, similarities: Tensor, weight: float, offset: float = 0.0) -> None:
        self._similarities = similarities
        self._offset = offset  # of each similarity
        self._gains = weight * (similarities.sum(0, dtype=torch.float64) + offset * len(similarities))

    def gains(self) -> Tensor:
        return self._gains

    def add(self, pick: Tensor) -> None:
        self._gains = self._gains - 2 * (self._similarities[pick].double() + self._offset)


class LogDeterminant:
    """log det of the similarities of the picked, and a ridge; by the rows of a Cholesky factor."""

    def __init__(self, similarities: Tensor, ridge: float) -> None:
        self._similarities = similarities
        self._ridge = ridge
        self._variances = similarities.diagonal().double() + ridge
        self._factors: list[Tensor] = []

    def gains(self) -> Tensor:
        return self._variances.clamp(min=self._ridge).log()

    def add(self, pick: Tensor) -> None:
        row = self._similarities[pick].double()
        for factor in self._factors:
            row = row - factor[pick] * factor
        row = row / self._variances[pick].clamp(min=self._ridge).sqrt()
        self._variances = self._variances - row * row
        self._factors.append(row)


class _Sum:
    """The functions of disjoint groups as one."""

    def __init__(self, parts: Sequence[Objective], members: Sequence[Tensor], group_of: Tensor) -> None:
        self._parts = parts
        self._members = members
        self._group_of = group_of
        self._gains = torch.zeros(len(group_of), dtype=torch.float64, device=group_of.device)
        for part, own in zip(parts, members, strict=True):
            self._gains[own] = part.gains()

    def gains(self) -> Tensor:
        return self._gains

    def add(self, pick: Tensor) -> None:
        group = int(self._group_of[pick])
        own = self._members[group]
        self._parts[group].add(torch.searchsorted(own, pick))
        self._gains = self._gains.clone()
        self._gains[own] = self._parts[group].gains()


def _first_of_largest(values: Tensor) -> Tensor:
    places = torch.arange(len(values), device=values.device)
    return torch.where(values == values.max(), places, len(values)).min()


def subset_numbers(seed: int, step: int, samples: Tensor) -> Tensor:
    """The number below 2^32 of each sample at a step of stochastic greedy: Philox4x32-10, Salmon et al., SC 2011."""
    words = philox(seed, step, _PURPOSE_OF_SUBSETS, samples // 4)
    return torch.stack(words).gather(0, (samples % 4)[None])[0]


def _sequence(objective: Objective, ids: Tensor, picks: int, how: Optimization) -> tuple[Tensor, Tensor]:
    """Places in `ids` of the picks, and their gains."""
    count = len(ids)
    places = torch.arange(count, device=ids.device)
    lowest = -math.inf
    left = torch.ones(count, dtype=torch.bool, device=ids.device)
    bounds = torch.full((count,), math.inf, dtype=torch.float64, device=ids.device)
    chosen: list[Tensor] = []
    of_chosen: list[Tensor] = []
    subset_size = max(1, math.ceil(min(count / max(picks, 1) * math.log(1 / how.epsilon), 1e9)))
    for step in range(picks):
        gains = objective.gains().masked_fill(~left, lowest)
        values = gains
        if how.optimizer == "stochastic" and subset_size < count - step:
            # Numbers below 2^32 and places below 2^31 make one order without ties.
            order = subset_numbers(how.seed, step, ids) * 2**31 + places
            allowed = torch.zeros_like(left)
            allowed[order.masked_fill(~left, torch.iinfo(torch.int64).max).topk(subset_size, largest=False).indices] = (
                True
            )
            values = gains.masked_fill(~allowed, lowest)
        if how.optimizer == "approximate_lazy" and step > 0:
            passes = gains >= torch.minimum(bounds, how.beta * bounds)
            values = torch.where(passes, bounds, gains)
        pick = _first_of_largest(values)
        if how.optimizer == "approximate_lazy":
            if step == 0:
                bounds = gains
            # Those that were looked at before the pick and did not pass.
            before = (bounds > values[pick]) | ((bounds == values[pick]) & (places < pick))
            bounds = torch.where(before, gains, bounds)
            bounds[pick] = lowest
        chosen.append(pick)
        of_chosen.append(gains[pick])
        left[pick] = False
        objective.add(pick)
    if not chosen:
        return places[:0], bounds[:0]
    return torch.stack(chosen), torch.stack(of_chosen)


def greedy(
    make: Callable[[Tensor], Objective],
    groups: Tensor,
    k: int,
    budgets: Sequence[int] | None,
    how: Optimization,
) -> tuple[Tensor, Tensor]:
    """Picks and their gains, in order. `make` gives the function of a group from the rows of its samples."""
    count = len(groups)
    ids = torch.arange(count, device=groups.device)
    if k == 0:
        return ids[:0], torch.zeros(0, dtype=torch.float64, device=groups.device)
    check_group_numbers(groups)
    if budgets is None:
        labels, group_of = torch.unique(groups, return_inverse=True)
        members = [ids[group_of == group] for group in range(len(labels))]
        return _sequence(_Sum([make(own) for own in members], members, group_of), ids, k, how)
    if int(groups.max()) >= len(budgets):
        raise ValueError(f"group {int(groups.max())} has no budget, expected groups from 0 to {len(budgets) - 1}")
    sequences = []
    for group, budget in enumerate(budgets):
        own = ids[groups == group]
        if not 0 <= budget <= len(own):
            raise ValueError(f"group {group} has {len(own)} samples, not the {budget} of its budget")
        if budget > 0:
            places, gains = _sequence(make(own), own, budget, how)
            sequences.append((own[places], gains))
    return _merge(sequences)


def _merge(sequences: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """The best first pick of all sequences, again and again."""
    picks = torch.cat([own for own, _ in sequences])
    gains = torch.cat([own for _, own in sequences])
    lists = list(zip(picks.tolist(), gains.tolist(), strict=True))
    ends = torch.tensor([len(own) for own, _ in sequences]).cumsum(0).tolist()
    heads = [end - len(own) for end, (own, _) in zip(ends, sequences, strict=True)]
    order: list[int] = []
    while len(order) < len(lists):
        open_heads = [i for i, head in enumerate(heads) if head < ends[i]]
        best = min(open_heads, key=lambda i: (-lists[heads[i]][1], lists[heads[i]][0]))
        order.append(heads[best])
        heads[best] += 1
    chosen = torch.tensor(order, device=picks.device)
    return picks[chosen], gains[chosen]


def check_matrix(matrix: Tensor) -> None:
    """ValueError if given similarities are not finite or not symmetric."""
    if not bool(torch.isfinite(matrix).all()):
        raise ValueError("similarities are not finite: leave out candidates with NaN or infinite numbers")
    if not bool((matrix == matrix.T).all()):
        raise ValueError("the similarities are not symmetric: those of a and b and of b and a must be equal")


def group_of_each(samples: Tensor, groups: Tensor | None) -> Tensor:
    """The group of each sample, int64 [N]."""
    return samples.new_zeros(len(samples), dtype=torch.int64) if groups is None else groups


def similarities_of_group(gradients: Tensor, embeddings: Tensor | None, members: Tensor, similarity: str) -> Tensor:
    """[n, n] float32, from 0 on: without the 1e-3 that similarities by distance have beyond that."""
    own = similarities(gradients[members], None if embeddings is None else embeddings[members], similarity)
    return own - own.min() if similarity == "distance" else own


def similarities(gradients: Tensor, embeddings: Tensor | None, similarity: str, others: Tensor | None = None) -> Tensor:
    """[N, N], or to the rows `others` only; float32. For "distance" the negative distances."""
    g, e = gradients.float(), None if embeddings is None else embeddings.float()  # as kernels read them
    if not bool(torch.isfinite(g).all()) or not (e is None or bool(torch.isfinite(e).all())):
        raise ValueError("features are not finite: leave out samples with NaN or infinite numbers")
    of_pairs = _negative_distances
    if similarity == "cosine":
        g, e = _normalised(g, e)
        of_pairs = _cosine_similarities
    right_g, right_e = (g, e) if others is None else (g[others], None if e is None else e[others])
    out = gradients.new_empty((len(g), len(right_g)), dtype=torch.float32)
    for first in range(0, len(g), _ROWS_AT_ONCE):
        rows = slice(first, first + _ROWS_AT_ONCE)
        out[rows] = of_pairs(g[rows], None if e is None else e[rows], right_g, right_e)
    return out


def _normalised(gradients: Tensor, embeddings: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Factors of gradients of norm 1, or 0; float64."""
    g, e = gradients.double(), None if embeddings is None else embeddings.double()
    squares = (g * g).sum(1) * (1 if e is None else 1 + (e * e).sum(1))
    return g * torch.where(squares > 0, squares, 1).rsqrt()[:, None], e


def _cosine_similarities(g: Tensor, e: Tensor | None, other_g: Tensor, other_e: Tensor | None) -> Tensor:
    products = g @ other_g.T
    if e is not None and other_e is not None:
        products *= 1 + e @ other_e.T
    return (0.5 + 0.5 * products).clamp(0, 1)


def _negative_distances(g: Tensor, e: Tensor | None, other_g: Tensor, other_e: Tensor | None) -> Tensor:
    return -distances_reference(g, e, other_g, other_e)
