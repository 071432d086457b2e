"""The index: finding keys, streaming a view, and the memory of a large one.

The indexes are written by cpp/benchmarks/make_index.cpp, without their source files, which nobody here reads.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from benchmarks.report import Row, interleaved, write_rows

from modyn import _native

REPEATS = 9
MAKE_INDEX = Path("build/native-bench/cpp/benchmarks/modyn_make_index")
KEYS = 100_000
STREAMED = 10_000_000
BATCH = 65_536

# Opens an index, uses every part of it that is built when it is first needed, and prints the memory that is its own.
MEASURE_MEMORY = """
import sys
from pathlib import Path
import numpy as np
from modyn import _native

def anonymous_bytes():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Anonymous:"))

before = anonymous_bytes()
index = _native.Index.open(sys.argv[1])
keys = np.random.default_rng(1).integers(0, index.summary.samples, 100_000)
for look_up in (index.labels, index.timestamps, index.locate, index.places):
    look_up(keys)
view = _native.View.build(index, "time")
view.read(0, 100_000)
print(before, anonymous_bytes())
"""


@contextmanager
def made_index(*arguments: str) -> Iterator[Path]:
    """A folder with an index as `modyn_make_index` writes it."""
    place = Path("build/bench")
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        subprocess.run([MAKE_INDEX, folder, *arguments], check=True)
        yield Path(folder)


def timed(work: Callable[[], object]) -> Callable[[], float]:
    def seconds() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return seconds


def locate_row(work: str, folder: Path, bounds: np.ndarray, samples: int) -> Row:
    """Random keys: where they are, against the same binary search by NumPy, which finds the extent and no more."""
    index = _native.Index.open(folder)
    keys = np.random.default_rng(1).integers(0, samples, KEYS)
    index.locate(keys)
    seconds = interleaved(
        {
            "ours": timed(lambda: index.locate(keys)),
            "searchsorted": timed(lambda: np.searchsorted(bounds, keys, side="right")),
        },
        REPEATS,
    )
    ours, other = (KEYS / seconds[name] / 1e6 for name in ("ours", "searchsorted"))
    return Row(work, "M/s", ours, other, "numpy.searchsorted over the same bounds", ours / other, 1.5)


def stream_row(work: str, folder: Path, reach: float | None) -> Row:
    """All of a view in the order of time, batch by batch, against copies of columns that lie in memory."""
    view = _native.View.build(_native.Index.open(folder), "time")
    columns = view.read(0, STREAMED)

    def stream() -> None:
        for first in range(0, STREAMED, BATCH):
            view.read(first, min(BATCH, STREAMED - first))

    def copy() -> None:
        for first in range(0, STREAMED, BATCH):
            for column in columns:
                column[first : first + BATCH].copy()

    stream()
    seconds = interleaved({"ours": timed(stream), "copy": timed(copy)}, REPEATS)
    ours, other = (STREAMED / seconds[name] / 1e6 for name in ("ours", "copy"))
    return Row(work, "M/s", ours, other, "copying the three columns", ours / other, reach)


def memory_row() -> Row:
    with made_index("records", "10000", "100000") as folder:
        output = subprocess.run(
            [sys.executable, "-c", MEASURE_MEMORY, folder], check=True, capture_output=True, text=True
        ).stdout
    before, after = (int(number) / 1e6 for number in output.split())
    ours = after - before
    return Row("open index of 1e9 samples in 10,000 files", "MB", ours, 200, "at most 200 MB", 200 / ours, 1)


def rows() -> list[Row]:
    measured = []
    with made_index("records", "10000", "20") as folder:
        bounds = np.arange(10_000, dtype=np.int64) * 20
        measured.append(locate_row("locate 100,000 keys in 10,000 extents", folder, bounds, 200_000))
    with made_index("records", "1000000", "20") as folder:
        bounds = np.arange(1_000_000, dtype=np.int64) * 20
        row = locate_row("locate 100,000 keys in 1,000,000 extents", folder, bounds, 20_000_000)
        measured.append(row)
    with made_index("files", "40000000") as folder:
        bounds = np.arange(40_000_000, dtype=np.int64)
        measured.append(locate_row("locate 100,000 keys of 40 M single-sample files", folder, bounds, 40_000_000))
    with made_index("records", "10", "1000000") as folder:
        measured.append(stream_row("stream a view of 10 M samples, a timestamp for each file", folder, 0.3))
    with made_index("times", str(STREAMED)) as folder:
        measured.append(stream_row("stream a view of 10 M samples, a timestamp for each", folder, None))
    measured.append(memory_row())
    return measured


def main() -> None:
    write_rows("data_index", rows())


if __name__ == "__main__":
    main()
