"""Shuffle modes on a cold file: what a blockwise shuffle gains in reading and loses in mixing.

One file of records is written and its pages are dropped from the cache before each measurement; then a `Feed` reads an
epoch's first samples in batches, as training does, and nothing else. Mixing is the number of different classes in a
batch of 256 if the file's classes lie one after the other, 1,000 of them, relative to a global shuffle: 1 is as good.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from benchmarks.report import Row, interleaved, write_rows

from modyn import _native
from modyn.storage.api import FixedRecord, TimestampFrom
from modyn.storage.sample_format import settings_text

BATCH = 256
CLASSES = 1000
SEED = 7


def write_records(path: Path, samples: int, record_size: int) -> None:
    """Random bytes, on the disk when it returns."""
    random = np.random.default_rng(0)
    block = random.integers(0, 256, 16 << 20, dtype=np.uint8)
    with path.open("wb") as file:
        for first in range(0, samples * record_size, len(block)):
            block[:8] = np.array([first]).view(np.uint8)
            file.write(block[: samples * record_size - first].data)
        file.flush()
        os.fsync(file.fileno())


def drop(path: Path) -> None:
    """Take the file's pages out of the page cache; they are clean."""
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def mixing(order: _native.Order, batches: int = 400) -> float:
    """Different classes in a batch, on average over batches of the whole epoch."""
    places = np.linspace(0, len(order) - BATCH, batches).astype(int)
    return float(np.mean([len(np.unique(order.apply(int(first), BATCH) * CLASSES // len(order))) for first in places]))


def measure(folder: Path, gigabytes: float, record_size: int, block_sizes: list[int], seconds: float) -> list[Row]:
    samples = int(gigabytes * 2**30) // record_size // BATCH * BATCH
    path = folder / "data" / "records.bin"
    path.parent.mkdir()
    write_records(path, samples, record_size)
    format = settings_text(FixedRecord(record_size=record_size, label_size=4), TimestampFrom())
    _native.scan(folder / "dataset", path.parent, file_extension=".bin", format=format)
    index = _native.Index.open(folder / "dataset")
    view = _native.View.build(index, "time")
    _native.TrainingSet.write_ranges(folder / "set", view, [(0, samples)])
    training_set = _native.TrainingSet.open(folder / "set", view)
    orders = {"global": _native.Order.global_shuffle(SEED, 0, 0, samples)}
    orders |= {
        f"blockwise, {size:,} samples a block": _native.Order.blockwise_shuffle(SEED, 0, 0, samples, size)
        for size in block_sizes
    }

    def cold_rate(order: _native.Order) -> float:
        drop(path)
        feed = _native.Feed(training_set, order, _native.Reader(index, path.parent), None)
        start = time.perf_counter()
        done = 0
        while done < samples and time.perf_counter() - start < seconds:
            feed.fetch(done, BATCH)
            done += BATCH
        return done / (time.perf_counter() - start)

    def cold(order: _native.Order) -> Callable[[], float]:
        return lambda: cold_rate(order)

    rates = interleaved({name: cold(order) for name, order in orders.items()}, 3)
    mixed = {name: mixing(order) / mixing(orders["global"]) for name, order in orders.items()}
    kilobytes = record_size // 1024
    rows = []
    for name in list(orders)[1:]:
        work = f"{samples:,} records of {kilobytes} KiB, cold: {name}"
        speed = rates[name] / rates["global"]
        rows.append(Row(work, "samples/s", rates[name], rates["global"], "global shuffle", speed, None))
        rows.append(
            Row(f"{name}: classes in a batch", "of global", mixed[name], 1.0, "global shuffle", mixed[name], None)
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("build/bench"), help="where the file is written")
    parser.add_argument("--gigabytes", type=float, default=1.5)
    parser.add_argument("--record-size", type=int, default=8192, help="bytes")
    parser.add_argument("--block-sizes", type=int, nargs="+", default=[16, 128, 1024])
    parser.add_argument("--seconds", type=float, default=8.0, help="at most, for one measurement")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        rows = measure(
            Path(folder), arguments.gigabytes, arguments.record_size, arguments.block_sizes, arguments.seconds
        )
    write_rows("shuffle_modes", rows)


if __name__ == "__main__":
    main()
