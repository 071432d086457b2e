"""A run that has happened already, for what shows runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from modyn.rundata import RunData

NO_ROWS = pd.DataFrame()


class ReplayedRun:
    """Has the attributes of `modyn.Run` that the command line uses; its events are given."""

    def __init__(self, folder: Path, events: list[dict[str, Any]], state: str, error: Exception | None = None) -> None:
        self.id, self.name, self.folder, self.state = "flights-1", "flights", folder, state
        self.triggers = pd.DataFrame({"position_start": [100, 300]})
        self.stopped = False
        self._events = events
        self._error = error

    def events(self) -> Iterator[dict[str, Any]]:
        yield from self._events

    def wait(self) -> ReplayedRun:
        if self._error is not None:
            raise self._error
        return self

    def stop(self) -> None:
        self.stopped = True

    def data(self) -> RunData:
        return RunData(self.id, self.name, {}, self.state, 1.0, NO_ROWS, NO_ROWS, NO_ROWS, 0, 0)


def events(*named: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"event": name, "time": 0.0, "run": "flights-1", **fields} for name, fields in named]
