"""Any downsampler, class by class: every class keeps its share. One pass over the data serves all classes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from modyn.trainer.downsampling.api import Candidates, Choice, Downsampler, Draw
from modyn.trainer.downsampling.outputs import Outputs
from modyn.trainer.downsampling.quotas import class_quotas


class Balanced:
    """Lets a downsampler choose within each class.

    Args:
        inner: chooses.
    """

    def __init__(self, inner: Downsampler) -> None:
        self.inner = inner
        self.needs = inner.needs
        self.modes = inner.modes
        self.weighted = inner.weighted

    def measure(self, outputs: Outputs) -> dict[str, Tensor]:
        """As the inner one."""
        return self.inner.measure(outputs)

    def choose(self, candidates: Candidates, count: int, draw: Draw) -> Choice:
        """For each class as many as `class_quotas` says; ascending by class."""
        classes = positions_by_class(candidates)
        quotas = class_quotas([len(positions) for positions in classes], count)
        chosen, weights = [], []
        for number, (positions, quota) in enumerate(zip(classes, quotas, strict=True)):
            if quota == 0:
                continue
            choice = self.inner.choose(candidates.rows(positions), quota, draw.part(number))
            chosen.append(positions[choice.positions.to(positions.device)])
            if choice.weights is not None:
                weights.append(choice.weights)
        return Choice(torch.cat(chosen), torch.cat(weights) if weights else None)

    def state_dict(self) -> dict[str, Any]:
        """Of the inner one."""
        return self.inner.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Into the inner one."""
        self.inner.load_state_dict(state)


def class_numbers(candidates: Candidates) -> Tensor:
    """The class of each candidate, int64 [N]: 0 for the smallest label, 1 for the next.

    Of samples with several labels, each combination is a class.
    """
    labels = candidates.labels
    assert labels is not None, "who chooses by class needs a pass over the data"
    numbers: Tensor = torch.unique(labels, dim=0 if labels.ndim > 1 else None, return_inverse=True)[1]
    return numbers


def positions_by_class(candidates: Candidates) -> list[Tensor]:
    """The positions of each class, ascending; classes ascend by label."""
    numbers = class_numbers(candidates)
    order = torch.argsort(numbers, stable=True)
    return list(torch.split(order, torch.bincount(numbers).tolist()))
