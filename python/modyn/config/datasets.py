"""Datasets: where files lie, what is in them, and when their samples arrived."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, StringConstraints

from modyn.config.section import Issue, Section, rule

FileExtension = Annotated[str, StringConstraints(pattern=r"^\..*$")]
_DIRECTIVES = frozenset("YmdHMSs")


class TimestampConfig(Section):
    """Where a sample's timestamp comes from."""

    source: Literal["mtime", "filename", "column"] = Field(
        default="mtime", description="The file's modification time, a date in its name, or a column of its records."
    )
    pattern: str | None = Field(
        default=None,
        description="For source filename: the date in the name, with the directives %Y %m %d %H %M %S, or %s for Unix "
        "seconds; UTC.",
    )
    column: str | Annotated[int, Field(ge=0)] | None = Field(
        default=None,
        union_mode="left_to_right",
        description="For source column: of CSV files its name or its index, with Unix seconds or ISO 8601 dates; of "
        "binary records the offset in bytes of an integer with Unix seconds.",
    )
    size: Literal[4, 8] = Field(
        default=8, description="For source column of binary records: bytes of the integer, in the byte order of labels."
    )
    signed: bool = Field(
        default=True, description="For source column of binary records: whether the integer is signed."
    )

    @rule
    def settings_fit_the_source(self) -> Iterator[Issue]:
        for key, source in (("pattern", "filename"), ("column", "column")):
            given = getattr(self, key) is not None
            if self.source == source and not given:
                yield Issue(("source",), f"source '{source}' needs '{key}'")
            if self.source != source and given:
                yield Issue((key,), f"'{key}' belongs to source '{source}', not '{self.source}'")

    @rule
    def pattern_gives_a_date(self) -> Iterator[Issue]:
        pattern = self.pattern
        if pattern is None:
            return
        directives = re.findall(r"%(.?)", pattern.replace("%%", ""))
        for directive in directives:
            if directive not in _DIRECTIVES:
                yield Issue(("pattern",), f"'%{directive}' is unknown", "%Y, %m, %d, %H, %M, %S or %s")
                return
        if "Y" not in directives and "s" not in directives:
            yield Issue(("pattern",), f"'{pattern}' gives no date", "at least %Y (a year) or %s (Unix seconds)")


class BinaryFileWrapperConfig(Section):
    """Files of records of one size, each with an integer label inside; the sample is the rest."""

    file_extension: FileExtension = Field(default=".bin", description="Files with another extension are left alone.")
    record_size: int = Field(ge=2, description="Bytes of a record, label included.")
    label_size: int = Field(ge=1, le=8, description="Bytes of the label.")
    label_offset: int = Field(default=0, ge=0, description="Where the label begins in the record, in bytes.")
    label_signed: bool = Field(default=False, description="Whether the label is a signed number.")
    byteorder: Literal["little", "big"] = Field(default="little", description="Byte order of the label.")

    @property
    def sample_size(self) -> int:
        """Bytes of a sample: the record without its label."""
        return self.record_size - self.label_size

    @rule
    def label_lies_in_the_record(self) -> Iterator[Issue]:
        if self.label_size >= self.record_size:
            yield Issue(
                ("label_size",), f"a label of {self.label_size} bytes fills the record", f"less than {self.record_size}"
            )
        elif self.label_offset + self.label_size > self.record_size:
            yield Issue(
                ("label_offset",),
                f"the label ends at byte {self.label_offset + self.label_size}",
                f"an end within the record's {self.record_size} bytes",
            )


class CsvFileWrapperConfig(Section):
    """Text files with one sample per row and its integer label in one column."""

    file_extension: FileExtension = Field(default=".csv", description="Files with another extension are left alone.")
    separator: str = Field(default=",", min_length=1, max_length=1, description="The character between cells.")
    quote: str = Field(
        default="\\0",
        validation_alias=AliasChoices("quote", "quote_char"),
        description="The character around cells that hold separators; `\\0` for none.",
    )
    quoted_linebreaks: bool = Field(default=True, description="Whether a quoted cell may hold line breaks.")
    label_index: int | None = Field(default=None, ge=0, description="Index of the label's column, from 0.")
    label_name: str | None = Field(
        default=None, min_length=1, description="Its name, instead of its index; then the first line is a header."
    )
    ignore_first_line: bool = Field(default=False, description="Whether the first line is a header.")
    encoding: str = Field(default="utf-8", description="Encoding of the text.")
    validate_file_content: bool = Field(default=True, description="Whether every row is checked while scanning.")

    @property
    def label(self) -> int | str:
        """The label's column, by index or name; the rules see to it that there is one."""
        return self.label_name or self.label_index or 0

    @rule
    def one_column_has_the_label(self) -> Iterator[Issue]:
        if self.label_index is None and self.label_name is None:
            yield Issue(("label_index",), "the column of the label is missing", "label_index or label_name")
        if self.label_index is not None and self.label_name is not None:
            yield Issue(("label_name",), "'label_index' and 'label_name' exclude each other")


class SingleSampleFileWrapperConfig(Section):
    """Files of one sample each, with the label in a text file beside it."""

    file_extension: FileExtension = Field(description="Extension of the sample's file, such as `.png`.")
    label_file_extension: FileExtension = Field(description="Extension of the label's file, such as `.label`.")


class ParquetFileWrapperConfig(Section):
    """Parquet files with one sample per row and its integer label in one column."""

    file_extension: FileExtension = Field(
        default=".parquet", description="Files with another extension are left alone."
    )
    label_column: str = Field(min_length=1, description="Name of the label's column.")
    columns: list[str] | None = Field(
        default=None, description="Columns of the sample, in order; all but the label's if null."
    )


class _Dataset(Section):
    name: str = Field(min_length=1, description="What the rest of the file calls the dataset.")
    description: str | None = Field(default=None, description="For readers.")
    version: str | None = Field(default=None, description="For readers.")
    base_path: str = Field(
        min_length=1, description="Folder with the files, searched recursively; relative to this configuration file."
    )
    filesystem_wrapper_type: str = Field(
        default="LocalFilesystemWrapper", description="The kind of file system; the base path says it as well."
    )
    timestamp: TimestampConfig = Field(
        default=TimestampConfig(), description="Where a sample's timestamp comes from; the file's mtime by default."
    )
    ignore_last_timestamp: bool | None = Field(
        default=None, description="Whether files older than the newest are looked at."
    )
    file_watcher_interval: int | None = Field(
        default=None, ge=1, description="Seconds between scans of a live dataset."
    )
    on_change: Literal["report", "replace"] = Field(
        default="report",
        description="A file whose ingested bytes changed is reported as a conflict and left alone, or its samples are "
        "deleted and it is ingested anew.",
    )
    owns_files: bool = Field(default=False, description="Whether deleting the dataset removes its source files.")
    selector_batch_size: int = Field(default=128, ge=1, description="Samples that reach the trigger at a time.")

    def folder(self, source_folder: Path) -> Path:
        """The absolute folder of the files, for a configuration file in `source_folder`."""
        return (source_folder / Path(self.base_path).expanduser()).absolute()


class BinaryDataset(_Dataset):
    """A dataset of files with records of one size."""

    file_wrapper_type: Literal["BinaryFileWrapper"] = Field(description="What the files hold.")
    file_wrapper_config: BinaryFileWrapperConfig = Field(description="How to read the records.")


class CsvDataset(_Dataset):
    """A dataset of CSV files."""

    file_wrapper_type: Literal["CsvFileWrapper"] = Field(description="What the files hold.")
    file_wrapper_config: CsvFileWrapperConfig = Field(description="How to read the rows.")


class SingleSampleDataset(_Dataset):
    """A dataset of files with one sample each."""

    file_wrapper_type: Literal["SingleSampleFileWrapper"] = Field(description="What the files hold.")
    file_wrapper_config: SingleSampleFileWrapperConfig = Field(description="How samples and labels are named.")


class ParquetDataset(_Dataset):
    """A dataset of Parquet files."""

    file_wrapper_type: Literal["ParquetFileWrapper"] = Field(description="What the files hold.")
    file_wrapper_config: ParquetFileWrapperConfig = Field(description="How to read the columns.")


DatasetConfig = Annotated[
    BinaryDataset | CsvDataset | SingleSampleDataset | ParquetDataset, Field(discriminator="file_wrapper_type")
]
