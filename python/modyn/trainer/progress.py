"""Tells how far a training is, a few times a second."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from modyn.compute.api import Emit
from modyn.trainer.batch_plan import BatchPlan, Span

_INTERVAL_S = 0.2


class Progress:
    """Sends `training_progress` events: where the training is, and the mean loss of the epoch so far.

    While samples are only scored, it sends `scoring_progress` events. Epochs, batches and samples are counted from 1 as
    a reader would; batches and samples over the whole training.
    """

    def __init__(self, trigger: int, plan: BatchPlan, emit: Emit) -> None:
        self._trigger = trigger
        self._plan = plan
        self._emit = emit
        self._next = time.monotonic()

    def while_scoring(self, done: int, total: int) -> None:
        """`done` of `total` samples of a pass that chooses among them have been scored."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _INTERVAL_S
        self._emit({"event": "scoring_progress", "trigger": self._trigger, "samples": done, "total": total})

    def after_batch(self, span: Span, samples: int, loss: Callable[[], float]) -> None:
        """Batch `span` is done; `loss` is asked only if an event is due."""
        now = time.monotonic()
        if now < self._next and span.index + 1 < self._plan.total_batches:
            return
        self._next = now + _INTERVAL_S
        mean = loss()
        self._emit(
            {
                "event": "training_progress",
                "trigger": self._trigger,
                "epoch": span.epoch + 1,
                "epochs": self._plan.total_epochs,
                "batch": span.index + 1,
                "batches": self._plan.total_batches,
                "samples": samples,
                "loss": mean if math.isfinite(mean) else None,
            }
        )
