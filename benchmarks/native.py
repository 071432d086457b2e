"""The C++ benchmarks of a build folder: their medians as the rows that all our benchmarks write.

A program compares "work/ours" with "work/peer", measured in turns in the same run; its source says what the peer is.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
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


def measure(program: Path) -> tuple[dict[str, float], float]:
    """Median items per second by benchmark name, and the program's largest resident memory in MB."""
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


def medians(results: list[dict[str, Any]]) -> Iterator[tuple[str, float]]:
    """Name and rate of each benchmark that counts items."""
    for result in results:
        if result.get("aggregate_name") == "median" and "items_per_second" in result:
            yield result["run_name"].removesuffix("/real_time"), result["items_per_second"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path("build/native-bench"), help="CMake build folder")
    for program in programs(parser.parse_args().build):
        rates, peak = measure(program)
        name = program.name.removeprefix(PREFIX).removesuffix(SUFFIX)
        write_rows(
            f"native_{name}",
            [
                Row(
                    work=work.removesuffix("/ours"),
                    unit="M/s",
                    ours=rate / 1e6,
                    other=rates[work.removesuffix("ours") + "peer"] / 1e6,
                    against=f"the peer in cpp/benchmarks/{name}_benchmark.cpp",
                    ratio=rate / rates[work.removesuffix("ours") + "peer"],
                    reach=None,
                    peak_mb=peak,
                )
                for work, rate in rates.items()
                if work.endswith("/ours")
            ],
        )


if __name__ == "__main__":
    main()
