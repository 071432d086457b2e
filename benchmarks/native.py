"""The C++ benchmarks of a build folder: their medians as the rows that all our benchmarks write.

A program compares "work/ours" with "work/peer", measured in turns in the same run; the peer's label says what it is.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.report import Row, write_rows

PREFIX, SUFFIX = "modyn_", "_benchmark"


def programs(build: Path) -> list[Path]:
    """The benchmark programs of a build folder."""
    found = sorted(build.glob(f"cpp/benchmarks/{PREFIX}*{SUFFIX}"))
    if not found:
        raise SystemExit(
            f"no benchmark programs in '{build}'; configure it with -DMODYN_BUILD_BENCHMARKS=ON and build it"
        )
    return found


@dataclass(frozen=True)
class Median:
    """The median of one benchmark: items per second, and its label."""

    rate: float
    label: str


def measure(program: Path) -> tuple[dict[str, Median], float]:
    """The medians by benchmark name, and the program's largest resident memory in MB."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "results.json"
        arguments = [f"--benchmark_out={output}", "--benchmark_out_format=json"]
        process = subprocess.Popen([program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{program} ended with {process.returncode}")
        results = json.loads(output.read_text())["benchmarks"]
    return dict(medians(results)), usage.ru_maxrss * 1024 / 1e6


def medians(results: list[dict[str, Any]]) -> Iterator[tuple[str, Median]]:
    """Name and median of each benchmark that counts items."""
    for result in results:
        if result.get("aggregate_name") == "median" and "items_per_second" in result:
            median = Median(result["items_per_second"], result.get("label", ""))
            yield result["run_name"].removesuffix("/real_time").removesuffix("/manual_time"), median


def rows(found: dict[str, Median], peak_mb: float) -> Iterator[Row]:
    """Each benchmark of ours beside its peer."""
    for name, ours in found.items():
        work = name.removesuffix("/ours")
        if work != name:
            peer = found[f"{work}/peer"]
            yield Row(work, "M/s", ours.rate / 1e6, peer.rate / 1e6, peer.label, ours.rate / peer.rate, None, peak_mb)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path("build/native-bench"), help="CMake build folder")
    for program in programs(parser.parse_args().build):
        found, peak_mb = measure(program)
        name = program.name.removeprefix(PREFIX).removesuffix(SUFFIX)
        write_rows(f"native_{name}", list(rows(found, peak_mb)))


if __name__ == "__main__":
    main()
