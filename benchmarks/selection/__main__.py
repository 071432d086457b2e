"""Every comparison of selection, each module in a process of its own: one table and build/bench/selection.json.

Modules write build/bench/selection_<module>.json; a process of its own keeps the memory of one out of another's
figures.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

from benchmarks.report import RESULTS, Row, write_rows

MODULES = ("presampling", "k_center", "omp", "row_backward", "submodular", "scorer", "sampling")


def measured(module: str) -> list[Row]:
    """What the module writes when it runs now."""
    results = RESULTS / f"selection_{module}.json"
    results.unlink(missing_ok=True)
    subprocess.run([sys.executable, "-m", f"benchmarks.selection.{module}"], check=True, stdin=subprocess.DEVNULL)
    return [Row(**row) for row in json.loads(results.read_text())]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=MODULES, help=f"some of: {', '.join(MODULES)}")
    rows = [row for module in parser.parse_args().modules for row in measured(module)]
    write_rows("selection", rows)


if __name__ == "__main__":
    main()
