"""Fetch: random samples out of files that lie in the page cache, or not.

Against the least that any reader must do, in C++ (cpp/benchmarks/*fetch_benchmark.cpp); and, from Python, against
NumPy's fancy index over a mapped file and against the libraries that people take for this (benchmarks/data/peers.py).
No request is repeated before others came between: what is measured is the page cache, not the processor's.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.data import cold_training_set, peers
from benchmarks.native import measure
from benchmarks.report import Row, write_rows

PROGRAMS = Path("build/native-bench/cpp/benchmarks")
REACH = {
    "100,000 keys of 160 B in 10 files": 0.6,
    "100,000 keys of 1 KiB in 10 files": 0.75,
    "100,000 keys of 12 KiB in 10 files": 0.85,
    "100,000 keys of 160 B in 1 M extents": 0.3,
}


def against_copies() -> Iterator[Row]:
    """The C++ programs; ratios without a limit are for information."""
    for name in ("fetch", "file_fetch", "cold_fetch"):
        found, peak_mb = measure(PROGRAMS / f"modyn_{name}_benchmark")
        for benchmark, ours in found.items():
            work = benchmark.removesuffix("/ours")
            if work == benchmark:
                continue
            peer = found[f"{work}/peer"]
            ratio = ours.rate / peer.rate
            yield Row(
                f"fetch {work}", "M/s", ours.rate / 1e6, peer.rate / 1e6, peer.label, ratio, REACH.get(work), peak_mb
            )


def against_libraries() -> Iterator[Row]:
    """All in one process, in turns; it runs in an environment that has the libraries beside Modyn."""
    python = peers.environment()
    with tempfile.TemporaryDirectory(dir=Path("build/bench")) as folder:
        command: list[str | Path] = [python, "-m", "benchmarks.data.peers", folder]
        output = subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
    found = json.loads(output.splitlines()[-1])
    for note in found["notes"]:
        print(note)
    rates, peak_mb = found["rates"], found["peak_mb"]
    ours = rates.pop("modyn")
    memmap = rates.pop(peers.MEMMAP)
    work = f"fetch {peers.KEYS:,} random keys of 1 KiB from Python"
    yield Row(work, "M/s", ours / 1e6, memmap / 1e6, peers.MEMMAP, ours / memmap, 1.0, peak_mb)
    best = max(rates, key=rates.__getitem__, default=None)
    for name, rate in sorted(rates.items(), key=lambda item: -item[1]):
        reach = 5.0 if name == best else None
        yield Row(work, "M/s", ours / 1e6, rate / 1e6, name, ours / rate, reach, peak_mb)


def rows() -> list[Row]:
    """All of them."""
    return [*against_copies(), *against_libraries(), *cold_training_set.rows()]


if __name__ == "__main__":
    write_rows("data_fetch", rows())
