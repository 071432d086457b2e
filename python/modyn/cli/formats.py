"""Options that describe files of records, for the commands that need them."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer


class ByteOrder(Enum):
    """Order of the bytes in numbers."""

    LITTLE = "little"
    BIG = "big"


class TimestampSource(Enum):
    """Where a sample's timestamp comes from."""

    MTIME = "mtime"
    FILENAME = "filename"
    COLUMN = "column"


LabelOffsetOption = Annotated[int, typer.Option(min=0, help="Where the label begins in the record, in bytes.")]
ByteOrderOption = Annotated[ByteOrder, typer.Option(help="Byte order of the label.")]
SignedOption = Annotated[bool, typer.Option("--signed", help="The label is a signed number.")]
TimestampPatternOption = Annotated[
    str | None,
    typer.Option(metavar="PATTERN", help="Date in the file names: %Y %m %d %H %M %S, or %s for Unix seconds; UTC."),
]
