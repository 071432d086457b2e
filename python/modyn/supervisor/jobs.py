"""Runs one job and passes its events on, watching for the order to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from modyn.compute.api import JobHandle, Json
from modyn.errors import JobDiedError
from modyn.metadata.journal import Attempt
from modyn.supervisor.context import RunContext, Stopped


def run_step(
    context: RunContext,
    kind: str,
    trigger: int | None,
    entry: str,
    payload: Callable[[Attempt], Json],
    on_event: Callable[[Json], None],
) -> tuple[Attempt, Json]:
    """Run a step as attempts until one answers; returns that attempt and its answer.

    Each attempt has a folder of its own. A process that *died* is started again as often as `training.retries` says; a
    job that *raised* would raise again, so it ends the run.

    Raises:
        Stopped: the run was asked to stop.
        JobFailedError: the job raised.
        JobDiedError: the processes of all attempts died.
    """
    remaining = context.config.training.retries
    while True:
        attempt = context.journal.start_attempt(kind, trigger, context.folder / "attempts")
        try:
            return attempt, run_job(context, entry, payload(attempt), attempt.folder, on_event)
        except Exception as error:
            context.journal.attempt_failed(attempt, str(error) or type(error).__name__)
            if not isinstance(error, JobDiedError) or remaining == 0:
                raise
            context.events.publish("warning", message=f"{error}; the {kind} is started again")
            remaining -= 1


def run_job(context: RunContext, entry: str, payload: Json, folder: Path, on_event: Callable[[Json], None]) -> Json:
    """Run a job to its end.

    Raises:
        Stopped: the run was asked to stop; the job has been cancelled.
        JobFailedError: the job raised.
        JobDiedError: the job's process died.
    """
    context.check_stop()
    handle = context.compute.submit(entry, payload, folder)
    with _cancelled_on_stop(context.stop, handle):
        for event in handle.events():
            on_event(event)
        try:
            return handle.result()
        except Exception:
            if context.stop.is_set():
                raise Stopped from None
            raise


@contextmanager
def _cancelled_on_stop(stop: threading.Event, handle: JobHandle) -> Iterator[None]:
    """Cancel the job as soon as the stop is asked for, or when the block raises."""
    finished = threading.Event()

    def watch() -> None:
        while not finished.is_set():
            if stop.wait(0.2):
                handle.cancel()
                return

    watcher = threading.Thread(target=watch, name="modyn-stop-watcher", daemon=True)
    watcher.start()
    try:
        yield
    except BaseException:
        handle.cancel()
        raise
    finally:
        finished.set()
