"""Learning-rate schedulers from configuration. A schedule starts anew with every training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau

from modyn.errors import ModelError, UnsupportedError
from modyn.trainer.dlrm_scheduler import DLRMScheduler
from modyn.trainer.optimizers import Optimizers

if TYPE_CHECKING:
    from modyn.config.training import LrSchedulerConfig

# They are made from other schedulers or from functions, which a configuration file cannot hold.
_NEED_OBJECTS = frozenset({"ChainedScheduler", "LambdaLR", "MultiplicativeLR", "SequentialLR"})


class Scheduler(Protocol):
    """What the training loop asks of a schedule."""

    def step(self) -> None: ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


class LearningRateSchedule:
    """A scheduler and when it makes its steps."""

    def __init__(self, scheduler: Scheduler | ReduceLROnPlateau, every: str) -> None:
        self.scheduler = scheduler
        self._every = every

    def after_batch(self, loss: torch.Tensor) -> None:
        """The batch is done; `loss` is its mean, which ReduceLROnPlateau goes by."""
        if self._every == "batch":
            self._step(loss)

    def after_epoch(self, loss: float) -> None:
        """The epoch is done; `loss` is its mean."""
        if self._every == "epoch":
            self._step(loss)

    def _step(self, loss: torch.Tensor | float) -> None:
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step(float(loss))
        else:
            self.scheduler.step()


def build_schedule(
    config: LrSchedulerConfig, optimizers: Optimizers, *, batches: int, epochs: int
) -> LearningRateSchedule:
    """The schedule of a training of `batches` batches in `epochs` epochs, the numbers behind the placeholders.

    Raises:
        ModelError: the scheduler does not take the options.
        UnsupportedError: a scheduler that cannot be written in a configuration file.
    """
    if config.name in _NEED_OBJECTS:
        raise UnsupportedError(
            f"lr_scheduler '{config.name}' is made from functions or other schedulers, which a configuration file "
            "cannot hold; use another one"
        )
    options = _fill_in(config.config, {"MODYN_NUM_BATCHES": batches, "MODYN_NUM_EPOCHS": epochs})
    chosen = [optimizers[name] for name in config.optimizers]
    try:
        if config.source == "Custom":
            return LearningRateSchedule(DLRMScheduler(chosen, **options), config.step_every)
        scheduler = getattr(torch.optim.lr_scheduler, config.name)(chosen[0], **options)
    except (TypeError, ValueError) as error:
        raise ModelError(f"lr_scheduler '{config.name}' does not take {options}: {error}") from error
    return LearningRateSchedule(scheduler, config.step_every)


def _fill_in(value: Any, numbers: dict[str, int]) -> Any:
    if isinstance(value, dict):
        return {key: _fill_in(item, numbers) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill_in(item, numbers) for item in value]
    return numbers.get(value, value) if isinstance(value, str) else value
