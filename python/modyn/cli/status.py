"""`modyn status`: what runs there are, and how one of them is doing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from modyn.cli.session import JsonOption, Session, TracebackOption, WorkspaceOption

if TYPE_CHECKING:
    from modyn.run import Run


def status(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="RUN", help="A run, or a pipeline's newest run.")] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    traceback: TracebackOption = False,
) -> None:
    """Show all runs of the workspace, or one of them in detail."""
    session = Session.of(ctx, json=json, traceback=traceback, workspace=workspace)
    with session.explaining(), session.opened(create=False) as opened:
        if name is not None:
            _one(session, opened.find_run(name))
        else:
            _all(session, opened.runs())


def _all(session: Session, runs: list[Run]) -> None:
    from modyn.report.document import documents, lines
    from modyn.report.terminal import overview, show

    every = [documents([run.data()])[0] | {"state": run.state, "folder": run.folder} for run in runs]
    if session.json:
        session.document(every)
    elif not runs:
        session.note("no run yet; `modyn run PIPELINE` starts one")
    elif session.terminal:
        show(overview(every))
    else:
        for one in every:
            session.line(lines(one)[0])


def _one(session: Session, run: Run) -> None:
    from modyn.report.document import documents, lines, records
    from modyn.report.terminal import latest_triggers, show, summary

    data = run.data()
    document = documents([data])[0] | {"state": run.state, "folder": run.folder, "error": run.error}
    if session.json:
        session.document(document | {"trigger_list": records(data.triggers)})
    elif session.terminal:
        show(summary([data], states=[run.state]), latest_triggers(data))
        session.line(f"folder: {run.folder}")
    else:
        for line in lines(document):
            session.line(line)
        session.line(f"folder: {run.folder}")
    if run.error and not session.json:
        session.line(f"error: {run.error}")
    if run.state in ("failed", "interrupted", "crashed"):
        session.note(f"go on with `{session.again(f'resume {run.id}')}`")
