"""How the files of a dataset are read: what a user describes, what the database keeps, what the native library is told.

A description is immutable. Its settings as text are what the dataset's manifests record, so two descriptions with
equal text read equal samples out of equal files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal

from modyn.errors import DatasetError

Settings = Mapping[str, str | int | bool]


@dataclass(frozen=True)
class TimestampFrom:
    """Where a sample's timestamp comes from.

    Attributes:
        source: "mtime" takes the file's modification time, "filename" finds `pattern` in the file's name, "column"
            takes a column of the sample's own record.
        pattern: strptime directives %Y %m %d %H %M %S %s, UTC.
        column: of a CSV file its name or its index from 0, with Unix seconds or ISO 8601 dates; of fixed records the
            offset in bytes of an integer with Unix seconds.
        size: bytes of that integer, 4 or 8.
        signed: whether that integer is signed.
    """

    source: Literal["mtime", "filename", "column"] = "mtime"
    pattern: str = ""
    column: int | str | None = None
    size: int = 8
    signed: bool = True


@dataclass(frozen=True)
class FixedRecord:
    """Records of one size, each with an integer label inside; the sample is the rest.

    Sizes and offsets are in bytes.
    """

    record_size: int
    label_size: int
    label_offset: int = 0
    byteorder: Literal["little", "big"] = "little"
    label_signed: bool = False
    file_extension: str = ".bin"

    kind: ClassVar[str] = "fixed_record"

    @property
    def sample_size(self) -> int:
        """Bytes of a sample: the record without its label."""
        return self.record_size - self.label_size

    def settings(self, timestamp: TimestampFrom) -> Settings:
        """See `SampleFormat`."""
        settings: dict[str, str | int | bool] = {
            "record_size": self.record_size,
            "label_size": self.label_size,
            "label_offset": self.label_offset,
            "byte_order": self.byteorder,
            "label_signed": self.label_signed,
        }
        if timestamp.source == "column":
            if not isinstance(timestamp.column, int):
                raise DatasetError(
                    f"timestamp column {timestamp.column!r}: fixed records have no named columns; give the offset of "
                    "the timestamp in the record, in bytes"
                )
            settings |= {
                "timestamp_offset": timestamp.column,
                "timestamp_size": timestamp.size,
                "timestamp_byte_order": self.byteorder,
                "timestamp_signed": timestamp.signed,
            }
        return settings


@dataclass(frozen=True)
class Csv:
    """Text files with a sample in each row (RFC 4180) and its integer label in one column.

    The sample is the row without its label's cell, otherwise byte for byte; its line end does not belong to it.

    Attributes:
        label: the label's column, by index from 0 or by name (which needs a header).
        separator: the one-byte character between cells.
        quote: the one-byte character around cells that hold separators, line ends or quotes; None for no quoting.
        header: whether the first line names the columns. Named columns imply it.
        encoding: of the text; bytes that are no UTF-8 send a file to quarantine.
    """

    label: int | str
    separator: str = ","
    quote: str | None = '"'
    header: bool = False
    encoding: Literal["utf-8", "latin-1"] = "utf-8"
    file_extension: str = ".csv"

    kind: ClassVar[str] = "csv"
    sample_size: ClassVar[None] = None

    def settings(self, timestamp: TimestampFrom) -> Settings:
        """See `SampleFormat`."""
        by_name = isinstance(self.label, str) or isinstance(timestamp.column, str)
        settings: dict[str, str | int | bool] = {
            "separator": self.separator,
            "quote": self.quote or "",
            "header": self.header or by_name,
            "encoding": self.encoding,
            _column_setting("label", self.label): self.label,
        }
        if timestamp.source == "column":
            if timestamp.column is None:
                raise DatasetError("timestamps from a column need the column's name or index")
            settings[_column_setting("timestamp", timestamp.column)] = timestamp.column
        return settings


@dataclass(frozen=True)
class SingleSample:
    """Files of one sample each, with the label as a decimal number in a text file beside it.

    Attributes:
        file_extension: of the sample's file, such as ".png".
        label_file_extension: what replaces it in the name of the label's file, such as ".label".
    """

    file_extension: str
    label_file_extension: str

    kind: ClassVar[str] = "single_sample"
    sample_size: ClassVar[None] = None

    def settings(self, timestamp: TimestampFrom) -> Settings:
        """See `SampleFormat`."""
        if timestamp.source == "column":
            raise DatasetError("files of one sample have no column with a timestamp; use 'mtime' or 'filename'")
        return {"label_file_extension": self.label_file_extension}


@dataclass(frozen=True)
class CustomFormat:
    """A format that Python code brings: see docs/adding-a-format.md.

    Attributes:
        kind: the name that its class is registered under.
        options: passed to the class; text by name.
    """

    kind: str
    file_extension: str
    options: Mapping[str, str] = field(default_factory=dict)

    sample_size: ClassVar[None] = None

    def settings(self, timestamp: TimestampFrom) -> Settings:
        """See `SampleFormat`. Whether samples bring timestamps is for the format's class to say."""
        if timestamp.source == "column" and timestamp.column is not None:
            return {**self.options, _column_setting("timestamp", timestamp.column): timestamp.column}
        return dict(self.options)


SampleFormat = FixedRecord | Csv | SingleSample | CustomFormat
"""How files are read. `settings(timestamp)` gives what the native format of the same kind is made from; it raises
DatasetError for a source of timestamps that such files do not have."""

_KINDS: dict[str, type[FixedRecord | Csv | SingleSample]] = {
    format.kind: format for format in (FixedRecord, Csv, SingleSample)
}


def settings_text(format: SampleFormat, timestamp: TimestampFrom) -> str:
    """Lines of name=value, the first of which is format=<kind>: what manifests record."""
    settings: Settings = {"format": format.kind, **format.settings(timestamp)}
    return "".join(f"{name}={_escaped(value)}\n" for name, value in settings.items())


def to_json(format: SampleFormat) -> dict[str, Any]:
    """What the database keeps."""
    return {"kind": format.kind, **asdict(format)}


def from_json(document: Mapping[str, Any]) -> SampleFormat:
    """What `to_json` made a document of."""
    settings = dict(document)
    kind = settings.pop("kind", FixedRecord.kind)  # the first version kept no other
    described = _KINDS.get(kind)
    return CustomFormat(kind=kind, **settings) if described is None else described(**settings)


def _column_setting(what: str, column: int | str) -> str:
    return f"{what}_name" if isinstance(column, str) else f"{what}_column"


def _escaped(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
