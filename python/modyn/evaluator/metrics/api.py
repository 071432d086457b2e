"""Metrics: what is known of a model after it has answered for the samples of an interval."""

from __future__ import annotations

from typing import Protocol

import torch


class Metric(Protocol):
    """One metric of one model on one interval, fed batch by batch; where the batches are cut changes nothing."""

    @property
    def name(self) -> str:
        """What results call it, e.g. `Top-2-Accuracy`."""
        ...

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Take in one batch.

        Args:
            output: what the model gave, first dimension the N samples, on any device.
            target: labels [N] or [N, 1] (some metrics take more dimensions), on the same device.

        Raises:
            ModelError: the output does not have a shape that the metric can use.
            DatasetError: a label is none of the classes.
        """
        ...

    def compute(self) -> float | None:
        """The value so far; None if it is not defined, for one because there were no samples."""
        ...
