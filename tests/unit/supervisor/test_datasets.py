"""What a pipeline file declares of a dataset, as the storage is told."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from modyn.config.datasets import DatasetConfig
from modyn.errors import DatasetError, UnsupportedError
from modyn.storage.api import Csv, FixedRecord, SingleSample, TimestampFrom
from modyn.supervisor.datasets import dataset_settings


def declared(wrapper: str, settings: dict[str, Any], **more: Any) -> DatasetConfig:
    document = {"name": "d", "base_path": ".", "file_wrapper_type": wrapper, "file_wrapper_config": settings}
    return TypeAdapter(DatasetConfig).validate_python(document | more)


def test_binary_files_are_fixed_records() -> None:
    settings = {"record_size": 12, "label_size": 4, "byteorder": "big", "file_extension": ".dat"}
    expected = FixedRecord(12, 4, byteorder="big", file_extension=".dat")
    assert dataset_settings(declared("BinaryFileWrapper", settings)) == (expected, TimestampFrom())


@pytest.mark.parametrize("quote", ["\\0", "\0", ""])
def test_csv_files_of_the_reference_are_read_without_quoting(quote: str) -> None:
    settings = {"label_index": 3, "ignore_first_line": True, "quote": quote}
    format, _ = dataset_settings(declared("CsvFileWrapper", settings))
    assert format == Csv(label=3, quote=None, header=True)


def test_csv_files_may_have_quotes_names_and_another_encoding() -> None:
    settings = {"label_name": "y", "quote_char": "'", "separator": ";", "encoding": "ISO-8859-1"}
    timestamp = {"source": "column", "column": "when"}
    assert dataset_settings(declared("CsvFileWrapper", settings, timestamp=timestamp)) == (
        Csv(label="y", quote="'", separator=";", encoding="latin-1"),
        TimestampFrom("column", column="when"),
    )


def test_another_encoding_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedError, match="dataset 'd': encoding 'utf-16' cannot be read; use utf-8 or latin-1"):
        dataset_settings(declared("CsvFileWrapper", {"label_index": 0, "encoding": "utf-16"}))


def test_single_samples_have_no_column_of_timestamps() -> None:
    settings = {"file_extension": ".png", "label_file_extension": ".label"}
    format, _ = dataset_settings(declared("SingleSampleFileWrapper", settings))
    assert format == SingleSample(".png", ".label")
    with pytest.raises(DatasetError, match="dataset 'd': files of one sample have no column"):
        dataset_settings(declared("SingleSampleFileWrapper", settings, timestamp={"source": "column", "column": 1}))
