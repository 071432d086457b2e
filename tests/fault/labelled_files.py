"""Folders of files of every format, whose samples follow from their labels: so any answer can be judged by itself."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from modyn import _native
from modyn.storage.sample_format import Csv, FixedRecord, SampleFormat, SingleSample, TimestampFrom, settings_text

RECORDS = FixedRecord(record_size=10, label_size=2, file_extension=".data")
ROWS = Csv(label=1, quote=None, file_extension=".data")
FILES = SingleSample(file_extension=".data", label_file_extension=".label")
FORMATS: dict[str, SampleFormat] = {"records": RECORDS, "rows": ROWS, "files": FILES}


def scan(folder: Path, format: SampleFormat, threads: int = 0) -> _native.ScanReport:
    text = settings_text(format, TimestampFrom())
    return _native.scan(
        folder / "dataset", folder / "data", format=text, file_extension=".data", quiet_s=0, threads=threads
    )


def put(path: Path, format: SampleFormat, labels: list[int], mtime: float | None = None) -> None:
    """A file with these labels in order; each sample holds eight letters that its label determines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if format is RECORDS:
        path.write_bytes(b"".join(label.to_bytes(2, "little") + sample(label) for label in labels))
    elif format is ROWS:
        path.write_bytes(b"".join(b"%b,%d\n" % (sample(label), label) for label in labels))
    else:
        [label] = labels
        path.write_bytes(sample(label))
        path.with_suffix(".label").write_text(f"{label}\n")
    if mtime is not None:
        os.utime(path, (mtime, mtime))


def sample(label: int) -> bytes:
    return f"{label:08}".encode()


def expect_samples(folder: Path, labels: list[int]) -> None:
    """The dataset has exactly these labels in any order, each with its own bytes."""
    index = _native.Index.open(folder / "dataset")
    reader = _native.Reader(index, folder / "data")
    found, offsets, data = reader.fetch_any(np.arange(index.summary.next_key))
    assert sorted(found.tolist()) == sorted(labels)
    for place, label in enumerate(found.tolist()):
        assert data[offsets[place] : offsets[place + 1]].tobytes() == sample(label)
