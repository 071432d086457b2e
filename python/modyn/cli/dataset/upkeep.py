"""`modyn dataset check` and `collect`: whether all is well, and what nobody needs any more."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from modyn.cli.dataset.scanning import scanning
from modyn.cli.session import FAILED, JsonOption, Session, TracebackOption, WorkspaceOption

_HOUR_S = 3600


def check(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The dataset.")],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    traceback: TracebackOption = False,
) -> None:
    """Check every checksum of a dataset's index, and every source file; ends with 1 if something is wrong."""
    session = Session.of(ctx, json=json, traceback=traceback, workspace=workspace)
    with session.explaining(), session.opened(create=False) as opened:
        from modyn.report import units

        with scanning(name) as progress:
            summary = opened.datasets.check(name, progress)
        if session.json:
            findings: list[dict[str, Any]] = [vars(finding) for finding in summary.findings]
            session.document({**vars(summary), "findings": findings})
        for finding in summary.findings:
            session.line(f"{finding.path}: {finding.what}")
        what = units.counted(len(summary.findings), "finding") if summary.findings else "all is well"
        samples, files = units.counted(summary.samples, "sample"), units.counted(summary.source_files, "source file")
        session.line(f"{what}: {samples}, {files}")
        if summary.findings:
            raise typer.Exit(FAILED)


def collect(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The dataset.")],
    grace: Annotated[
        float, typer.Option(min=0, metavar="HOURS", help="States stay for so long after they were the newest.")
    ] = 24,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    traceback: TracebackOption = False,
) -> None:
    """Remove older states of a dataset's index that no run needs, and pushed samples that are deleted everywhere.

    Scans do so by themselves now and then.
    """
    session = Session.of(ctx, json=json, traceback=traceback, workspace=workspace)
    with session.explaining(), session.opened(create=False) as opened:
        from modyn.report import units

        summary = opened.datasets.collect(name, grace * _HOUR_S)
        if session.json:
            session.document(vars(summary))
        files = summary.segments + summary.deletions + summary.views + summary.logs
        states, removed = units.counted(summary.manifests, "state"), units.counted(files, "file")
        session.line(f"removed: {states} and {removed} of {units.size(summary.bytes)}")
