"""`modyn resume`: go on with a run that was interrupted, killed, or failed."""

from __future__ import annotations

from typing import Annotated

import typer

from modyn.cli.session import JsonOption, Session, TracebackOption, WorkspaceOption


def resume(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(metavar="RUN", help="A run, or a pipeline's newest run.", show_default="the latest unfinished"),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    traceback: TracebackOption = False,
) -> None:
    """Go on with a run from its last commit; it ends as if it had never been disturbed."""
    session = Session.of(ctx, json=json, traceback=traceback, workspace=workspace)
    with session.explaining(), session.opened(create=False) as opened:
        from modyn.cli.follow import follow

        code = follow(session, opened.resume(name))
    raise typer.Exit(code)
