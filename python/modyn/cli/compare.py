"""`modyn compare`: several runs on one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modyn.cli.session import JsonOption, Session, TracebackOption, WorkspaceOption


def compare(
    ctx: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="RUN RUN...", help="Runs, or pipelines for their newest runs.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file.")] = Path("comparison.html"),
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    traceback: TracebackOption = False,
) -> None:
    """Compare runs: what each cost and bought, over the intervals that all of them have data for."""
    session = Session.of(ctx, json=json, traceback=traceback, workspace=workspace)
    if len(names) < 2:
        raise typer.BadParameter("a comparison needs at least two runs; `modyn report` shows one")
    with session.explaining(), session.opened(create=False) as opened:
        from modyn.calls import compare as write
        from modyn.report.document import documents, lines
        from modyn.report.terminal import show, summary

        runs = [opened.find_run(name) for name in names]
        path = write(runs, output)
        data = [run.data() for run in runs]
        if session.json:
            session.document({"report": str(path), "runs": documents(data)})
        elif session.terminal:
            show(summary(data))
        else:
            for one in documents(data):
                for line in lines(one):
                    session.line(line)
        session.line(str(path))
