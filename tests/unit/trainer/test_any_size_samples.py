"""The standard records as rows of CSV files and as whole files: the trainings are those of the records."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.trainer.workbench import Workbench

from modyn import _native
from modyn.errors import DatasetError
from modyn.storage.api import ViewRef
from modyn.storage.sample_format import Csv, SampleFormat, SingleSample, TimestampFrom, settings_text

FLOAT_LABELS = "def label_transformer_function(labels):\n    return labels.float()\n"

ROW_PARSER = """
import torch

def bytes_parser_function(data):
    fields = bytes(data).decode().split(",")
    return {
        "numbers": torch.tensor([float(field) for field in fields[:3]]),
        "categories": torch.tensor([int(field) for field in fields[3:5]], dtype=torch.int32),
    }
"""

ROWS_PARSER = """
import torch

def batch_parser_function(batch):
    assert batch.data.dtype == "uint8" and batch.offsets.dtype == "int64"
    assert batch.offsets[0] == 0 and batch.offsets[-1] == len(batch.data)
    rows = [bytes(batch.data[first:end]).decode().split(",") for first, end in zip(batch.offsets, batch.offsets[1:])]
    assert rows == [bytes(row).decode().split(",") for row in batch]
    return {
        "numbers": torch.tensor([[float(field) for field in row[:3]] for row in rows]),
        "categories": torch.tensor([[int(field) for field in row[3:5]] for row in rows], dtype=torch.int32),
    }
"""

FILE_PARSER = """
import torch

def bytes_parser_function(data):
    assert isinstance(data, memoryview)
    return {
        "numbers": torch.frombuffer(bytearray(data[:12]), dtype=torch.float32),
        "categories": torch.frombuffer(bytearray(data[12:20]), dtype=torch.int32),
    }
"""


def write_rows(workbench: Workbench, root: Path) -> SampleFormat:
    for number, part in enumerate(np.split(workbench.records, [90, 200])):
        rows = [
            ",".join([*(repr(float(x)) for x in row["numbers"]), *map(str, row["categories"]), str(row["label"])])
            for row in part
        ]
        (root / f"2024-01-0{number + 1}.csv").write_text("".join(row + "\n" for row in rows))
    return Csv(label=5)


def write_files(workbench: Workbench, root: Path) -> SampleFormat:
    first = 0
    for number, part in enumerate(np.split(workbench.records, [90, 200])):
        for index, record in enumerate(part):
            name = f"2024-01-0{number + 1}-{index:03}"
            # Bytes at the end that the parser leaves alone, so that sizes differ.
            (root / f"{name}.img").write_bytes(record.tobytes()[4:] + bytes(index % 7))
            (root / f"{name}.label").write_text(str(record["label"]))
        first += len(part)
    return SingleSample(".img", ".label")


@pytest.fixture(params=["rows", "files"])
def any_size(request: pytest.FixtureRequest, workbench: Workbench) -> tuple[Workbench, list[str]]:
    """A workbench over samples of any size, and parsers for them."""
    root = workbench.folder / request.param
    root.mkdir()
    format = write_rows(workbench, root) if request.param == "rows" else write_files(workbench, root)
    dataset = workbench.folder / f"dataset-{request.param}"
    timestamp = TimestampFrom("filename", "%Y-%m-%d")
    report = _native.scan(
        dataset,
        root,
        file_extension=".csv" if request.param == "rows" else ".img",
        format=settings_text(format, timestamp),
        timestamp_source="filename",
        timestamp_pattern="%Y-%m-%d",
        quiet_s=0.0,
    )
    assert report.new_samples == 300, [file.reason for file in report.quarantined]
    (workbench.folder / "sets").mkdir()
    (workbench.folder / "sets" / "model.py").write_text((workbench.folder / "model.py").read_text())
    view = ViewRef(request.param, dataset, root, 1)
    parsers = [ROW_PARSER, ROWS_PARSER] if request.param == "rows" else [FILE_PARSER]
    return dataclasses.replace(workbench, view=view, folder=workbench.folder / "sets"), parsers


def parsed(source: str, workers: int) -> dict[str, Any]:
    name = "batch_parser_function" if "batch_parser_function" in source else "bytes_parser_function"
    return {
        "data.decoder": None,
        f"data.{name}": source,
        "data.label_transformer_function": FLOAT_LABELS,
        "training.dataloader_workers": workers,
    }


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_they_train_to_the_model_of_the_records(workbench: Workbench, any_size: tuple[Workbench, list[str]]) -> None:
    bench, parsers = any_size
    expected = workbench.train()
    for source in parsers:
        for workers in (0, 1, 3):
            result = bench.train(parsed(source, workers))
            assert (result.digest, result.samples) == (expected.digest, expected.samples), (source, workers)


def test_fields_are_refused_where_samples_differ_in_size(any_size: tuple[Workbench, list[str]]) -> None:
    bench, _ = any_size
    with pytest.raises(DatasetError, match=r"dataset 'numbers': its samples differ in size.*bytes_parser_function"):
        bench.train()
