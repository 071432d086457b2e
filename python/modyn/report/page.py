"""One HTML page for one run or for several: it needs nothing else and no network."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from modyn.report.frames import conform
from modyn.report.sections import Sections
from modyn.report.tables import text
from modyn.report.theme import Figure
from modyn.rundata import RunData

# Nothing may be loaded, whatever a name in the data looks like.
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"


def write_report(runs: Sequence[RunData], path: str | os.PathLike[str]) -> Path:
    """Write the report of one run, or the comparison of several, as one self-contained HTML file.

    Args:
        runs: at least one run, in the order to show them.
        path: the file; an existing one is replaced, and only when the new one is complete.

    Raises:
        ValueError: no runs were given.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        partial.write_text(render(runs), encoding="utf-8")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def render(runs: Sequence[RunData]) -> str:
    """The page as text, see `write_report`."""
    if not runs:
        raise ValueError("a report needs at least one run")
    # Imported here: reading plotly.js takes longer than all the rest of the import.
    from plotly.offline import get_plotlyjs

    sections = Sections(_told_apart([conform(run) for run in runs]))
    body = sections.html()
    data = "".join(
        f'<script type="application/json" id="figure-{number}">{_json(figure)}</script>'
        for number, figure in enumerate(sections.figures)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(sections.title)} · Modyn</title><style>{_resource('page.css')}</style>"
        f"</head><body><main>{body}</main>{data}"
        f"<script>{get_plotlyjs()}</script><script>{_resource('page.js')}</script></body></html>\n"
    )


def _told_apart(runs: list[RunData]) -> list[RunData]:
    """The runs with ids that differ, as runs of two workspaces may share one."""
    seen: dict[str, int] = {}
    result = []
    for run in runs:
        seen[run.id] = seen.get(run.id, 0) + 1
        result.append(run if seen[run.id] == 1 else replace(run, id=f"{run.id} ({seen[run.id]})"))
    return result


def _resource(name: str) -> str:
    return files("modyn.report").joinpath(name).read_text("utf-8")


def _json(figure: Figure) -> str:
    """JSON that may stand in a script element: no "<" of its content can end it."""
    packed = json.dumps(figure, separators=(",", ":"), allow_nan=False, default=lambda scalar: scalar.item())
    return packed.replace("<", "\\u003c")
