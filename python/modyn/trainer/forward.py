"""A batch through the model."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from modyn.models.build import takes_sample_ids
from modyn.trainer.components import Components
from modyn.trainer.data.batch import Batch


class Forwarded(NamedTuple):
    """What the criterion takes, on the training's device: the model's output, labels [B], and weights [B] or None."""

    output: Tensor
    labels: Tensor
    weights: Tensor | None


class Forward:
    """Moves batches to the device and runs the model on them.

    Args:
        parts: the training's model, precision and label transformer.
    """

    def __init__(self, parts: Components) -> None:
        self._parts = parts
        self._sample_ids = takes_sample_ids(parts.model)

    def inputs(self, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """Labels and weights of a batch, on the device."""
        parts = self._parts
        labels = batch.labels
        if parts.label_transformer is not None:
            labels = parts.label_transformer(labels.clone())  # it may work in place, and others want the labels, too
        weights = None if batch.weights is None else batch.weights.to(parts.device, non_blocking=True)
        return labels.to(parts.device, non_blocking=True), weights

    def output(self, batch: Batch) -> Tensor:
        """The model's output; within autocast if the training has it."""
        parts = self._parts
        data = batch.moved(parts.device)
        with parts.precision.autocast:
            result: Tensor = (
                parts.model(data, sample_ids=batch.keys.tolist()) if self._sample_ids else parts.model(data)
            )
        return result

    def __call__(self, batch: Batch) -> Forwarded:
        """Everything of a batch."""
        labels, weights = self.inputs(batch)
        return Forwarded(self.output(batch), labels, weights)

    def without_graph(self, batch: Batch) -> Forwarded:
        """The same for scoring: nothing is kept for a backward pass."""
        # Not inference mode: a model that makes parameters at its first call could not train them afterwards.
        with torch.no_grad():
            return self(batch)
