"""Compute: runs a job in a process of its own and reports its events and its result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, Self

from pydantic import TypeAdapter

# What a job's entry point is: (payload, emit) -> result. All three are JSON-able dicts; `emit` sends
# one progress event to whoever iterates `JobHandle.events`.
Json = dict[str, Any]
Emit = Callable[[Json], None]
Entry = Callable[[Json, Emit], Json]


class Message:
    """A data class that crosses to a job's process and back as JSON."""

    def to_json(self) -> Json:
        """The message as a JSON-able dict."""
        data: Json = _adapter(type(self)).dump_python(self, mode="json")
        return data

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """The message that `to_json` wrote."""
        message: Self = _adapter(cls).validate_python(data)
        return message


# Making an adapter takes milliseconds, and every trigger sends messages.
_ADAPTERS: dict[type[Message], TypeAdapter[Any]] = {}


def _adapter(cls: type[Message]) -> TypeAdapter[Any]:
    if cls not in _ADAPTERS:
        _ADAPTERS[cls] = TypeAdapter(cls)
    return _ADAPTERS[cls]


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
