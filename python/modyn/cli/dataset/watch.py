"""`modyn dataset watch`: keep a dataset up to date until somebody stops it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modyn.cli.dataset.scan import bad_files, document, found
from modyn.cli.session import JsonOption, Session, TracebackOption, WorkspaceOption

if TYPE_CHECKING:
    from modyn.storage.api import DatasetFile, DatasetStatus
    from modyn.storage.watcher import DatasetWatch, ScanFailed, Scanned, WatchEvent


def watch(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The dataset.")],
    interval: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Scan at least so often.", show_default="the dataset's own"),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    traceback: TracebackOption = False,
) -> None:
    """Ingest what appears in a dataset's folder, and what is pushed, until Ctrl-C or SIGTERM.

    A scan is made when the system tells of a change, and at every interval. One that fails is tried again.
    """
    session = Session.of(ctx, json=json, traceback=traceback, workspace=workspace)
    if interval is not None and not 0 < interval < float("inf"):
        raise typer.BadParameter(f"--interval {interval:g} is not a positive number of seconds")
    with session.explaining(), session.opened(create=False) as opened:
        watching = opened.datasets.watch(name, interval)
        report = _Report(session, name)
        with _stopped_by_signals(watching):
            for event in watching.events():
                report(event)


@contextmanager
def _stopped_by_signals(watching: DatasetWatch) -> Iterator[None]:
    def stop(number: int, frame: object) -> None:
        watching.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Report:
    """Prints events: with --json all of them, else those that bring something new."""

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self._name = name
        self._bad: dict[str, DatasetFile] = {}

    def __call__(self, event: WatchEvent) -> None:
        from modyn.storage.watcher import OnlyScanning, Scanned

        if isinstance(event, OnlyScanning):
            self._print({"event": "only_scanning", "reason": event.reason})
            self._session.warn(f"changes are found by scanning only: {event.reason}")
            return
        if isinstance(event, Scanned):
            self._scanned(event)
        else:
            self._failed(event)

    def _scanned(self, event: Scanned) -> None:
        status = event.summary.status
        told = {"event": "scanned", "because": event.because, "seconds": round(event.seconds, 6)}
        self._print(told | document(self._name, event.summary))
        if event.because == "start":
            self._session.line(f"{self._name}: watching '{status.base_path}', {status.samples:,} samples")
        if new := found(event.summary):
            self._session.line(f"{self._name}: {new}")
        self._tell_of_bad_files(status)

    def _tell_of_bad_files(self, status: DatasetStatus) -> None:
        bad = bad_files(status)
        for path, file in bad.items():
            if self._bad.get(path) != file:
                self._session.line(f"{self._name}: not taken: {path}: {file.reason}")
        for path in self._bad.keys() - bad.keys():
            self._session.line(f"{self._name}: in order again: {path}")
        self._bad = bad

    def _failed(self, event: ScanFailed) -> None:
        error = {"kind": type(event.error).__name__, "message": str(event.error)}
        self._print({"event": "failed", "error": error, "retry_in_s": event.retry_in_s})
        self._session.warn(f"the scan failed and is tried again in {event.retry_in_s:g} s: {event.error}")

    def _print(self, document: dict[str, Any]) -> None:
        if self._session.json:
            self._session.document({**document, "dataset": self._name})
