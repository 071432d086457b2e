"""`modyn dataset append`: push samples from files or standard input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modyn.cli.session import JsonOption, Session, TracebackOption, WorkspaceOption
from modyn.cli.timestamps import parse_timestamp

if TYPE_CHECKING:
    from modyn.storage.api import DatasetStatus
    from modyn.storage.push_files import NamedBytes

_STDIN = "-"


def append(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The dataset.")],
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Files as the dataset's own, or - for standard input.", allow_dash=True),
    ],
    label: Annotated[
        int | None, typer.Option(help="Label of all samples; only for files of one sample, which have it in a sidecar.")
    ] = None,
    timestamp: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Of all samples: a date or Unix seconds; UTC.", show_default="now"),
    ] = None,
    batch_id: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Sending the same samples again under one id adds nothing.", show_default="drawn"
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    traceback: TracebackOption = False,
) -> None:
    """Push samples into a dataset: all of them, durably, or none. The next scan makes them visible.

    What is given looks like the dataset's files: records with their labels, rows of CSV (with a header line if its
    files have one), or files of one sample with their sidecars. Nothing has to lie in the dataset's folder.
    """
    from modyn.report import units
    from modyn.storage.push_files import read_files

    session = Session.of(ctx, json=json, traceback=traceback, workspace=workspace)
    seconds = None if timestamp is None else parse_timestamp(timestamp)
    with session.explaining(), session.opened(create=False) as opened:
        status = opened.datasets.status(name)
        found = read_files(status.format, status.timestamp, [_read(file, label, status) for file in files])
        if found.timestamps is not None and seconds is not None:
            raise typer.BadParameter("--timestamp: the samples of this dataset bring timestamps of their own")
        receipt = opened.datasets.append(
            name, found.samples, found.labels, found.timestamps if seconds is None else seconds, batch_id
        )
        if session.json:
            session.document({"dataset": name, **vars(receipt)})
        elif receipt.duplicate:
            session.line(f"{name}: batch '{receipt.batch_id}' was there already, nothing was added")
        else:
            pushed = units.counted(receipt.samples, "sample")
            session.line(f"{name}: {pushed} pushed as batch '{receipt.batch_id}'")


def _read(file: Path, label: int | None, status: DatasetStatus) -> NamedBytes:
    from modyn.errors import DatasetError
    from modyn.storage.api import SingleSample
    from modyn.storage.push_files import NamedBytes

    single = status.format if isinstance(status.format, SingleSample) else None
    if label is not None and single is None:
        raise typer.BadParameter("--label: the samples of this dataset bring their labels in the files themselves")
    given = None if label is None else str(label).encode()
    if str(file) == _STDIN:
        if single and given is None:
            raise typer.BadParameter("a sample from standard input has no file with its label beside it; give --label")
        return NamedBytes("standard input", sys.stdin.buffer.read(), given)
    if single is None or given is not None:
        return NamedBytes(f"file '{file}'", file.read_bytes(), given)
    sidecar = file.with_suffix(single.label_file_extension)
    if not sidecar.exists():
        raise DatasetError(f"file '{file}' has no label file '{sidecar}' beside it; write it, or give --label")
    return NamedBytes(f"file '{file}'", file.read_bytes(), sidecar.read_bytes())
