"""`modyn run`: replay a dataset through a pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modyn.cli.session import JsonOption, Session, TracebackOption, WorkspaceOption
from modyn.cli.timestamps import parse_timestamp

_TIME = "Unix seconds or a UTC date or time"


def run(
    ctx: typer.Context,
    pipeline: Annotated[
        Path, typer.Argument(metavar="PIPELINE", exists=True, dir_okay=False, readable=True, help="Pipeline file.")
    ],
    start: Annotated[
        int | None,
        typer.Option("--from", metavar="TIME", parser=parse_timestamp, help=f"First time to replay; {_TIME}."),
    ] = None,
    end: Annotated[
        int | None,
        typer.Option("--to", metavar="TIME", parser=parse_timestamp, help="Where to end, itself not replayed."),
    ] = None,
    max_triggers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="End the stream after so many triggers.")
    ] = None,
    system: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", exists=True, dir_okay=False, readable=True, help="System file that declares the datasets."
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    traceback: TracebackOption = False,
) -> None:
    """Replay a dataset as if its samples arrived now: trigger, select, train, store, evaluate.

    Ctrl-C stops cleanly, and `modyn resume` goes on from there. With --json, every event is a line.
    """
    session = Session.of(ctx, json=json, traceback=traceback, workspace=workspace)
    if start is not None and end is not None and start >= end:
        raise typer.BadParameter(f"--from {start} is not before --to {end}, so there is nothing to replay")
    with session.explaining():
        import modyn

        # Mistakes in the file are told before a workspace is made.
        if problems := [problem for file in (pipeline, system) if file for problem in modyn.validate(file)]:
            raise modyn.ConfigurationError(problems)
        with session.opened(create=True) as opened:
            from modyn.cli.follow import follow

            code = follow(session, opened.run(pipeline, modyn.Interval(start, end), max_triggers, system))
    raise typer.Exit(code)
