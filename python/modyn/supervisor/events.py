"""What a run tells while it goes on: the same events for the CLI's bars, the API and `events.jsonl`."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Too many and too fleeting to keep; whoever listens gets them live.
_LIVE_ONLY = frozenset({"data", "ingest", "training_progress", "scoring_progress", "evaluation_progress"})


class EventLog:
    """Sends events to all listeners and appends them to a file.

    Args:
        run: the run's name, part of every event.
        path: JSON lines, appended to; a resumed run continues the file.
    """

    def __init__(self, run: str, path: Path) -> None:
        self._run = run
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self._history: list[dict[str, Any]] = []
        self._listeners: list[queue.SimpleQueue[dict[str, Any] | None]] = []
        self._closed = False

    def publish(self, event: str, **fields: Any) -> None:
        """Send one event; thread-safe."""
        message = {"event": event, "time": time.time(), "run": self._run, **fields}
        with self._lock:
            if event not in _LIVE_ONLY:
                self._history.append(message)
                self._file.write(json.dumps(message) + "\n")
                self._file.flush()
            for listener in self._listeners:
                listener.put(message)

    def forward(self, event: dict[str, Any]) -> None:
        """Send an event that a job has made; it names itself in `event`."""
        self.publish(**event)

    def listen(self) -> Iterator[dict[str, Any]]:
        """All lasting events so far, then everything that follows, until the run stops."""
        inbox: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        with self._lock:
            for message in self._history:
                inbox.put(message)
            if self._closed:
                inbox.put(None)
            else:
                self._listeners.append(inbox)
        return iter(inbox.get, None)

    def close(self) -> None:
        """No more events: listeners end."""
        with self._lock:
            self._closed = True
            self._file.close()
            for listener in self._listeners:
                listener.put(None)
            self._listeners.clear()
