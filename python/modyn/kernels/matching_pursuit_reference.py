"""Orthogonal matching pursuit written down plainly, in float64: every step solves for all weights from nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

MATCHED = 1e-6
UNCORRELATED = 1e-5
DEPENDENT = 1e-10
STEPS_OF_PICK = 4


@dataclass(frozen=True)
class Samples:
    """Factors of N gradients, float64: [N, C] and [N, E] or None; and a coordinate that all of them have alike."""

    gradients: Tensor
    embeddings: Tensor | None
    unit_sum: float

    def __len__(self) -> int:
        return len(self.gradients)

    def with_one(self) -> Tensor:
        """[1 ; e] of every sample."""
        one = self.gradients.new_ones(len(self), 1)
        return one if self.embeddings is None else torch.cat([one, self.embeddings], dim=1)

    def mean(self) -> Tensor:
        return self.gradients.T @ self.with_one() / max(len(self), 1)

    def correlations(self, residual: Tensor) -> Tensor:
        return ((self.gradients @ residual) * self.with_one()).sum(dim=1) + self.common

    def products(self, some: list[int]) -> Tensor:
        """Of all samples with some."""
        of_embeddings = self.with_one()
        return (self.gradients @ self.gradients[some].T) * (of_embeddings @ of_embeddings[some].T) + self.common

    def squared_norms(self) -> Tensor:
        return self.own_squared_norms + self.common

    @cached_property
    def own_squared_norms(self) -> Tensor:
        """Without the coordinate."""
        return self.gradients.square().sum(dim=1) * self.with_one().square().sum(dim=1)

    @cached_property
    def common(self) -> Tensor:
        """The coordinate, squared."""
        return self.unit_sum**2 * self.own_squared_norms.mean()


def pursue(
    samples: Samples, target: Tensor, k: int, ridge: float, tolerance: float, nonnegative: bool
) -> tuple[Tensor, Tensor]:
    """Picks and weights of one problem."""
    free = torch.ones(len(samples), dtype=torch.bool, device=target.device)
    picks: list[int] = []
    rounds: list[Tensor] = []
    while len(picks) < k:
        members, weights = _round(samples, target, k - len(picks), free, ridge, tolerance, nonnegative)
        if not members:
            break
        free[members] = False
        picks += members
        rounds.append(weights)
    found = torch.cat([weights * (len(weights) / len(picks)) for weights in rounds] or [target.new_empty(0)])
    missing = k - len(picks)
    correlations = samples.correlations(target).masked_fill(~free, -torch.inf)
    rest = correlations.argsort(descending=True, stable=True)[:missing]
    least = found.abs().min() if picks else target.new_tensor(1 / max(k, 1))
    chosen = torch.tensor(picks, dtype=torch.int64, device=target.device)
    return torch.cat([chosen, rest]), torch.cat([found, least.expand(missing)])


def _round(
    samples: Samples,
    target: Tensor,
    budget: int,
    free: Tensor,
    ridge: float,
    tolerance: float,
    nonnegative: bool,
) -> tuple[list[int], Tensor]:
    norms = samples.squared_norms()
    damping = ridge * samples.own_squared_norms.mean()
    with_target = samples.correlations(target)
    target_squared = target.square().sum() + samples.common
    free = free.clone()
    members: list[int] = []
    weights = target.new_empty(0)
    for _ in range(STEPS_OF_PICK * budget):
        products = samples.products(members)
        left = target_squared - weights @ with_target[members] - damping * weights.square().sum()
        if len(members) == budget or left <= max(tolerance, MATCHED) ** 2 * target_squared:
            break
        correlations = with_target - products @ weights
        helps = (correlations if nonnegative else correlations.abs()).masked_fill(~free, -torch.inf)
        helps[members] = -torch.inf
        best = int(helps.argmax())
        if not helps[best] > UNCORRELATED * (norms[best] * left).sqrt():
            break
        candidates = [*members, best]
        solution = _solve(samples, candidates, with_target, damping)
        if solution is None or (nonnegative and solution[-1] <= 0):
            free[best] = False
            continue
        members, weights = candidates, torch.cat([weights, weights.new_zeros(1)])
        while nonnegative and bool((solution <= 0).any()):
            ways = torch.where(solution <= 0, weights / (weights - solution).clamp(min=1e-300), torch.inf)
            stay = ways > ways.min()
            weights = (weights + ways.min() * (solution - weights))[stay]
            members = [member for member, stays in zip(members, stay.tolist(), strict=True) if stays]
            found = _solve(samples, members, with_target, damping)
            assert found is not None, "fewer independent columns became dependent"
            solution = found
        weights = solution
    return members, weights


def _solve(samples: Samples, members: list[int], with_target: Tensor, damping: Tensor) -> Tensor | None:
    """Weights that minimise what is left; None if the last member depends on the others."""
    matrix = samples.products(members)[members]
    matrix += damping * torch.eye(len(members), dtype=matrix.dtype, device=matrix.device)
    if len(members) > 1:
        beside = torch.linalg.solve(matrix[:-1, :-1], matrix[:-1, -1])
        if not matrix[-1, -1] - matrix[-1, :-1] @ beside > DEPENDENT * matrix[-1, -1]:
            return None
    solution: Tensor = torch.linalg.solve(matrix, with_target[members])
    return solution
