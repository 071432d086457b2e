"""Compute: runs a job in a process of its own and reports its events and its result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

# What a job's entry point is: (payload, emit) -> result. All three are JSON-able dicts; `emit` sends
# one progress event to whoever iterates `JobHandle.events`.
Json = dict[str, Any]
Emit = Callable[[Json], None]
Entry = Callable[[Json, Emit], Json]


class JobHandle(Protocol):
    """One running job."""

    def events(self) -> Iterator[Json]:
        """Progress events in order; ends when the job has ended, however it did."""
        ...

    def result(self) -> Json:
        """Wait for the result.

        Raises:
            JobFailedError: the entry point raised; carries the child's traceback.
            JobDiedError: the process ended without an answer; names signal or exit code.
        """
        ...

    def cancel(self) -> None:
        """Ask the process to end, then kill it; `result` raises JobDiedError afterwards."""
        ...


class Compute(Protocol):
    """Runs jobs."""

    def submit(self, entry: str, payload: Json, folder: Path) -> JobHandle:
        """Start `entry` ("package.module:function") in a process of its own.

        Its stdout and stderr go to folder/output.txt.
        """
        ...

    def close(self) -> None:
        """End all jobs and the warm parent."""
        ...
