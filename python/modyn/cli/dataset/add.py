"""`modyn dataset add`: a folder of files becomes a dataset."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modyn.cli.dataset.scanning import scanning
from modyn.cli.dataset.show import show
from modyn.cli.formats import (
    ByteOrder,
    ByteOrderOption,
    LabelOffsetOption,
    SignedOption,
    TimestampPatternOption,
    TimestampSource,
)
from modyn.cli.session import JsonOption, Session, TracebackOption, WorkspaceOption

if TYPE_CHECKING:
    from modyn.storage.api import SampleFormat, TimestampFrom

# Which options describe which kind of files; one of the first in each group says which it is.
_KINDS = {
    "records of one size": ("record_size", "label_size", "label_offset", "byteorder", "signed"),
    "CSV files": ("label", "separator", "quote", "header", "encoding"),
    "files of one sample": ("label_extension",),
}


class Encoding(Enum):
    """Of the text in CSV files."""

    UTF_8 = "utf-8"
    LATIN_1 = "latin-1"


class OnChange(Enum):
    """What happens to a file whose ingested bytes changed."""

    REPORT = "report"
    REPLACE = "replace"


def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What pipelines call the dataset.")],
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH", exists=True, file_okay=False, help="Folder with the files, searched recursively."
        ),
    ],
    record_size: Annotated[
        int | None, typer.Option(min=2, help="Records of one size: bytes of a record, label included.")
    ] = None,
    label_size: Annotated[int | None, typer.Option(min=1, max=8, help="Bytes of the label in each record.")] = None,
    label_offset: LabelOffsetOption = 0,
    byteorder: ByteOrderOption = ByteOrder.LITTLE,
    signed: SignedOption = False,
    label: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="CSV files: the label's column, by its name or its index from 0."),
    ] = None,
    separator: Annotated[str, typer.Option(help="The character between cells; \\t for a tab.")] = ",",
    quote: Annotated[str, typer.Option(help="The character around cells that need it; empty for none.")] = '"',
    header: Annotated[
        bool | None, typer.Option("--header/--no-header", help="Whether the first line names the columns.")
    ] = None,
    encoding: Annotated[Encoding, typer.Option(help="Encoding of the text.")] = Encoding.UTF_8,
    label_extension: Annotated[
        str | None,
        typer.Option(metavar="EXTENSION", help="Files of one sample: ending of the file beside it with its label."),
    ] = None,
    extension: Annotated[
        str | None, typer.Option(help="Files with another ending are left alone.", show_default=".bin or .csv")
    ] = None,
    timestamp: Annotated[
        TimestampSource | None, typer.Option(help="Where timestamps come from.", show_default="mtime")
    ] = None,
    timestamp_pattern: TimestampPatternOption = None,
    timestamp_column: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column with timestamps, by name or index; in records, the offset of an int64 with Unix seconds.",
        ),
    ] = None,
    on_change: Annotated[
        OnChange, typer.Option(help="What happens to a file whose ingested bytes changed.")
    ] = OnChange.REPORT,
    owns_files: Annotated[
        bool, typer.Option("--owns-files", help="Deleting the dataset removes its source files.")
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    traceback: TracebackOption = False,
) -> None:
    """Register a folder and ingest what it holds: records of one size, CSV files, or files of one sample."""
    session = Session.of(ctx, json=json, traceback=traceback, workspace=workspace)
    kind = _kind(ctx)
    if kind == "records of one size":
        format = _records(record_size, label_size, label_offset, byteorder, signed, extension)
    elif kind == "CSV files":
        format = _csv(label, separator, quote, header, encoding, extension)
    else:
        format = _files(extension, label_extension)
    source = _timestamp(timestamp, timestamp_pattern, timestamp_column)
    with session.explaining(), session.opened(create=True) as opened, scanning(name) as progress:
        from modyn.storage.api import DatasetOptions

        options = DatasetOptions(
            on_change="replace" if on_change is OnChange.REPLACE else "report", owns_files=owns_files
        )
        show(session, opened.datasets.add(name, path, format, source, options, progress=progress))


def _kind(ctx: typer.Context) -> str:
    given = {kind: [name for name in names if _given(ctx, name)] for kind, names in _KINDS.items()}
    kinds = [kind for kind, names in given.items() if names]
    if not kinds:
        raise typer.BadParameter(
            "what the files hold is missing: --record-size and --label-size (records of one size), "
            "--label (CSV files), or --extension and --label-extension (files of one sample)"
        )
    if len(kinds) > 1:
        clash = " and ".join(f"{_option(given[kind][0])} ({kind})" for kind in kinds)
        raise typer.BadParameter(f"{clash} describe different kinds of files; a dataset has one")
    return kinds[0]


def _records(
    record_size: int | None,
    label_size: int | None,
    label_offset: int,
    byteorder: ByteOrder,
    signed: bool,
    extension: str | None,
) -> SampleFormat:
    from modyn.storage.api import FixedRecord

    if record_size is None or label_size is None:
        raise typer.BadParameter("records of one size need --record-size and --label-size")
    if label_offset + label_size > record_size or label_size == record_size:
        raise typer.BadParameter(
            f"a label of {label_size} bytes at offset {label_offset} and a sample do not fit a record of {record_size}"
        )
    return FixedRecord(
        record_size=record_size,
        label_size=label_size,
        label_offset=label_offset,
        byteorder="big" if byteorder is ByteOrder.BIG else "little",
        label_signed=signed,
        file_extension=_extension(extension or ".bin"),
    )


def _csv(
    label: str | None, separator: str, quote: str, header: bool | None, encoding: Encoding, extension: str | None
) -> SampleFormat:
    from modyn.storage.api import Csv

    if label is None:
        raise typer.BadParameter("CSV files need --label, the column of the label")
    column = _column(label)
    if header is False and isinstance(column, str):
        raise typer.BadParameter(f"--label '{label}' is the name of a column, which --no-header leaves without names")
    return Csv(
        label=column,
        separator=_character("--separator", separator.replace("\\t", "\t")) or ",",
        quote=_character("--quote", quote),
        header=bool(header),
        encoding=encoding.value,
        file_extension=_extension(extension or ".csv"),
    )


def _files(extension: str | None, label_extension: str | None) -> SampleFormat:
    from modyn.storage.api import SingleSample

    if extension is None or label_extension is None:
        raise typer.BadParameter("files of one sample need --extension and --label-extension")
    return SingleSample(_extension(extension), _extension(label_extension, "--label-extension"))


def _timestamp(source: TimestampSource | None, pattern: str | None, column: str | None) -> TimestampFrom:
    from modyn.storage.api import TimestampFrom

    if source is None:
        source = TimestampSource.FILENAME if pattern else TimestampSource.COLUMN if column else TimestampSource.MTIME
    if (source is TimestampSource.FILENAME) != (pattern is not None):
        raise typer.BadParameter("--timestamp filename and --timestamp-pattern belong together")
    if (source is TimestampSource.COLUMN) != (column is not None):
        raise typer.BadParameter("--timestamp column and --timestamp-column belong together")
    return TimestampFrom(source.value, pattern or "", None if column is None else _column(column))


def _column(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() else text


def _character(option: str, text: str) -> str | None:
    if len(text.encode()) > 1:
        raise typer.BadParameter(f"{option} '{text}' is more than one byte")
    return text or None


def _extension(text: str, option: str = "--extension") -> str:
    if not text.startswith("."):
        raise typer.BadParameter(f"{option} '{text}' begins with no dot, expected '.{text}'")
    return text


def _option(parameter: str) -> str:
    return "--" + parameter.replace("_", "-")


def _given(ctx: typer.Context, parameter: str) -> bool:
    source = ctx.get_parameter_source(parameter)
    return source is not None and source.name != "DEFAULT"
