"""Descriptions of formats: what they become for the native library, and that the database gives them back."""

from __future__ import annotations

import pytest

from modyn.errors import DatasetError
from modyn.storage.sample_format import (
    Csv,
    CustomFormat,
    FixedRecord,
    SampleFormat,
    SingleSample,
    TimestampFrom,
    from_json,
    settings_text,
    to_json,
)

MTIME = TimestampFrom()


def lines(format: SampleFormat, timestamp: TimestampFrom = MTIME) -> list[str]:
    return settings_text(format, timestamp).splitlines()


@pytest.mark.parametrize(
    "format",
    [
        FixedRecord(record_size=160, label_size=4, label_offset=8, byteorder="big", label_signed=True),
        Csv(label="target", separator="\t", quote=None, encoding="latin-1"),
        Csv(label=3),
        SingleSample(".png", ".label"),
        CustomFormat("json_lines", ".jsonl", {"label": "y"}),
    ],
)
def test_the_database_gives_back_what_it_was_given(format: SampleFormat) -> None:
    assert from_json(to_json(format)) == format


def test_the_first_version_kept_fixed_records_without_their_kind() -> None:
    assert from_json({"record_size": 8, "label_size": 2}) == FixedRecord(record_size=8, label_size=2)


def test_the_text_of_fixed_records_is_that_of_the_first_version() -> None:
    assert lines(FixedRecord(record_size=160, label_size=4)) == [
        "format=fixed_record",
        "record_size=160",
        "label_size=4",
        "label_offset=0",
        "byte_order=little",
        "label_signed=false",
    ]


def test_a_timestamp_in_the_record_has_the_byte_order_of_the_label() -> None:
    format = FixedRecord(record_size=160, label_size=4, byteorder="big")
    assert lines(format, TimestampFrom("column", column=12, size=4, signed=False))[6:] == [
        "timestamp_offset=12",
        "timestamp_size=4",
        "timestamp_byte_order=big",
        "timestamp_signed=false",
    ]


def test_columns_go_by_name_or_index_and_a_name_needs_a_header() -> None:
    assert {"header=false", "label_column=2"} <= set(lines(Csv(label=2)))
    assert {"header=true", "label_name=y"} <= set(lines(Csv(label="y")))
    by_name = TimestampFrom("column", column="when")
    assert {"header=true", "label_column=2", "timestamp_name=when"} <= set(lines(Csv(label=2), by_name))


def test_values_that_would_break_a_line_are_escaped() -> None:
    assert lines(Csv(label="a\\b\nc"))[-1] == "label_name=a\\\\b\\nc"


@pytest.mark.parametrize(
    ("format", "timestamp", "message"),
    [
        (SingleSample(".png", ".label"), TimestampFrom("column", column=1), "files of one sample have no column"),
        (FixedRecord(8, 4), TimestampFrom("column", column="when"), "fixed records have no named columns"),
        (Csv(label=0), TimestampFrom("column"), "need the column's name or index"),
    ],
)
def test_a_source_of_timestamps_that_the_files_do_not_have_is_refused(
    format: SampleFormat, timestamp: TimestampFrom, message: str
) -> None:
    with pytest.raises(DatasetError, match=message):
        settings_text(format, timestamp)
