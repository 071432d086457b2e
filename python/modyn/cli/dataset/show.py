"""`modyn dataset list` and `status`: what is in the datasets of a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from modyn.cli.session import JsonOption, Session, TracebackOption, WorkspaceOption

if TYPE_CHECKING:
    from modyn.storage.api import DatasetStatus

_LISTED = 20


def list_datasets(
    ctx: typer.Context,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    traceback: TracebackOption = False,
) -> None:
    """List the datasets of the workspace: name, samples, files, time range, folder."""
    session = Session.of(ctx, json=json, traceback=traceback, workspace=workspace)
    with session.explaining(), session.opened(create=False) as opened:
        found = opened.datasets.list()
        if session.json:
            session.document([document(status) for status in found])
        elif not found:
            session.note("no dataset yet; `modyn dataset add` registers one")
        elif session.terminal:
            _table(found)
        else:
            for status in found:
                session.row(status.name, status.samples, status.files, *_bounds(status), status.base_path)


def status(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The dataset.")],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    traceback: TracebackOption = False,
) -> None:
    """Show what a dataset holds, and which files wait in quarantine and why."""
    session = Session.of(ctx, json=json, traceback=traceback, workspace=workspace)
    with session.explaining(), session.opened(create=False) as opened:
        show(session, opened.datasets.status(name))


def show(session: Session, status: DatasetStatus) -> None:
    """Print a dataset as lines or as JSON, with warnings about what its owner may not expect."""
    from modyn.report import units

    if session.json:
        session.document(document(status))
    first, last = _bounds(status)
    session.line(f"dataset: {status.name}")
    session.line(f"folder: {status.base_path}")
    session.line(f"files: {status.files:,}")
    size = status.format.sample_size
    gone = f", {status.deleted:,} more were deleted" if status.deleted else ""
    session.line(f"samples: {status.samples:,}" + (f" of {units.size(size)}" if size else "") + gone)
    if status.waiting:
        session.line(f"pushed, waiting for the next scan: {status.waiting:,}")
    session.line(f"time: {first} to {last} (UTC)" if status.samples else "time: no data")
    for what, files in (("quarantined", status.quarantined), ("in conflict", status.conflicts)):
        for file in files[:_LISTED]:
            session.line(f"{what}: {file.path}: {file.reason}")
        if len(files) > _LISTED:
            session.line(f"{what}: and {len(files) - _LISTED:,} more files (--json lists all)")
    if status.all_within_a_day:
        session.warn(
            "all timestamps lie within a day; if the folder was copied, its files have lost their modification times: "
            "take timestamps from file names (--timestamp filename --timestamp-pattern '%Y-%m-%d'), "
            "or copy with times preserved"
        )
    if not status.samples and not status.waiting:
        session.warn(f"no '{status.format.file_extension}' file with samples was found in '{status.base_path}'")


def _bounds(status: DatasetStatus) -> tuple[str, str]:
    from modyn.report import units

    end = status.interval.end
    return units.moment(status.interval.start), units.moment(None if end is None else end - 1)


def document(status: DatasetStatus) -> dict[str, Any]:
    """A dataset as JSON says it."""
    from modyn.storage.sample_format import to_json

    return {
        "name": status.name,
        "base_path": str(status.base_path),
        "format": to_json(status.format),
        "timestamp": vars(status.timestamp),
        "options": vars(status.options),
        "manifest": status.manifest,
        "samples": status.samples,
        "deleted": status.deleted,
        "files": status.files,
        "interval": [status.interval.start, status.interval.end],
        "quarantined": [vars(file) for file in status.quarantined],
        "conflicts": [vars(file) for file in status.conflicts],
        "waiting": status.waiting,
        "all_within_a_day": status.all_within_a_day,
    }


def _table(found: list[DatasetStatus]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from modyn.report.terminal import show

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="dim")
    for name, side in (
        ("dataset", "left"),
        ("samples", "right"),
        ("files", "right"),
        ("from", "right"),
        ("to", "right"),
    ):
        table.add_column(name, justify="left" if side == "left" else "right")
    table.add_column("quarantined", justify="right")
    table.add_column("folder", overflow="fold")
    for status in found:
        cells = [f"{status.samples:,}", f"{status.files:,}", *_bounds(status), f"{len(status.quarantined):,}"]
        table.add_row(Text(status.name, style="bold"), *(Text(cell) for cell in cells), Text(str(status.base_path)))
    show(table)
