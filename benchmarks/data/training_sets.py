"""Training sets: explicit keys and weights against NumPy's files, and a shuffled set that is too large for memory."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from benchmarks.report import Row, interleaved, write_rows

from modyn import _native

REPEATS = 9
PROGRAMS = Path("build/native-bench/cpp/benchmarks")
KEYS = 10_000_000
SLICES = 8


def make_index(folder: Path, files: int, per_file: int) -> _native.View:
    """All samples, by key, of a dataset whose source files nobody needs."""
    subprocess.run([PROGRAMS / "modyn_make_index", folder, "records", str(files), str(per_file)], check=True)
    return _native.View.build(_native.Index.open(folder), "sequence")


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def own_peak_mb() -> float:
    """Without the programs that make the data."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def shuffled(folder: Path, files: int = 10_000, per_file: int = 100_000, part: int = 1_000_000) -> Iterator[Row]:
    """Consecutive keys, globally shuffled: open the set and read slices from all over it."""
    view = make_index(folder / "dataset", files, per_file)
    size = files * per_file
    path = folder / "set"
    _native.TrainingSet.write_ranges(path, view, [(0, size)])

    def ours() -> None:
        training_set = _native.TrainingSet.open(path, view)
        order = _native.Order.global_shuffle(7, 0, 0, size)
        sequence = _native.Sequence.of_training_set(training_set).permuted(order)
        for number in range(SLICES):
            sequence.keys(number * (size // SLICES), part)

    def loop() -> float:
        arguments: list[str | Path] = [PROGRAMS / "modyn_feistel_loop", str(size), str(SLICES * part)]
        return float(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout.split()[0])

    times = interleaved({"ours": lambda: seconds(ours), "loop": loop}, REPEATS)
    memory = own_peak_mb()
    work = f"training set of {size:,} keys, globally shuffled: open, read {SLICES} slices of {part:,}"
    figures = (SLICES * part / 1e6 / times["ours"], SLICES * part / 1e6 / times["loop"])
    against = "computing as many values of a 6-round Feistel in a C++ loop"
    yield Row(work, "M keys/s", *figures, against, figures[0] / figures[1], 0.7, memory)
    yield Row(work, "MB at most", memory, 100, "100 MB", 100 / memory, 1, memory)


def explicit(folder: Path) -> Iterator[Row]:
    """Keys in random order, and a weight for each."""
    view = make_index(folder / "dataset", 1, KEYS)
    random = np.random.default_rng(0)
    keys = random.permutation(KEYS).astype(np.int64)
    weights = random.random(KEYS, dtype=np.float32)
    ours, raw = folder / "ours", folder / "raw"
    shares = [_native.share(KEYS, number, SLICES) for number in range(SLICES)]

    def write() -> float:
        ours.unlink(missing_ok=True)
        return seconds(lambda: _native.TrainingSet.write_keys(ours, view, keys, weights))

    def write_raw() -> float:
        raw.unlink(missing_ok=True)

        def work() -> None:
            with raw.open("wb") as file:
                keys.tofile(file)
                weights.tofile(file)
                os.fsync(file.fileno())

        return seconds(work)

    def read() -> None:
        training_set = _native.TrainingSet.open(ours, view)
        for first, count in shares:
            training_set.read(first, count)

    def read_raw() -> None:
        for first, count in shares:
            np.fromfile(raw, np.int64, count, offset=8 * first)
            np.fromfile(raw, np.float32, count, offset=8 * KEYS + 4 * first)

    written = interleaved({"ours": write, "raw": write_raw}, REPEATS)
    read_times = interleaved({"ours": lambda: seconds(read), "raw": lambda: seconds(read_raw)}, REPEATS)
    work = f"training set of {KEYS // 10**6} M explicit keys + weights"
    for name, times, against in (
        ("write with fsync", written, "numpy.tofile + fsync of the same arrays"),
        (f"read {SLICES} slices, checksums verified", read_times, "numpy.fromfile of the same bytes"),
    ):
        figures = (KEYS / 1e6 / times["ours"], KEYS / 1e6 / times["raw"])
        yield Row(f"{work}: {name}", "M samples/s", *figures, against, figures[0] / figures[1], 0.9, own_peak_mb())


def rows() -> Iterator[Row]:
    # The shuffled set first: what follows takes memory of its own.
    place = Path("build/bench")
    place.mkdir(parents=True, exist_ok=True)
    for measured in (shuffled, explicit):
        with tempfile.TemporaryDirectory(dir=place) as folder:
            yield from measured(Path(folder))


if __name__ == "__main__":
    write_rows("data_training_sets", list(rows()))
