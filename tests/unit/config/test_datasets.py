"""Datasets of a pipeline file, and what decoders ask of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from modyn.config import BinaryDataset
from modyn.config.reference import example

from .pipelines import changed, loaded, messages


def with_dataset(**fields: Any) -> dict[str, Any]:
    data = yaml.safe_load(example())
    data["datasets"][0] |= fields
    return data  # type: ignore[no-any-return]


FORMATS: dict[str, dict[str, Any]] = {
    "BinaryFileWrapper": {
        "record_size": 64,
        "label_size": 8,
        "label_offset": 56,
        "label_signed": True,
        "byteorder": "big",
    },
    "CsvFileWrapper": {"label_index": 0, "separator": ";", "quote_char": "'", "encoding": "utf-8"},
    "SingleSampleFileWrapper": {"file_extension": ".png", "label_file_extension": ".label"},
    "ParquetFileWrapper": {"label_column": "label", "columns": ["a", "b"]},
}


@pytest.mark.parametrize("wrapper", FORMATS)
def test_every_format_has_settings_of_its_own(wrapper: str, tmp_path: Path):
    data = with_dataset(file_wrapper_type=wrapper, file_wrapper_config=FORMATS[wrapper])
    data["data"] = {"dataset_id": "flights", "batch_parser_function": "def batch_parser_function(data): return data"}
    dataset = loaded(data, tmp_path).datasets[0]
    assert dataset.file_wrapper_type == wrapper
    assert isinstance(dataset, BinaryDataset) == (wrapper == "BinaryFileWrapper")


def test_settings_of_another_format_are_unknown(tmp_path: Path):
    data = with_dataset(file_wrapper_config={"record_size": 64, "label_size": 4, "label_index": 0})
    (message,) = messages(data, tmp_path)
    assert "unknown key 'label_index' in 'datasets[0].file_wrapper_config'" in message


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("file_wrapper_type", "BinaryWrapper", "did you mean 'BinaryFileWrapper'?"),
        ("file_wrapper_config.file_extension", "bin", "expected an extension with its dot, such as '.bin'"),
        ("file_wrapper_config.byteorder", "native", "expected 'little' or 'big'"),
        ("file_wrapper_config.record_size", 0, "expected a number of at least 2"),
        ("file_wrapper_config.label_size", 9, "expected a number of at most 8"),
        ("file_wrapper_config.label_offset", 61, "the label ends at byte 65"),
        ("file_watcher_interval", 0, "expected a number of at least 1"),
        ("timestamp", {"source": "filename"}, "source 'filename' needs 'pattern'"),
        ("timestamp", {"source": "column"}, "source 'column' needs 'column'"),
        ("timestamp", {"pattern": "%Y"}, "'pattern' belongs to source 'filename', not 'mtime'"),
        ("timestamp", {"source": "filename", "pattern": "%Q"}, "'%Q' is unknown"),
        ("timestamp", {"source": "filename", "pattern": "%m-%d"}, "'%m-%d' gives no date"),
        ("timestamp", {"source": "name"}, "timestamp.source is 'name'"),
    ],
)
def test_a_mistake_is_reported_alone(place: str, value: Any, message: str, tmp_path: Path):
    found = messages(changed(f"datasets.0.{place}", value, yaml.safe_load(example())), tmp_path)
    assert len(found) == 1, found
    assert message in found[0]


def test_a_label_cannot_fill_the_record(tmp_path: Path):
    data = with_dataset(file_wrapper_config={"record_size": 4, "label_size": 4})
    data["data"] = {"dataset_id": "flights", "batch_parser_function": "def batch_parser_function(data): return data"}
    (message,) = messages(data, tmp_path)
    assert "a label of 4 bytes fills the record" in message


def test_timestamps_may_come_from_a_column_by_name_or_index(tmp_path: Path):
    for column in ("when", 3):
        config = loaded(with_dataset(timestamp={"source": "column", "column": column}), tmp_path)
        assert config.datasets[0].timestamp.column == column


def test_fields_must_lie_in_the_sample(tmp_path: Path):
    data = with_dataset(file_wrapper_config={"record_size": 63, "label_size": 4})
    (message,) = messages(data, tmp_path)
    assert "data.decoder.fields[1]: field 'categorical' ends at byte 60, expected an end within the 59 bytes" in message


def test_field_names_must_differ_and_fields_may_overlap(tmp_path: Path):
    data = changed("data.decoder.fields.1.name", "numeric", with_dataset())
    (message,) = messages(data, tmp_path)
    assert "data.decoder.fields[1].name: there are two fields 'numeric'" in message
    loaded(changed("data.decoder.fields.1.offset", 0, with_dataset()), tmp_path)


def test_a_file_with_datasets_uses_no_others(tmp_path: Path):
    data = changed("data.dataset_id", "flihgts", with_dataset())
    (message,) = messages(data, tmp_path)
    assert message.endswith("data.dataset_id: datasets has no 'flihgts', expected 'flights', did you mean 'flights'?")


def test_a_file_without_datasets_uses_those_of_the_workspace(tmp_path: Path):
    data = with_dataset()
    del data["datasets"]
    assert loaded(data, tmp_path).datasets == []


def test_two_datasets_need_two_names(tmp_path: Path):
    data = with_dataset()
    data["datasets"] *= 2
    (message,) = messages(data, tmp_path)
    assert "datasets[1].name: there are two datasets 'flights'" in message


def test_a_folder_is_relative_to_the_file(tmp_path: Path):
    dataset = loaded(with_dataset(base_path="data"), tmp_path).datasets[0]
    assert dataset.folder(tmp_path) == tmp_path / "data"
    dataset = loaded(with_dataset(base_path="/data"), tmp_path).datasets[0]
    assert dataset.folder(tmp_path) == Path("/data")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "the column of the label is missing, expected label_index or label_name"),
        ({"label_index": 0, "label_name": "y"}, "'label_index' and 'label_name' exclude each other"),
    ],
)
def test_a_csv_file_has_one_column_of_labels(columns: dict[str, Any], message: str, tmp_path: Path):
    data = with_dataset(file_wrapper_type="CsvFileWrapper", file_wrapper_config=columns)
    data["data"] = {"dataset_id": "flights", "batch_parser_function": "def batch_parser_function(data): return data"}
    (found,) = messages(data, tmp_path)
    assert message in found
