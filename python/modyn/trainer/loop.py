"""The training loop: from a model and batches to a trained model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from modyn.errors import ModelError
from modyn.models.build import takes_sample_ids
from modyn.trainer.batch_plan import BatchPlan
from modyn.trainer.checkpoints import Checkpoint, CheckpointFolder
from modyn.trainer.criterion import Criterion
from modyn.trainer.data.batch import Batch
from modyn.trainer.loss_record import LossRecord
from modyn.trainer.observation import HistoryObserver
from modyn.trainer.optimizers import Optimizers
from modyn.trainer.precision import Precision
from modyn.trainer.progress import Progress
from modyn.trainer.schedulers import LearningRateSchedule
from modyn.trainer.seeding import AddressedSeeds, explain_nondeterminism
from modyn.trainer.state_tree import from_tree, to_tree


@dataclass(frozen=True)
class Components:
    """What a training consists of."""

    model: nn.Module
    optimizers: Optimizers
    criterion: Criterion
    precision: Precision
    schedule: LearningRateSchedule | None
    label_transformer: Callable[[torch.Tensor], torch.Tensor] | None
    device: torch.device


class TrainingLoop:
    """One training, from any batch on.

    Args:
        components: what is trained and how.
        plan: which samples each batch holds.
        seeds: of the generators before each step.
        losses: where the losses go.
        progress: told after each batch.
        checkpoints: where checkpoints go, or None.
        checkpoint_every: after how many batches one is written.
        history: records what the model gives for each batch, or None.
    """

    def __init__(
        self,
        components: Components,
        plan: BatchPlan,
        seeds: AddressedSeeds,
        losses: LossRecord,
        progress: Progress,
        checkpoints: CheckpointFolder | None,
        checkpoint_every: int,
        history: HistoryObserver | None = None,
    ) -> None:
        self._parts = components
        self._plan = plan
        self._seeds = seeds
        self._losses = losses
        self._progress = progress
        self._checkpoints = checkpoints
        self._checkpoint_every = checkpoint_every
        self._history = history
        self._sample_ids = takes_sample_ids(components.model)
        self.samples = 0
        self.warnings: list[str] = []

    def run(self, batches: Iterable[Batch]) -> None:
        """Train on the batches, which begin where the loaded checkpoint ended.

        Raises:
            ModelError: an operation cannot be made deterministic.
        """
        self._parts.model.train()
        try:
            for batch in batches:
                self._train_on(batch)
        except RuntimeError as error:
            if explanation := explain_nondeterminism(error):
                raise ModelError(explanation) from error
            raise
        self._losses.finish()
        self._warn_of_losses()

    def _train_on(self, batch: Batch) -> None:
        span = batch.span
        loss = self._step(batch)
        self.samples += span.count
        self._losses.add(span.index, loss, span.count)
        if self._parts.schedule is not None:
            self._parts.schedule.after_batch(loss)
        self._progress.after_batch(span, self.samples, self._losses.epoch_mean)
        if self._plan.ends_epoch(span):
            mean = self._losses.end_epoch()
            if self._parts.schedule is not None:
                self._parts.schedule.after_epoch(mean)
        if self._checkpoints is not None and (span.index + 1) % self._checkpoint_every == 0:
            self._checkpoints.save(self._checkpoint(span.index + 1))

    def _step(self, batch: Batch) -> torch.Tensor:
        parts = self._parts
        self._seeds.before_step(batch.span.index)
        labels = batch.labels if parts.label_transformer is None else parts.label_transformer(batch.labels)
        labels = labels.to(parts.device, non_blocking=True)
        data = batch.moved(parts.device)
        weights = None if batch.weights is None else batch.weights.to(parts.device, non_blocking=True)
        for optimizer in parts.optimizers.values():
            optimizer.zero_grad()
        with parts.precision.autocast:
            output = parts.model(data, sample_ids=batch.keys.tolist()) if self._sample_ids else parts.model(data)
            loss = parts.criterion(output, labels, weights)
        if self._history is not None:
            self._history(batch, output, labels)
        parts.precision.backward_and_step(loss, parts.optimizers)
        return loss

    def _checkpoint(self, batches: int) -> Checkpoint:
        tensors: dict[str, torch.Tensor] = {}
        values: dict[str, Any] = {"samples": self.samples, "losses": self._losses.state_dict()}
        if self._history is not None:
            values["history"] = self._history.recorder.state_dict()
        for name, part in self._stateful().items():
            values[name] = to_tree(part.state_dict(), tensors, name)
        return Checkpoint(batches, values, tensors)

    def load(self, checkpoint: Checkpoint) -> None:
        """Go back to the state of a checkpoint; `run` continues with batch number `checkpoint.batches`."""
        self.samples = checkpoint.values["samples"]
        self._losses.load_state_dict(checkpoint.values["losses"])
        for name, part in self._stateful().items():
            part.load_state_dict(from_tree(checkpoint.values[name], checkpoint.tensors))

    def _stateful(self) -> dict[str, Any]:
        parts = self._parts
        stateful: dict[str, Any] = {"model": parts.model, "scaler": parts.precision.scaler}
        stateful |= {f"optimizer-{name}": optimizer for name, optimizer in parts.optimizers.items()}
        if parts.schedule is not None:
            stateful["scheduler"] = parts.schedule.scheduler
        return stateful

    def _warn_of_losses(self) -> None:
        final = self._losses.final
        if final is not None and not math.isfinite(final):
            self.warnings.append(
                f"the mean loss of the last epoch is {final}; the model is stored, but it has probably diverged: "
                "lower the learning rate, or check labels and inputs"
            )
