"""Triggers each time a number of samples has arrived: training keeps step with the volume of the data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modyn.triggers.api import StreamBatch, TriggerDecision


class DataAmountTrigger:
    """Triggers after every `num_samples` samples.

    What is left at the end of the stream, fewer than `num_samples`, triggers nothing.

    Args:
        num_samples: samples per trigger, at least 1.
    """

    def __init__(self, num_samples: int) -> None:
        self._num_samples = num_samples
        self._pending = 0

    def inform(self, batch: StreamBatch) -> Iterator[TriggerDecision]:
        """See `Trigger.inform`."""
        done = 0
        while len(batch) - done >= self._num_samples - self._pending:
            done += self._num_samples - self._pending
            self._pending = 0
            yield TriggerDecision(done, {"num_samples": self._num_samples})
        self._pending += len(batch) - done

    def inform_new_model(self, model: int, samples: int, training_seconds: float) -> None:
        """The amount of data decides, whatever the models are like."""

    def state_dict(self) -> dict[str, Any]:
        """Samples that have arrived since the last trigger."""
        return {"pending": self._pending}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`."""
        self._pending = state["pending"]
