"""The ledger: informing explicit samples against appending the same columns to a file as they are."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmarks.report import Row, interleaved, write_rows

from modyn import _native

REPEATS = 9
SAMPLES = 10_000_000
BATCH = 10_000
Columns = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]


def columns() -> Columns:
    """Keys, timestamps and labels as a storage sends them: keys in random order, time going on, 1,000 classes."""
    random = np.random.default_rng(0)
    keys = random.permutation(SAMPLES).astype(np.int64)
    timestamps = np.sort(random.integers(1_600_000_000, 1_700_000_000, SAMPLES))
    return keys, timestamps, random.integers(0, 1000, SAMPLES)


def inform(path: Path, samples: Columns) -> None:
    """In batches, durable at the end."""
    writer = _native.LedgerWriter(path)
    for first in range(0, SAMPLES, BATCH):
        writer.inform(0, first, *(column[first : first + BATCH] for column in samples))
    writer.sync()


def append_raw(path: Path, samples: Columns) -> None:
    """Likewise, without numbers, checksums or a way back to a whole file after a crash."""
    with path.open("wb", buffering=0) as file:
        for first in range(0, SAMPLES, BATCH):
            for column in samples:
                file.write(column[first : first + BATCH].data)
        os.fsync(file.fileno())


def rows() -> Iterator[Row]:
    samples = columns()
    # Beside the results, because the temporary folder may lie in memory, where nothing is ever durable.
    place = Path("build/bench")
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        path = Path(folder) / "samples"

        def rate(write: Callable[[Path, Columns], None]) -> float:
            path.unlink(missing_ok=True)
            start = time.perf_counter()
            write(path, samples)
            return SAMPLES / (time.perf_counter() - start) / 1e6

        rates = interleaved({"raw": lambda: rate(append_raw), "ours": lambda: rate(inform)}, REPEATS)
        ledger = _native.Ledger.open(path)
        assert (ledger.samples(0, 1).keys(0, SAMPLES) == samples[0]).all()
    yield Row(
        f"ledger: inform {SAMPLES // 10**6} M samples in batches of {BATCH:,}, fsynced at the end",
        "M samples/s",
        rates["ours"],
        rates["raw"],
        "appending the raw columns likewise",
        rates["ours"] / rates["raw"],
        0.5,
    )


if __name__ == "__main__":
    write_rows("data_ledger", list(rows()))
