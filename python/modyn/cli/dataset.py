"""`modyn dataset`: register folders of growing data, and see what is in them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modyn.cli.formats import (
    ByteOrder,
    ByteOrderOption,
    ExtensionOption,
    LabelOffsetOption,
    SignedOption,
    TimestampPatternOption,
    TimestampSource,
)
from modyn.cli.session import JsonOption, Session, TracebackOption, WorkspaceOption

if TYPE_CHECKING:
    from modyn.storage.api import DatasetStatus

_LISTED = 20

app = typer.Typer(no_args_is_help=True, help="Register folders of growing data, and see what is in them.")


@app.command("add")
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What pipelines call the dataset.")],
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH", exists=True, file_okay=False, help="Folder with the files, searched recursively."
        ),
    ],
    record_size: Annotated[int, typer.Option(min=2, help="Bytes of a record, label included.")],
    label_size: Annotated[int, typer.Option(min=1, max=8, help="Bytes of the label.")],
    label_offset: LabelOffsetOption = 0,
    byteorder: ByteOrderOption = ByteOrder.LITTLE,
    signed: SignedOption = False,
    extension: ExtensionOption = ".bin",
    timestamp: Annotated[TimestampSource, typer.Option(help="Where timestamps come from.")] = TimestampSource.MTIME,
    timestamp_pattern: TimestampPatternOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    traceback: TracebackOption = False,
) -> None:
    """Register a folder of fixed-size records and ingest what it holds."""
    session = Session.of(ctx, json=json, traceback=traceback, workspace=workspace)
    if label_offset + label_size > record_size or label_size == record_size:
        raise typer.BadParameter(
            f"a label of {label_size} bytes at offset {label_offset} and a sample do not fit a record of {record_size}"
        )
    if not extension.startswith("."):
        raise typer.BadParameter(f"--extension '{extension}' begins with no dot, expected '.{extension}'")
    if timestamp_pattern is not None and timestamp is TimestampSource.MTIME and not _given(ctx, "timestamp"):
        timestamp = TimestampSource.FILENAME
    if (timestamp is TimestampSource.FILENAME) != (timestamp_pattern is not None):
        raise typer.BadParameter("--timestamp filename and --timestamp-pattern belong together")
    with session.explaining(), session.opened(create=True) as opened, _scanning(name) as progress:
        from modyn.storage.api import FixedRecord, TimestampFrom

        status = opened.datasets.add(
            name,
            path,
            FixedRecord(
                record_size=record_size,
                label_size=label_size,
                label_offset=label_offset,
                byteorder="big" if byteorder is ByteOrder.BIG else "little",
                label_signed=signed,
                file_extension=extension,
            ),
            TimestampFrom("mtime") if timestamp_pattern is None else TimestampFrom("filename", timestamp_pattern),
            progress,
        )
        _show(session, status)


@app.command("list")
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
            session.document([_document(status) for status in found])
        elif not found:
            session.note("no dataset yet; `modyn dataset add` registers one")
        elif session.terminal:
            _table(found)
        else:
            for status in found:
                session.row(status.name, status.samples, status.files, *_bounds(status), status.base_path)


@app.command("status")
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
        _show(session, opened.datasets.status(name))


def _given(ctx: typer.Context, parameter: str) -> bool:
    source = ctx.get_parameter_source(parameter)
    return source is not None and source.name != "DEFAULT"


@contextmanager
def _scanning(name: str) -> Iterator[Callable[[int, int], None] | None]:
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(f"scanning {escape(name)}", total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _show(session: Session, status: DatasetStatus) -> None:
    from modyn.report import units

    if session.json:
        session.document(_document(status))
    first, last = _bounds(status)
    session.line(f"dataset: {status.name}")
    session.line(f"folder: {status.base_path}")
    session.line(f"files: {status.files:,}")
    session.line(f"samples: {status.samples:,} of {units.size(status.format.sample_size)}")
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
    if not status.samples:
        session.warn(f"no '{status.format.file_extension}' file with samples was found in '{status.base_path}'")


def _bounds(status: DatasetStatus) -> tuple[str, str]:
    from modyn.report import units

    end = status.interval.end
    return units.moment(status.interval.start), units.moment(None if end is None else end - 1)


def _document(status: DatasetStatus) -> dict[str, Any]:
    return {
        "name": status.name,
        "base_path": str(status.base_path),
        "format": vars(status.format),
        "timestamp": vars(status.timestamp),
        "manifest": status.manifest,
        "samples": status.samples,
        "files": status.files,
        "interval": [status.interval.start, status.interval.end],
        "quarantined": [vars(file) for file in status.quarantined],
        "conflicts": [vars(file) for file in status.conflicts],
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
