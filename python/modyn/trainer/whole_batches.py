"""The ordinary way to train on a batch: all of it, in one step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from torch import Tensor

from modyn.trainer.components import Components
from modyn.trainer.data.batch import Batch
from modyn.trainer.forward import Forward


class Trained(NamedTuple):
    """What became of a batch.

    Attributes:
        loss: mean over the samples of it that were trained on.
        samples: how many these are.
        step_loss: if the optimizers made a step, the mean over its samples; they may be of several batches.
    """

    loss: Tensor
    samples: int
    step_loss: Tensor | None

    @property
    def stepped(self) -> bool:
        """Whether the optimizers made a step."""
        return self.step_loss is not None


class Stepper(Protocol):
    """Trains on batches, one after the other."""

    def train_on(self, batch: Batch) -> Trained:
        """Train on a batch, or on a part of it."""
        ...


class Observer(Protocol):
    """Is shown what the model gives for the samples of each step."""

    def __call__(self, batch: Batch, output: Tensor, labels: Tensor) -> None:
        """The outputs, with their graph, and the labels as the criterion takes them."""
        ...


class WholeBatches:
    """A step for each batch.

    Args:
        parts: the training.
        observers: are shown every forward pass.
    """

    def __init__(self, parts: Components, observers: Sequence[Observer] = ()) -> None:
        self._parts = parts
        self._observers = observers
        self._forward = Forward(parts)

    def train_on(self, batch: Batch) -> Trained:
        """Forward, backward, step."""
        parts = self._parts
        for optimizer in parts.optimizers.values():
            optimizer.zero_grad()
        labels, weights = self._forward.inputs(batch)
        output = self._forward.output(batch)
        with parts.precision.autocast:
            loss = parts.criterion(output, labels, weights)
        for observe in self._observers:
            observe(batch, output, labels)
        parts.precision.backward(loss)
        parts.precision.step(parts.optimizers)
        return Trained(loss, batch.span.count, loss)
