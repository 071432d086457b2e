"""`modyn report`: one run as an HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modyn.cli.session import JsonOption, Session, TracebackOption, WorkspaceOption


def report(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="RUN", help="A run, or a pipeline's newest run.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file.", show_default="report.html in the run's folder")
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    traceback: TracebackOption = False,
) -> None:
    """Write the report of a run, finished or not, as one HTML page that needs no network."""
    session = Session.of(ctx, json=json, traceback=traceback, workspace=workspace)
    with session.explaining(), session.opened(create=False) as opened:
        run = opened.find_run(name)
        path = run.report(output or run.folder / "report.html")
        if session.json:
            session.document({"run": run.id, "report": str(path)})
        session.line(str(path))
