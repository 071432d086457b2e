"""Batch-then-sample in one pass: forward over each batch, and backward over the chosen samples alone.

Gradients of the kept samples add up until there are as many as a batch has; then the optimizers make a step. So a step
has the size that the pipeline asks for, every sample of it went through the model as it is at that step, nothing but
the batch itself is held on the device, and no sample goes through the model twice.

This is for models that compute the same in training as in evaluation; for others see `kept_inputs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from modyn.trainer.components import Components
from modyn.trainer.data.batch import Batch
from modyn.trainer.downsampling.batch_choice import BatchChoice
from modyn.trainer.forward import Forward, Forwarded
from modyn.trainer.row_backward import take_rows
from modyn.trainer.whole_batches import Observer, Trained


class KeptRows:
    """Trains on the chosen samples of each batch.

    Args:
        parts: the training; its criterion weighs samples.
        choice: chooses.
        observers: are shown what the model gives for all samples.
    """

    def __init__(self, parts: Components, choice: BatchChoice, observers: Sequence[Observer] = ()) -> None:
        self._observers = observers
        self._parts = parts
        self._choice = choice
        self._steps = choice.steps
        self._forward = Forward(parts)
        self._made = 0
        self._batches = 0  # since the last step
        self._total = torch.zeros((), device=parts.device)
        self._divisor = torch.zeros((), device=parts.device)

    def train_on(self, batch: Batch) -> Trained:
        """Forward all, backward some; a step if there are enough."""
        parts, criterion = self._parts, self._parts.criterion
        if self._batches == 0:
            for optimizer in parts.optimizers.values():
                optimizer.zero_grad()
        labels, weights = self._forward.inputs(batch)
        with self._choice.last_layer.watching() if self._choice.last_layer else nullcontext():
            output = self._forward.output(batch)
        for observe in self._observers:
            observe(batch, output, labels)
        kept = self._choice.choose(batch, Forwarded(output, labels, weights))
        with parts.precision.autocast:
            total, divisor = criterion.weighted_sum(take_rows(output, kept.rows), labels[kept.rows], kept.weights)
        # Divided by a constant now, so that half-precision gradients stay in range, and corrected at the step.
        parts.precision.backward(total if criterion.sums else total / self._steps.size)
        self._total += total.detach()
        self._divisor += divisor.detach()
        self._batches += 1
        ends = self._batches == self._steps.parts or self._steps.must_end(batch.span, self._made)
        step_loss = self._step() if ends else None
        return Trained(self._mean(total.detach(), divisor), len(kept.rows), step_loss)

    def _mean(self, total: Tensor, divisor: Tensor) -> Tensor:
        return total if self._parts.criterion.sums else torch.where(divisor > 0, total / divisor, 0)

    def _step(self) -> Tensor:
        """Returns the mean loss of its samples."""
        parts = self._parts
        loss = self._mean(self._total, self._divisor).clone()
        if not parts.criterion.sums:
            # A step of weight 0 has no gradient.
            factor = torch.where(self._divisor > 0, self._steps.size / self._divisor, 0)
            for parameter in parts.model.parameters():
                if parameter.grad is not None:
                    parameter.grad.mul_(factor)
        parts.precision.step(parts.optimizers)
        self._made += 1
        self._batches = 0
        self._total.zero_()
        self._divisor.zero_()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """Steps that were made, and what the downsampler keeps; nothing is open whenever a checkpoint is written."""
        return {"steps": self._made, "downsampler": self._choice.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue after so many steps."""
        self._made = state["steps"]
        self._choice.load_state_dict(state["downsampler"])
