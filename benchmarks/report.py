"""What every benchmark does with its numbers: a table to read and build/bench/<name>.json to compare."""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).resolve().parent.parent / "build" / "bench"


def peak_mb() -> float:
    """The largest resident memory, in MB, that this process or a child that has ended has had."""
    unit = 1 if sys.platform == "darwin" else 1024
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return peak * unit / 1e6


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        work: what is measured.
        unit: of `ours` and `other`.
        ours: our figure.
        other: the figure of the peer or of the physical limit, measured in the same run.
        against: what `other` is.
        ratio: the larger, the better for us.
        reach: the ratio to be reached; None if the row is for information.
        peak_mb: the largest resident memory.
    """

    work: str
    unit: str
    ours: float
    other: float
    against: str
    ratio: float
    reach: float | None
    peak_mb: float = field(default_factory=peak_mb)


def interleaved(
    works: Mapping[str, Callable[[], float]], repeats: int, before: Callable[[], object] = os.sync
) -> dict[str, float]:
    """The median figure of each work; the works take turns, so that a slow minute of the machine meets them all.

    `before` runs before each; by default it has the disk finish what the one before has written.
    """
    figures: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            before()
            figures[name].append(work())
    return {name: statistics.median(values) for name, values in figures.items()}


def write_rows(name: str, rows: list[Row]) -> None:
    """Print the rows as a table and write them to build/bench/<name>.json."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    table = Table(title=name, title_justify="left")
    for heading in ("work", "unit"):
        table.add_column(heading)
    for heading in ("ours", "other", "ratio", "reach", "peak MB"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("other is")
    for row in rows:
        met = "" if row.reach is None else f"{row.reach:g} {'met' if row.ratio >= row.reach else 'MISSED'}"
        figures = (_figure(row.ours), _figure(row.other), f"{row.ratio:.3f}", met, f"{row.peak_mb:,.0f}")
        table.add_row(row.work, row.unit, *figures, row.against)
    Console(width=None if sys.stdout.isatty() else 140).print(table)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
