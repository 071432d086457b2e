"""Triggers each time a period of event time has passed: training keeps step with the calendar of the data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from modyn.triggers.api import StreamBatch, TriggerDecision


class TimeTrigger:
    """Triggers at every boundary `start + k * every`, k = 1, 2, ..., by the timestamps of the samples.

    A boundary is passed when the first sample at or beyond it arrives; that sample belongs to the next trigger. The
    end of the stream passes no boundary. If the data have a gap of several periods, each boundary in the gap is a
    trigger of its own, all but the first of them without data. A sample that arrives late, with a timestamp before the
    last boundary, belongs to the trigger at whose time it arrives.

    Boundaries that lie at or before the very first sample are passed over in silence, because there is nothing yet to
    train on: a replay that begins years after `start_timestamp` begins with its data, not with empty triggers.
    (The reference system emits one empty trigger for each of them.)

    Args:
        every: length of a period in seconds, at least 1.
        start_timestamp: start of the first period in Unix seconds; None for the first sample's timestamp. If it lies
            after the first sample, the first period is the longer one that begins with the first sample.
    """

    def __init__(self, every: int, start_timestamp: int | None = None) -> None:
        self._every = every
        self._start = start_timestamp
        self._boundary: int | None = None

    def inform(self, batch: StreamBatch) -> Iterator[TriggerDecision]:
        """See `Trigger.inform`. Costs one pass over the timestamps and a binary search per decision."""
        if len(batch) == 0:
            return
        if self._boundary is None:
            self._boundary = self._first_boundary(int(batch.timestamps[0]))
        # Event time never runs backwards, even if samples come late.
        clock = np.maximum.accumulate(batch.timestamps)
        while self._boundary <= clock[-1]:
            boundary = self._boundary
            self._boundary += self._every
            yield TriggerDecision(int(np.searchsorted(clock, boundary)), {"boundary": boundary})

    def _first_boundary(self, first_timestamp: int) -> int:
        start = first_timestamp if self._start is None else self._start
        periods_before = max(0, (first_timestamp - start) // self._every)
        return start + (periods_before + 1) * self._every

    def inform_new_model(self, model: int, samples: int, training_seconds: float) -> None:
        """Time decides, whatever the models are like."""

    def state_dict(self) -> dict[str, Any]:
        """The next boundary in Unix seconds; None before the first sample."""
        return {"boundary": self._boundary}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`."""
        self._boundary = state["boundary"]
