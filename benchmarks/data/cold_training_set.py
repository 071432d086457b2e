"""How long a training waits for a disk that is fast enough.

The samples of a shuffled set lie on disk, none of them in the page cache. The consumer takes as long for each batch as
lets it use half of what the disk gives to sixteen threads that read the same records at random. The figure is the share
of its time that it waits, with the loader's read-ahead and with a plain loop that fetches batch after batch.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from benchmarks.report import Row, interleaved, write_rows

from modyn import _native
from modyn.config.data import DataConfig
from modyn.storage.api import ViewRef
from modyn.storage.sample_format import FixedRecord, TimestampFrom, settings_text
from modyn.trainer.batch_plan import BatchPlan, Span
from modyn.trainer.data.decoder import build_decoder
from modyn.trainer.data.loader import Loader
from modyn.trainer.data.source import OrderedSamples, TrainingSamples
from modyn.trainer.seeding import AddressedSeeds, Shuffle

RECORD, FILES, PER_FILE, BATCH, REPEATS = 12_288, 10, 2_000, 64, 9
SAMPLES = FILES * PER_FILE
SHARE_OF_DISK = 0.5


@dataclass(frozen=True)
class Work:
    """A training set over files that can be forgotten."""

    root: Path
    view: ViewRef
    training_set: Path

    def paths(self) -> list[Path]:
        """The source files."""
        return [self.root / f"{number}.bin" for number in range(FILES)]

    def forget(self) -> None:
        """Have the page cache drop the files; no map of them may be open."""
        for path in self.paths():
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def samples(self) -> OrderedSamples:
        """Opened anew."""
        seeds = AddressedSeeds(7, 0)
        samples = TrainingSamples(self.view, self.training_set, threads=1)
        return samples.orders(seeds, Shuffle("global"), [(0, RECORD - 4)])


def prepare(folder: Path) -> Work:
    """Random records; a set of all of them."""
    root = folder / "data"
    root.mkdir()
    random = np.random.default_rng(0)
    for number in range(FILES):
        random.integers(0, 256, (PER_FILE, RECORD), dtype=np.uint8).tofile(root / f"{number}.bin")
    format = settings_text(FixedRecord(record_size=RECORD, label_size=4), TimestampFrom())
    _native.scan(folder / "dataset", root, file_extension=".bin", format=format)
    index = _native.Index.open(folder / "dataset")
    view = _native.View.build(index, "time")
    _native.TrainingSet.write_ranges(folder / "all.set", view, np.array([[0, SAMPLES]], np.uint64), None)
    return Work(root, ViewRef("records", folder / "dataset", root, index.summary.manifest), folder / "all.set")


def disk_rate(work: Work) -> float:
    """Records a second that sixteen threads read at random."""
    order = np.random.default_rng(1).permutation(SAMPLES)[: SAMPLES // 4].tolist()
    work.forget()
    files = [os.open(path, os.O_RDONLY) for path in work.paths()]
    start = time.perf_counter()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: os.pread(files[key // PER_FILE], RECORD, key % PER_FILE * RECORD), order))
    seconds = time.perf_counter() - start
    for file in files:
        os.close(file)
    return len(order) / seconds


def waiting_share(batches: Iterator[object], seconds_of_batch: float) -> float:
    """Of the time from the first batch on."""
    next(batches)
    waited = 0.0
    start = time.perf_counter()
    while True:
        time.sleep(seconds_of_batch)
        asked = time.perf_counter()
        if next(batches, None) is None:
            break
        waited += time.perf_counter() - asked
    return waited / (time.perf_counter() - start)


def rows() -> list[Row]:
    """One row, for information: disks differ."""
    plan = BatchPlan(samples=SAMPLES, batch_size=BATCH, drop_last=True, epochs=1)
    field = {"name": "sample", "dtype": "uint8", "shape": [RECORD - 4], "offset": 0}
    decoder = build_decoder(
        DataConfig.model_validate({"dataset_id": "records", "decoder": {"fields": [field]}}), 12_284
    )
    Path("build/bench").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=Path("build/bench")) as folder:
        work = prepare(Path(folder))
        rate = disk_rate(work)
        seconds_of_batch = BATCH / (rate * SHARE_OF_DISK)

        def loader() -> float:
            work.forget()
            with Loader(plan, work.samples(), decoder, AddressedSeeds(7, 0), RECORD - 4).batches(0) as batches:
                return waiting_share(iter(batches), seconds_of_batch)

        def plain() -> float:
            work.forget()
            samples = work.samples()
            spans: Iterator[Span] = map(plan.span, range(plan.total_batches))
            return waiting_share((samples.fetch(0, span.first, span.count) for span in spans), seconds_of_batch)

        shares = interleaved({"loader": loader, "plain": plain}, REPEATS)
    return [
        Row(
            f"share of time that a consumer waits for {SAMPLES:,} cold records of 12 KiB at half the disk's speed",
            "%",
            100 * shares["loader"],
            100 * shares["plain"],
            "fetching batch after batch",
            shares["plain"] / max(shares["loader"], 1e-6),
            None,
        )
    ]


if __name__ == "__main__":
    write_rows("data_cold_training_set", rows())
