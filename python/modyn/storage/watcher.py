"""Keeping a dataset up to date: scan when something has changed, and now and then in any case.

A change that the operating system tells of wakes the watch; the scan interval bounds what it did not tell. A scan that
fails is reported and tried again, ever more seldom, and never ends the watch. What waits in quarantine enters when it
is whole: that is what every scan looks for.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from modyn.storage.api import ScanSummary

if TYPE_CHECKING:
    from modyn import _native

Progress = Callable[[int, int], None]

_LONGEST_RETRY_S = 60.0


@dataclass(frozen=True)
class Scanned:
    """A scan that succeeded.

    Attributes:
        summary: what it found.
        because: why it was made.
        seconds: how long it took.
    """

    summary: ScanSummary
    because: Literal["start", "changes", "interval", "retry"]
    seconds: float


@dataclass(frozen=True)
class ScanFailed:
    """A scan that failed; the next is made after `retry_in_s` seconds, or when something changes."""

    error: Exception
    retry_in_s: float


@dataclass(frozen=True)
class OnlyScanning:
    """Told once: the operating system tells of no changes, for this reason; each interval's scan finds them."""

    reason: str


WatchEvent = Scanned | ScanFailed | OnlyScanning


class _Abandoned(Exception):
    """Ends a scan that nobody waits for any more."""


class DatasetWatch:
    """Scans a dataset whenever that is worth while.

    Either `events()` is iterated over, which scans in the caller's own thread, or `start()` does so in the background.
    `stop()` ends both soon: a scan that is being made is abandoned, so nothing of it is published.

    Args:
        scan: ingests what is new and calls its argument now and then.
        watcher: tells of changes.
        scan_interval_s: seconds between two scans at most.

    Raises:
        ValueError: the interval is not a positive number.
    """

    def __init__(
        self, scan: Callable[[Progress], ScanSummary], watcher: _native.Watcher, scan_interval_s: float
    ) -> None:
        if not (math.isfinite(scan_interval_s) and scan_interval_s > 0):
            raise ValueError(f"scan_interval_s is {scan_interval_s}, must be a positive number of seconds")
        self._scan = scan
        self._watcher = watcher
        self._interval_s = scan_interval_s
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    def events(self) -> Iterator[WatchEvent]:
        """Scan now, then whenever something has changed, and at least at every interval; until `stop()`."""
        because: Literal["start", "changes", "interval", "retry"] = "start"
        failures = 0
        told = False
        while not self._stopped:
            if self._watcher.scans_because and not told:
                told = True
                yield OnlyScanning(self._watcher.scans_because)
            start = time.monotonic()
            wait_s = self._interval_s
            try:
                summary = self._scan(self._progress)
            except _Abandoned:
                return
            except Exception as error:
                failures += 1
                wait_s = min(2.0 ** (failures - 1), _LONGEST_RETRY_S)
                yield ScanFailed(error, wait_s)
            else:
                failures = 0
                yield Scanned(summary, because, time.monotonic() - start)
            reason = self._watcher.wait(wait_s)
            if reason == "stop":
                return
            because = "changes" if reason == "changes" else "retry" if failures else "interval"

    def stop(self) -> None:
        """End soon. From any thread, or a signal handler."""
        self._stopped = True
        self._watcher.stop()

    # -- in the background -------------------------------------------------------------------------------------------

    def start(self, report: Callable[[WatchEvent], object] | None = None) -> Self:
        """Watch in a thread of its own, which calls `report` with every event.

        What `report` raises ends the watch: see `failure`.
        """
        if self._thread is not None:
            raise RuntimeError("the watch was started before")
        self._thread = threading.Thread(target=self._run, args=(report,), name="modyn-dataset-watch", daemon=True)
        self._thread.start()
        return self

    @property
    def running(self) -> bool:
        """Whether the background thread is alive: it is not after it was stopped, nor after it failed."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def failure(self) -> BaseException | None:
        """What ended the background thread, unless it was `stop()`."""
        return self._failure

    def close(self, timeout_s: float | None = None) -> None:
        """Stop, and wait for the background thread.

        Raises:
            TimeoutError: it has not ended after `timeout_s` seconds.
        """
        self.stop()
        if self._thread is not None:
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                raise TimeoutError(f"the watch has not ended after {timeout_s} seconds; it is in the middle of a scan")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _progress(self, done: int, total: int) -> None:
        if self._stopped:
            raise _Abandoned

    def _run(self, report: Callable[[WatchEvent], object] | None) -> None:
        try:
            for event in self.events():
                if report is not None:
                    report(event)
        except BaseException as error:
            self._failure = error
