"""Replays a view to the trigger policy, as if its samples arrived in this order.

The policy is asked lazily: after each decision the trigger is carried out before the policy sees more, so that it may
use the new model. Its state is committed with every decision, and every few seconds between.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from modyn.metadata.journal import Decision
from modyn.storage.api import View
from modyn.supervisor.context import RunContext
from modyn.supervisor.steps import TriggerSteps
from modyn.triggers.api import StreamBatch, Trigger, TriggerDecision

# Samples per look at the stream: three columns of 512 KiB.
CHUNK = 1 << 16
# How much derived work a crash may cost between triggers.
COMMIT_EVERY_S = 2.0


@dataclass(frozen=True)
class StreamBounds:
    """Positions `[start, end)` of the view that this run replays, and the greatest number of triggers, if any."""

    start: int
    end: int
    max_triggers: int | None


class Replay:
    """Carries the stream from the committed position to its end.

    Args:
        context: the run.
        view: the pinned view.
        policy: the trigger policy, with the state of `position` loaded.
        bounds: what to replay.
        position: samples before it have been seen by the policy.
        steps: carries out a trigger; knows those before.
    """

    def __init__(
        self, context: RunContext, view: View, policy: Trigger, bounds: StreamBounds, position: int, steps: TriggerSteps
    ) -> None:
        self._context = context
        self._view = view
        self._policy = policy
        self._bounds = bounds
        self._position = position
        self._steps = steps
        self._committed = time.monotonic()

    def run(self) -> None:
        """Replay until the end of the data or the last allowed trigger."""
        while self._position < self._bounds.end and not self._enough():
            self._context.check_stop()
            self._replay_chunk(min(CHUNK, self._bounds.end - self._position))
            self._context.events.publish(
                "data", position=self._position - self._bounds.start, total=self._bounds.end - self._bounds.start
            )
        if not self._enough():
            self._commit_progress()

    def _enough(self) -> bool:
        limit = self._bounds.max_triggers
        return limit is not None and self._steps.next_trigger >= limit

    def _replay_chunk(self, count: int) -> None:
        first = self._position
        batch = StreamBatch(
            first_position=first,
            keys=self._view.keys(first, count),
            timestamps=self._view.timestamps(first, count),
            labels=self._view.labels(first, count),
        )
        started = time.perf_counter()
        for decision in self._policy.inform(batch):
            self._decide(batch, decision, time.perf_counter() - started)
            if self._enough():
                return
            self._context.check_stop()
            started = time.perf_counter()
        self._position = first + count
        if time.monotonic() - self._committed > COMMIT_EVERY_S:
            self._commit_progress()

    def _decide(self, batch: StreamBatch, decision: TriggerDecision, seconds: float) -> None:
        start, end = self._steps.next_position, batch.first_position + decision.cut
        trigger = self._steps.next_trigger
        bounds = Decision(
            position_start=start,
            position_end=end,
            first_timestamp=_timestamp(self._view, start) if end > start else None,
            last_timestamp=_timestamp(self._view, end - 1) if end > start else None,
            reason=decision.reason,
        )
        self._context.journal.decided(trigger, bounds, self._policy.state_dict(), seconds)
        self._position = end
        self._steps.carry_out(trigger)
        self._committed = time.monotonic()

    def _commit_progress(self) -> None:
        self._context.journal.progress(self._position, self._policy.state_dict())
        self._committed = time.monotonic()


def _timestamp(view: View, position: int) -> int:
    return int(view.timestamps(position, 1)[0])
