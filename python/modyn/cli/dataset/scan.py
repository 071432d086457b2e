"""`modyn dataset scan`: ingest what is new, once; and how scans are told of, which `watch` does too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from modyn.cli.dataset.scanning import scanning
from modyn.cli.session import JsonOption, Session, TracebackOption, WorkspaceOption

if TYPE_CHECKING:
    from modyn.storage.api import DatasetFile, DatasetStatus, ScanSummary


def scan(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The dataset.")],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    traceback: TracebackOption = False,
) -> None:
    """Ingest what is new in a dataset's folder, and what was pushed."""
    session = Session.of(ctx, json=json, traceback=traceback, workspace=workspace)
    with session.explaining(), session.opened(create=False) as opened:
        with scanning(name) as progress:
            summary = opened.datasets.scan(name, progress)
        if session.json:
            session.document(document(name, summary))
        session.line(f"{name}: {found(summary) or f'nothing new, {summary.status.samples:,} in all'}")
        for path, file in bad_files(summary.status).items():
            session.line(f"{name}: not taken: {path}: {file.reason}")


def document(name: str, summary: ScanSummary) -> dict[str, Any]:
    """A scan as JSON says it."""
    status = summary.status
    return {
        "dataset": name,
        "new_samples": summary.new_samples,
        "new_files": summary.new_files,
        "grown_files": summary.grown_files,
        "replaced_files": summary.replaced_files,
        "pushed_samples": summary.pushed_samples,
        "samples": status.samples,
        "manifest": status.manifest,
        "quarantined": [vars(file) for file in status.quarantined],
        "conflicts": [vars(file) for file in status.conflicts],
    }


def found(summary: ScanSummary) -> str:
    """What a scan has found, in one line; empty if that was nothing."""
    from modyn.report import units

    sources = {
        "new files": summary.new_files,
        "grown files": summary.grown_files,
        "replaced files": summary.replaced_files,
        "pushed samples": summary.pushed_samples,
    }
    named = ", ".join(f"{what}: {number:,}" for what, number in sources.items() if number)
    new = units.counted(summary.new_samples, "new sample")
    return f"{new} ({named}), {summary.status.samples:,} in all" if named else ""


def bad_files(status: DatasetStatus) -> dict[str, DatasetFile]:
    """The files that were not taken, by their paths."""
    return {file.path: file for file in (*status.quarantined, *status.conflicts)}
