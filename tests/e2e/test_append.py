"""`modyn dataset append` as a process: files and standard input, of every format."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import modyn
from modyn import Csv, SingleSample, TimestampFrom
from tests.e2e.test_commands import COMMAND, call
from tests.growing import RECORD, write_days


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace with datasets of records, rows and images."""
    write_days(tmp_path / "days", range(2), 10)
    for name in ("rows", "images"):
        (tmp_path / name).mkdir()
    with modyn.open(tmp_path / ".modyn") as workspace:
        format = modyn.FixedRecord(record_size=RECORD.itemsize, label_size=4)
        workspace.datasets.add("days", tmp_path / "days", format, TimestampFrom("filename", "%Y-%m-%d"))
        rows = Csv(label="class", header=True)
        workspace.datasets.add("rows", tmp_path / "rows", rows, TimestampFrom("column", column="time"))
        workspace.datasets.add("images", tmp_path / "images", SingleSample(".png", ".label"))
    return tmp_path


def piped(folder: Path, content: bytes, *arguments: str, expect: int = 0) -> subprocess.CompletedProcess[bytes]:
    command = [*COMMAND, "dataset", "append", *arguments]
    done = subprocess.run(command, cwd=folder, input=content, capture_output=True, timeout=120, check=False)
    assert done.returncode == expect, done.stderr
    return done


def status(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call(folder, "dataset", "status", name, "--json").stdout)
    return found


def test_records_come_from_files_and_standard_input(folder: Path) -> None:
    records = np.zeros(4, RECORD)
    records["label"] = [1, 2, 3, 4]
    records[:3].tofile(folder / "new")
    records[3:].tofile(folder / "newer")
    done = call(folder, "dataset", "append", "days", "new", "newer", "--batch-id", "b", "--timestamp", "2014-01-01")
    assert done.stdout == "days: 4 samples pushed as batch 'b'\n"
    again = piped(folder, records.tobytes(), "days", "-", "--batch-id", "b", "--timestamp", "2014-01-01")
    assert again.stdout == b"days: batch 'b' was there already, nothing was added\n"
    document = json.loads(piped(folder, records[:1].tobytes(), "days", "-", "--json").stdout)
    assert (document["dataset"], document["samples"], document["duplicate"]) == ("days", 1, False)
    assert "pushed, waiting for the next scan: 5" in call(folder, "dataset", "status", "days").stdout
    assert "5 new samples (pushed samples: 5), 25 in all" in call(folder, "dataset", "scan", "days").stdout
    after = status(folder, "days")
    assert (after["samples"], after["waiting"]) == (25, 0)

    conflict = piped(folder, records[:1].tobytes(), "days", "-", "--batch-id", "b", expect=1)
    assert b"batch id 'b' was used before" in conflict.stderr
    assert b"standard input has 25 bytes, not a multiple of record_size 24" in piped(
        folder, bytes(25), "days", "-", expect=1
    ).stderr.replace(b"\n", b" ")


def test_rows_bring_header_labels_and_timestamps(folder: Path) -> None:
    content = b"time,class,text\n100,1,a\n200,2,b\n"
    assert piped(folder, content, "rows", "-").stdout.startswith(b"rows: 2 samples pushed as batch '")
    call(folder, "dataset", "scan", "rows")
    assert status(folder, "rows")["interval"] == [100, 201]
    refused = piped(folder, content, "rows", "-", "--timestamp", "5", expect=2)
    assert b"bring timestamps of" in refused.stderr
    assert b"--label" in piped(folder, content, "rows", "-", "--label", "5", expect=2).stderr


def test_files_of_one_sample_have_labels_beside_them_or_get_one(folder: Path) -> None:
    (folder / "1.png").write_bytes(b"pixels")
    assert "has no label file '1.label'" in call(folder, "dataset", "append", "images", "1.png", expect=1).stderr
    (folder / "1.label").write_text("7")
    call(folder, "dataset", "append", "images", "1.png")
    call(folder, "dataset", "append", "images", "1.png", "--label", "8")
    assert b"give --label" in piped(folder, b"pixels", "images", "-", expect=2).stderr.replace(b"\n", b" ")
    piped(folder, b"pixels", "images", "-", "--label", "9")
    with modyn.open(folder / ".modyn") as workspace:
        view = workspace.datasets.view("images")
        assert sorted(view.labels(0, 3).tolist()) == [7, 8, 9]


def test_mistakes_are_explained(folder: Path) -> None:
    assert "'other' is not registered" in call(folder, "dataset", "append", "other", "x", expect=1).stderr
    assert (
        "No such file or directory: 'missing'" in call(folder, "dataset", "append", "days", "missing", expect=1).stderr
    )
    assert "is no time" in call(folder, "dataset", "append", "days", "x", "--timestamp", "soon", expect=2).stderr
