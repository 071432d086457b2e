"""Runs one job and passes its events on, watching for the order to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from modyn.compute.api import JobHandle, Json
from modyn.supervisor.context import RunContext, Stopped


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
