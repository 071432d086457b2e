"""Real files of records with known content, for the tests of the native module."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from modyn import _native
from modyn.storage.sample_format import FixedRecord, TimestampFrom, settings_text


@dataclass(frozen=True)
class RecordFormat:
    record_size: int
    label_size: int
    label_offset: int = 0
    byteorder: Literal["little", "big"] = "little"
    label_signed: bool = False


class RecordFiles:
    """Files in the order of their modification times, so record n of all files together has key n.

    `records` is uint8[samples, record_size]: row k is the record of key k.
    """

    def __init__(self, folder: Path, format: RecordFormat, counts: list[int], seed: int = 0) -> None:
        self.root = folder / "data"
        self.dataset = folder / "dataset"
        self.format = format
        self.root.mkdir(parents=True)
        self.records = np.random.default_rng(seed).integers(0, 256, (sum(counts), format.record_size), dtype=np.uint8)
        first = 0
        for number, count in enumerate(counts):
            self.path(number).write_bytes(self.records[first : first + count].tobytes())
            os.utime(self.path(number), (1_000_000_000 + 60 * number,) * 2)
            first += count

    def path(self, number: int) -> Path:
        return self.root / f"records-{number}.bin"

    def scan(self, **options: Any) -> _native.ScanReport:
        format = FixedRecord(**asdict(self.format))
        text = settings_text(format, TimestampFrom())
        return _native.scan(self.dataset, self.root, **({"format": text, "file_extension": ".bin"} | options))

    def open(self) -> _native.Index:
        report = self.scan()
        assert not report.quarantined, report.quarantined[0].reason
        return _native.Index.open(self.dataset)

    def reader(self, **options: int) -> _native.Reader:
        return _native.Reader(self.open(), self.root, **options)

    def labels(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The labels as Python decodes them."""
        first, end = self.format.label_offset, self.format.label_offset + self.format.label_size
        rows = self.records[keys, first:end]
        values = [int.from_bytes(row.tobytes(), self.format.byteorder, signed=self.format.label_signed) for row in rows]
        return np.array(values, np.int64)

    def samples(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """uint8[n, sample_size]: the records without their labels."""
        first, end = self.format.label_offset, self.format.label_offset + self.format.label_size
        return np.delete(self.records[keys], np.s_[first:end], axis=1)
