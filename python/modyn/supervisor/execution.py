"""A run in this process: prepares it, replays it, evaluates it, and records how it ended."""

from __future__ import annotations

import threading
import time
import traceback

import modyn.supervisor.export as export
from modyn.config import no_effect
from modyn.errors import ModynError, RunError
from modyn.metadata.tables import RunRow
from modyn.storage.api import View
from modyn.supervisor.context import RunContext, Stopped
from modyn.supervisor.datasets import ingest_datasets
from modyn.supervisor.evaluation import Evaluations
from modyn.supervisor.lease import Lease
from modyn.supervisor.selection import build_selector
from modyn.supervisor.steps import TriggerSteps
from modyn.supervisor.stream import Replay, StreamBounds
from modyn.triggers import build_trigger


class Execution:
    """Executes one run on a thread of its own.

    Args:
        context: the run; its journal owns the run's epoch.
        lease: held until the run stops.
    """

    def __init__(self, context: RunContext, lease: Lease) -> None:
        self._context = context
        self._lease = lease
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name=f"modyn-run-{context.name}")

    @property
    def context(self) -> RunContext:
        """What is executed."""
        return self._context

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Ask for a clean stop: what is committed stays, what is running is cancelled."""
        self._context.stop.set()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the run has stopped; False if `timeout` seconds were not enough."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _main(self) -> None:
        context, started = self._context, time.monotonic()
        state, reason = "done", None
        try:
            self._execute()
        except Stopped:
            state = "interrupted"
        except ModynError as error:
            state, reason, self.error = "failed", str(error), error
        except BaseException as error:
            # A defect or the operating system; the run stays resumable either way, so the whole story is kept.
            state, reason, self.error = "failed", "".join(traceback.format_exception(error)), error
        try:
            context.compute.close()
            context.journal.end(state, time.monotonic() - started, reason)
            export.write_tables(context)
            if state == "done":
                export.write_report(context)
        except Exception as error:
            self.error = self.error or error
            state, reason = "failed", reason or str(error)
        finally:
            self._lease.release()
            context.events.publish("run_finished", state=state, error=reason)
            context.events.close()

    def _execute(self) -> None:
        context = self._context
        export.write_configuration(context)
        row = self._prepared()
        views = {name: context.storage.pin(name, "time", manifest) for name, manifest in row.pins.items()}
        view = context.storage.open_view(views[context.config.data.dataset_id])
        evaluations = Evaluations(context, views)
        if row.phase != "evaluating":
            self._stream(row, view, evaluations)
            context.journal.begin("evaluating")
        if row.stream_end > row.stream_start:
            evaluations.after_pipeline(int(view.timestamps(row.stream_end - 1, 1)[0]))

    def _prepared(self) -> RunRow:
        """The run's row with its data pinned; ingests and pins if no earlier owner came that far."""
        context = self._context
        row = context.journal.run()
        if not row.pins:
            for key, reason in no_effect(context.config):
                context.events.publish("warning", message=f"{key} has no effect: {reason}")
            pins = ingest_datasets(context)
            name = context.config.data.dataset_id
            view = context.storage.open_view(context.storage.pin(name, "time", pins[name]))
            start, end = _positions(view, row)
            context.journal.pinned(pins, start, end)
            row = context.journal.run()
        context.events.publish("run_started", name=row.pipeline, samples=row.stream_end - row.stream_start)
        return row

    def _stream(self, row: RunRow, view: View, evaluations: Evaluations) -> None:
        context, config = self._context, self._context.config
        policy = build_trigger(config.trigger)
        if row.trigger_state:
            policy.load_state_dict(row.trigger_state)
        selector = build_selector(context, view, row.strategy_state)
        steps = TriggerSteps(context, view, policy, selector, evaluations, row.stream_start)
        if row.phase == "preparing":
            context.journal.begin("streaming")
        if steps.next_trigger > 0:
            steps.carry_out(steps.next_trigger - 1)
        bounds = StreamBounds(row.stream_start, row.stream_end, row.max_triggers)
        Replay(context, view, policy, bounds, row.position, steps).run()


def _positions(view: View, run: RunRow) -> tuple[int, int]:
    start = 0 if run.replay_start is None else view.position_of_time(run.replay_start)
    end = len(view) if run.replay_end is None else view.position_of_time(run.replay_end)
    if len(view) == 0:
        raise RunError(
            f"dataset '{view.ref.dataset}' has no samples in '{view.ref.root}'; "
            f"`modyn dataset status {view.ref.dataset}` shows what was found"
        )
    return start, max(start, end)
