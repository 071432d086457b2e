"""What all operators of this family check: sizes, budgets and names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from modyn.kernels.gradients import check_factors
from modyn.kernels.groups import check_budgets

SIMILARITIES = ("cosine", "distance")
OPTIMIZERS = ("naive", "lazy", "stochastic", "approximate_lazy")


@dataclass(frozen=True)
class Optimization:
    """How to maximise: see the module's docstring."""

    optimizer: str
    epsilon: float
    beta: float
    seed: int

    def check(self) -> None:
        """ValueError if a name or a number is impossible."""
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"optimizer '{self.optimizer}' is unknown, expected one of {', '.join(OPTIMIZERS)}")
        if not 0 < self.epsilon < 1:
            raise ValueError(f"epsilon is {self.epsilon}, expected a number between 0 and 1")
        if not 0 < self.beta <= 1:
            raise ValueError(f"beta is {self.beta}, expected a number above 0 and at most 1")
        if not -(2**63) <= self.seed < 2**63:
            raise ValueError(f"seed {self.seed} does not fit into 64 bits")


def check_similarity(similarity: str, allowed: Sequence[str] = SIMILARITIES) -> None:
    """ValueError unless it is one of those allowed."""
    if similarity not in allowed:
        raise ValueError(f"similarity '{similarity}' is unknown, expected {' or '.join(allowed)}")


def check_samples(gradients: Tensor, embeddings: Tensor | None) -> None:
    """ValueError if the shapes do not fit, or there is nothing to compare samples by."""
    check_factors(gradients, embeddings)
    if gradients.shape[1] == 0:
        raise ValueError("gradients have no columns, expected at least one number for each sample")


def number_of_picks(
    operator: str, samples: int, k: int | None, groups: Tensor | None, budgets: Sequence[int] | None
) -> int:
    """How many samples to pick in all; ValueError if `k` and `budgets` do not say it, or ask for too many."""
    if budgets is None:
        if k is None:
            raise ValueError(f"{operator}: give k, or budgets with one number for each group")
        check_budgets(operator, samples, groups, [k])
        return k
    if k is not None:
        raise ValueError(f"{operator}: give k or budgets, not both")
    if groups is None and len(budgets) != 1:
        raise ValueError(f"{operator}: {len(budgets)} budgets without groups, expected groups or a single budget")
    check_budgets(operator, samples, groups, budgets)
    return sum(budgets)


def check_group_numbers(groups: Tensor) -> None:
    """ValueError if one is negative."""
    if len(groups) > 0 and int(groups.min()) < 0:
        raise ValueError(f"group {int(groups.min())} is below 0, expected groups from 0 on")
