"""Samples in groups, each a problem of its own with its own budget, as in balanced selection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Groups:
    """Which samples belong to which group.

    Attributes:
        samples: int64 [N], the samples of group 0, then those of group 1, ...; ascending within a group.
        offsets: where each group begins in `samples`, and the end of the last one.
    """

    samples: Tensor
    offsets: list[int]

    def __getitem__(self, group: int) -> Tensor:
        return self.samples[self.offsets[group] : self.offsets[group + 1]]


def check_budgets(operator: str, count: int, groups: Tensor | None, budgets: Sequence[int]) -> None:
    """What is known without looking at the groups' numbers.

    Raises:
        ValueError: a budget is negative or too large, or the groups are not int64 [count].
    """
    for group, budget in enumerate(budgets):
        if budget < 0:
            where = "" if groups is None else f" of group {group}"
            raise ValueError(f"{operator}: the budget{where} is {budget}, expected at least 0")
    if sum(budgets) > count:
        raise ValueError(f"{operator}: {sum(budgets)} picks are asked for, there are {count} samples")
    if groups is not None and (groups.shape != (count,) or groups.dtype != torch.int64):
        raise ValueError(
            f"{operator}: groups are {groups.dtype} of shape {list(groups.shape)}, "
            f"expected torch.int64 of shape [{count}]"
        )


def split(operator: str, count: int, groups: Tensor | None, budgets: Sequence[int], device: torch.device) -> Groups:
    """The samples of each group; all of them belong to group 0 if `groups` is None.

    Raises:
        ValueError: a group is not among the budgets, or has fewer samples than its budget.
    """
    if groups is None:
        return Groups(torch.arange(count, device=device), [0, count])
    if count > 0:
        least, most = (int(one) for one in groups.aminmax())
        if least < 0 or most >= len(budgets):
            wrong = least if least < 0 else most
            raise ValueError(f"{operator}: a sample is in group {wrong}, there are budgets for 0 to {len(budgets) - 1}")
    sizes = torch.bincount(groups, minlength=len(budgets)).tolist()
    for group, (size, budget) in enumerate(zip(sizes, budgets, strict=True)):
        if budget > size:
            raise ValueError(f"{operator}: {budget} picks are asked for in group {group}, it has {size} samples")
    offsets = [0]
    for size in sizes:
        offsets.append(offsets[-1] + size)
    return Groups(torch.argsort(groups, stable=True), offsets)
