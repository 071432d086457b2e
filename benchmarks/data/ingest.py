"""Ingest: records, CSV, files of one sample, and the look at a folder in which nothing is new.

Every figure is files or samples per second of one scan of files that lie in the page cache, durable when it ends. What
we compare with runs in turns with it: C++ loops that do the least that any ingest must
(cpp/benchmarks/ingest_peers.cpp), PostgreSQL's binary COPY of what the reference system stores of each sample, and
pyarrow reading the same CSV files.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psycopg2
from benchmarks.report import Row, interleaved, write_rows
from pyarrow import csv
from tests.postgresql import server

from modyn import _native
from modyn.storage.api import Csv, FixedRecord, SampleFormat, SingleSample, TimestampFrom
from modyn.storage.sample_format import settings_text

REPEATS = 9
PEERS = Path("build/native-bench/cpp/benchmarks/modyn_ingest_peers")


class Work:
    """A folder of files that is ingested again and again, each time as a new dataset."""

    def __init__(self, folder: Path, format: SampleFormat) -> None:
        self.root = folder / "data"
        self.root.mkdir()
        self._datasets = folder / "datasets"
        self._format = format
        self._scans = 0

    def scan(self, dataset: Path | None = None) -> float:
        """Seconds of a scan: of a dataset that knows the files, or into a new one, which is removed afterwards."""
        self._scans += 1
        target = dataset or self._datasets / str(self._scans)
        start = time.perf_counter()
        report = _native.scan(
            target,
            self.root,
            file_extension=self._format.file_extension,
            format=settings_text(self._format, TimestampFrom()),
        )
        seconds = time.perf_counter() - start
        assert not report.quarantined, report.quarantined[0].reason
        self.samples: int = report.summary.samples
        if dataset is None:
            shutil.rmtree(target)
        return seconds

    def warm(self) -> None:
        """Bring every file into the page cache, and finish what is left for the disk to do.

        Before each run: some systems drop pages from the cache that were not used for seconds.
        """
        os.sync()
        for path in self.root.rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    while file.read(1 << 24):
                        pass


@contextmanager
def work(format: SampleFormat) -> Iterator[Work]:
    """Beside the results, because the temporary folder may lie in memory, where nothing is ever durable."""
    place = Path("build/bench")
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Work(Path(folder), format)


def peer(*arguments: str | Path) -> float:
    """Seconds that the C++ program says it took."""
    output = subprocess.run([PEERS, *arguments], check=True, capture_output=True, text=True).stdout
    return float(output.split()[0])


def records(files: int = 10, per_file: int = 1_000_000) -> Iterator[Row]:
    """Records of 160 bytes with a label of 4."""
    samples = files * per_file
    with work(FixedRecord(record_size=160, label_size=4)) as ours, server("-c autovacuum=off") as postgres:
        generator = np.random.default_rng(0)
        labels = generator.integers(0, 10, (files, per_file), dtype=np.int32)
        for number in range(files):
            block = generator.integers(0, 256, (per_file, 160), dtype=np.uint8)
            block[:, :4] = labels[number].view(np.uint8).reshape(-1, 4)
            block.tofile(ours.root / f"{number}.bin")
        rows = _copy_rows(labels)
        out = ours.root.parent / "columns"
        rates = interleaved(
            {
                "ours": lambda: samples / ours.scan(),
                "least": lambda: samples / peer("labels", ours.root, "160", out),
                "postgresql": lambda: samples / _copy(postgres, rows),
            },
            REPEATS,
            ours.warm,
        )
        assert ours.samples == samples
    work_name = f"ingest {files} files x {per_file:,} records of 160 B, durable"
    rate = rates["ours"] / 1e6
    yield Row(
        work_name,
        "M samples/s",
        rate,
        rates["least"] / 1e6,
        "2 C++ threads: strided reads of maps, labels written and fsynced",
        rates["ours"] / rates["least"],
        0.6,
    )
    yield Row(work_name, "M samples/s", rate, 10, "10 M samples/s", rate / 10, 1)
    yield Row(
        work_name,
        "M samples/s",
        rate,
        rates["postgresql"] / 1e6,
        "PostgreSQL: binary COPY of (key, file, index, label) with primary key",
        rates["ours"] / rates["postgresql"],
        20,
    )


def _copy_rows(labels: np.ndarray) -> bytes:
    """A row for each sample as PostgreSQL's binary COPY takes them: big-endian, each value behind its length."""
    files, per_file = labels.shape
    samples = files * per_file
    columns = {
        "key": np.arange(samples),
        "file": np.repeat(np.arange(files), per_file),
        "index": np.tile(np.arange(per_file), files),
        "label": labels.reshape(-1),
    }
    types = [("fields", ">i2")]
    for name in columns:
        types += [(f"{name}_size", ">i4"), (name, ">i8")]
    rows = np.empty(samples, dtype=types)
    rows["fields"] = len(columns)
    for name, values in columns.items():
        rows[f"{name}_size"] = 8
        rows[name] = values
    return b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows.tobytes() + b"\xff\xff"


def _copy(socket: Path, rows: bytes) -> float:
    connection = psycopg2.connect(host=str(socket), user="modyn", dbname="postgres")
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE samples (key bigint PRIMARY KEY, file bigint, index bigint, label bigint)")
        start = time.perf_counter()
        with connection, connection.cursor() as cursor:
            cursor.copy_expert("COPY samples FROM STDIN (FORMAT binary)", io.BytesIO(rows), 1 << 20)
        seconds = time.perf_counter() - start
        # What it would still do in the background would slow down whoever is measured next.
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE samples")
            cursor.execute("CHECKPOINT")
        return seconds
    finally:
        connection.close()


def rows_of_text(files: int = 4, per_file: int = 1_000_000) -> Iterator[Row]:
    """Short CSV rows: an integer, a float, a word and the label."""
    with work(Csv(label=3)) as ours:
        generator = np.random.default_rng(0)
        for number in range(files):
            integers = generator.integers(0, 1000, per_file)
            floats = generator.random(per_file)
            labels = generator.integers(0, 10, per_file)
            lines = (f"{a},{b:.4f},word,{c}\n" for a, b, c in zip(integers, floats, labels, strict=True))
            (ours.root / f"{number}.csv").write_text("".join(lines))
        options = csv.ReadOptions(autogenerate_column_names=True)

        def pyarrow() -> float:
            start = time.perf_counter()
            for path in sorted(ours.root.iterdir()):
                assert csv.read_csv(path, read_options=options).num_rows == per_file
            return time.perf_counter() - start

        samples = files * per_file
        rates = interleaved(
            {"ours": lambda: samples / ours.scan(), "pyarrow": lambda: samples / pyarrow()}, REPEATS, ours.warm
        )
        assert ours.samples == samples
    yield Row(
        f"ingest CSV, {files} x {per_file:,} short rows",
        "M samples/s",
        rates["ours"] / 1e6,
        rates["pyarrow"] / 1e6,
        "pyarrow.csv reading the same files",
        rates["ours"] / rates["pyarrow"],
        1.5,
    )


def single_samples(files: int = 50_000) -> Iterator[Row]:
    """Files of 20 kB with a label beside each."""
    with work(SingleSample(".png", ".label")) as ours:
        image = np.random.default_rng(0).integers(0, 256, 20_000, dtype=np.uint8).tobytes()
        for number in range(files):
            folder = ours.root / f"{number // 1000:03d}"
            folder.mkdir(exist_ok=True)
            (folder / f"{number:06d}.png").write_bytes(image)
            (folder / f"{number:06d}.label").write_text(str(number % 10))
        rates = interleaved(
            {"ours": lambda: files / ours.scan(), "loop": lambda: files / peer("sidecars", ours.root)},
            REPEATS,
            ours.warm,
        )
        assert ours.samples == files
    name = f"ingest {files:,} single-sample files of 20 kB with sidecars"
    yield Row(
        name,
        "k files/s",
        rates["ours"] / 1e3,
        rates["loop"] / 1e3,
        "C++ loop: stat, open and read of the sidecars",
        rates["ours"] / rates["loop"],
        0.5,
    )
    yield Row(name, "k files/s", rates["ours"] / 1e3, 30, "30,000 files/s", rates["ours"] / 30_000, 1)


def idle(files: int = 100_000) -> Iterator[Row]:
    """A scan that finds nothing new."""
    with work(FixedRecord(record_size=160, label_size=4)) as ours:
        for number in range(files):
            folder = ours.root / f"{number // 1000:03d}"
            folder.mkdir(exist_ok=True)
            (folder / f"{number:06d}.bin").write_bytes(bytes(160))
        known = ours.root.parent / "known"
        ours.scan(known)
        rates = interleaved(
            {"ours": lambda: files / ours.scan(known), "walk": lambda: files / peer("walk", ours.root)}, REPEATS
        )
    yield Row(
        f"idle rescan of {files:,} known files",
        "k files/s",
        rates["ours"] / 1e3,
        rates["walk"] / 1e3,
        "C++ walk of the folder with the status of each file",
        rates["ours"] / rates["walk"],
        0.66,
    )


def rows() -> list[Row]:
    """All of them."""
    parts: list[Callable[[], Iterator[Row]]] = [records, rows_of_text, single_samples, idle]
    return [row for part in parts for row in part()]


if __name__ == "__main__":
    write_rows("data_ingest", rows())
