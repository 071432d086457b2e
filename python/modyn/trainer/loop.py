"""The training loop: from a model and batches to a trained model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import torch

from modyn.errors import ModelError
from modyn.trainer.batch_plan import BatchPlan
from modyn.trainer.checkpoints import Checkpoint, CheckpointFolder
from modyn.trainer.components import Components
from modyn.trainer.data.batch import Batch
from modyn.trainer.loss_record import LossRecord
from modyn.trainer.progress import Progress
from modyn.trainer.seeding import AddressedSeeds, explain_nondeterminism
from modyn.trainer.state_tree import from_tree, to_tree
from modyn.trainer.whole_batches import Stepper


class Stateful(Protocol):
    """Has a state that outlives the process."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


class TrainingLoop:
    """One training, from any batch on.

    Args:
        components: what is trained and how.
        stepper: trains on each batch.
        plan: which samples each batch holds.
        seeds: of the generators before each step.
        losses: where the losses go.
        progress: told after each batch.
        checkpoints: where checkpoints go, or None.
        checkpoint_every: after how many batches one is written, at the latest with the next step.
        others: whatever else has state that a checkpoint must hold, under a name.
    """

    def __init__(
        self,
        components: Components,
        stepper: Stepper,
        plan: BatchPlan,
        seeds: AddressedSeeds,
        losses: LossRecord,
        progress: Progress,
        checkpoints: CheckpointFolder | None,
        checkpoint_every: int,
        others: Mapping[str, Stateful],
    ) -> None:
        self._parts = components
        self._stepper = stepper
        self._plan = plan
        self._seeds = seeds
        self._losses = losses
        self._progress = progress
        self._checkpoints = checkpoints
        self._checkpoint_every = checkpoint_every
        self._checkpoint_due = False
        self._others = others
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
        self._seeds.before_step(span.index)
        trained = self._stepper.train_on(batch)
        self.samples += trained.samples
        self._losses.add(span.index, trained.loss, trained.samples)
        if trained.step_loss is not None and self._parts.schedule is not None:
            self._parts.schedule.after_batch(trained.step_loss)
        self._progress.after_batch(span, self.samples, self._losses.epoch_mean)
        if self._plan.ends_epoch(span):
            mean = self._losses.end_epoch()
            if self._parts.schedule is not None:
                self._parts.schedule.after_epoch(mean)
        if self._checkpoints is not None:
            self._checkpoint_due |= (span.index + 1) % self._checkpoint_every == 0
            # Between two steps there are gradients, which a checkpoint does not hold.
            if self._checkpoint_due and trained.stepped:
                self._checkpoints.save(self._checkpoint(span.index + 1))
                self._checkpoint_due = False

    def _checkpoint(self, batches: int) -> Checkpoint:
        tensors: dict[str, torch.Tensor] = {}
        values: dict[str, Any] = {"samples": self.samples, "losses": self._losses.state_dict()}
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
        return stateful | dict(self._others)

    def _warn_of_losses(self) -> None:
        final = self._losses.final
        if final is not None and not math.isfinite(final):
            self.warnings.append(
                f"the mean loss of the last epoch is {final}; the model is stored, but it has probably diverged: "
                "lower the learning rate, or check labels and inputs"
            )
