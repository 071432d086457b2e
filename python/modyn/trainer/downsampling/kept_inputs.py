"""Batch-then-sample in two passes: score batches in evaluation mode, and train on the chosen samples as full batches.

Chosen samples wait on the device until there are as many as a batch has; then they are one batch, for which the model
is in training mode. Models with dropout or batch norm are trained like this: their outputs in training mode are no
good scores, and batch norm sees the statistics of a real batch. It costs the forward pass of the kept samples again,
and for such models still less than one pass (docs/decisions.md has the figures).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from modyn.trainer.components import Components
from modyn.trainer.data.batch import Batch
from modyn.trainer.data.decoder import Data
from modyn.trainer.downsampling.batch_choice import BatchChoice, Kept
from modyn.trainer.forward import Forward, Forwarded
from modyn.trainer.whole_batches import Observer, Trained, WholeBatches


class KeptInputs:
    """Trains on batches of chosen samples.

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
        self._training = WholeBatches(parts)
        self._waiting: list[Batch] = []
        self._made = 0
        self._loss = torch.zeros((), device=parts.device)

    def train_on(self, batch: Batch) -> Trained:
        """Score all and keep some; a step on what waits if there is enough."""
        batch = replace(batch, data=batch.moved(self._parts.device))
        if self._choice.looks or self._observers:
            kept = self._choice.choose(batch, self._scored(batch))
        else:
            _, weights = self._forward.inputs(batch)
            kept = self._choice.choose_unseen(batch, weights)
        self._waiting.append(_rows_of(batch, kept))
        stepped = len(self._waiting) == self._steps.parts or self._steps.must_end(batch.span, self._made)
        if not stepped:
            return Trained(self._loss, 0, None)
        whole, self._waiting = _joined(self._waiting), []
        self._made += 1
        return self._training.train_on(whole)

    def _scored(self, batch: Batch) -> Forwarded:
        self._parts.model.eval()
        with self._choice.last_layer.watching() if self._choice.last_layer else nullcontext():
            forwarded = self._forward.without_graph(batch)
        self._parts.model.train()
        for observe in self._observers:
            observe(batch, forwarded.output, forwarded.labels)
        return forwarded

    def state_dict(self) -> dict[str, Any]:
        """Steps that were made, and what the downsampler keeps; nothing waits whenever a checkpoint is written."""
        return {"steps": self._made, "downsampler": self._choice.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue after so many steps."""
        self._made = state["steps"]
        self._choice.load_state_dict(state["downsampler"])


def _rows_of(batch: Batch, kept: Kept) -> Batch:
    rows, here = kept.rows, kept.rows.cpu()
    data: Data = (
        {name: part[rows] for name, part in batch.data.items()} if isinstance(batch.data, dict) else batch.data[rows]
    )
    span = replace(batch.span, count=len(rows))
    return Batch(span, batch.keys[here.numpy()], data, batch.labels[here], kept.weights)


def _joined(batches: list[Batch]) -> Batch:
    last = batches[-1]
    data: Data
    if isinstance(last.data, dict):
        parts = [batch.data for batch in batches if isinstance(batch.data, dict)]
        data = {name: torch.cat([part[name] for part in parts]) for name in last.data}
    else:
        data = torch.cat([batch.data for batch in batches if not isinstance(batch.data, dict)])
    return Batch(
        replace(last.span, count=sum(batch.span.count for batch in batches)),
        np.concatenate([batch.keys for batch in batches]),
        data,
        torch.cat([batch.labels for batch in batches]),
        torch.cat([batch.weights for batch in batches if batch.weights is not None]),
    )
