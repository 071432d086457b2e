"""Follows a run to its end: shows its events, passes Ctrl-C on, and says how it ended."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from modyn.cli.session import INTERRUPTED, Session

if TYPE_CHECKING:
    from modyn.run import Run


def follow(session: Session, run: Run) -> int:
    """Show a run until it stops; returns the exit code 0 or 130.

    Raises:
        typer.Exit: the run failed; the error has been explained.
    """
    with _display(session, run) as show, _stopping(session, run):
        for event in run.events():
            show(event)
        failure = _failure(run)
    go_on = f"go on with `{session.again(f'resume {run.id}')}`"
    if failure is not None:
        session.fail(failure, hint=f"run '{run.id}' can be resumed once the cause is removed: {go_on}")
    if run.state != "done":
        session.note(f"run '{run.id}' is interrupted; {go_on}")
        return INTERRUPTED
    _results(session, run)
    return 0


def _failure(run: Run) -> Exception | None:
    try:
        run.wait()
    except Exception as error:  # whatever ended the run; the caller explains it after the bar is gone
        return error
    return None


def _results(session: Session, run: Run) -> None:
    if session.json:
        return  # the last event has said it
    from modyn.report.document import documents, lines
    from modyn.report.terminal import show, summary

    data = run.data()
    if session.terminal:
        show(summary([data]))
    else:
        for line in lines(documents([data])[0]):
            session.line(line)
    session.line(f"report: {run.folder / 'report.html'}")


@contextmanager
def _display(session: Session, run: Run) -> Iterator[Callable[[dict[str, Any]], None]]:
    if session.json:
        yield session.document
        return
    if not sys.stderr.isatty():

        def warnings_only(event: dict[str, Any]) -> None:
            if event["event"] == "warning":
                session.warn(event["message"])

        yield warnings_only
        return
    from modyn.cli.progress import RunProgress

    with RunProgress(run) as progress:
        yield progress.show


@contextmanager
def _stopping(session: Session, run: Run) -> Iterator[None]:
    """The first Ctrl-C (or SIGTERM) asks for a clean stop, the second ends the process at once.

    Both leave the run resumable: whatever is committed stays, and children end when this process does.
    """
    asked = False

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            session.note(f"\nstopped at once; go on with `{session.again(f'resume {run.id}')}`")
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        asked = True
        session.note("\nstopping cleanly; Ctrl-C again stops at once")
        run.stop()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
