"""The tables of the page. Every text from outside passes through `text`, which escapes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import yaml

from modyn.report import units
from modyn.report.composite import Measure
from modyn.report.frames import STAGES
from modyn.report.totals import Quality, Totals
from modyn.rundata import RunData

# More rows than this are left to the Parquet files of the run.
_ROWS = 200
_SAME = object()


def text(value: object) -> str:
    """Any text, safe to stand in HTML."""
    return escape(str(value))


def cell(shown: str, classes: str = "", title: str = "", small: str = "") -> str:
    """A table cell; "no data" is set apart from numbers."""
    names = " ".join(filter(None, [classes, "none" if shown == units.NO_DATA else ""]))
    attributes = (f' class="{names}"' if names else "") + (f' title="{text(title)}"' if title else "")
    return f"<td{attributes}>{text(shown)}{f'<small>{text(small)}</small>' if small else ''}</td>"


def table(head: Sequence[str], rows: Iterable[str], *, tall: bool = False) -> str:
    """A table that scrolls sideways where it does not fit. `head` and `rows` are HTML."""
    columns = "".join(f"<th>{name}</th>" for name in head)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        f'<div class="scroll{" tall" if tall else ""}"><table><thead><tr>{columns}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def state(run: RunData) -> str:
    """The state of a run as a badge."""
    known = run.state if run.state in ("done", "failed", "interrupted", "crashed", "running") else "other"
    return f'<span class="state {known}">{text(run.state)}</span>'


def chip(index: int) -> str:
    """The colour of a run, as in the figures."""
    return f'<span class="chip" style="background:var(--series-{index % 7})"></span>'


def measure_name(measure: Measure, among: Sequence[Measure]) -> tuple[str, str]:
    """The metric, and as much of handler and dataset as tells it from the others."""
    parts = [
        getattr(measure, part) for part in ("handler", "dataset") if len({getattr(other, part) for other in among}) > 1
    ]
    return measure.metric, " · ".join(parts)


def headline(runs: Sequence[RunData], every: Sequence[Totals], qualities: Sequence[Quality]) -> str:
    """One row per run: what it did, cost and bought."""
    among = [quality.measure for quality in qualities]
    head = ["run", "triggers", "samples<br>trained on", "training<br>time", "pipeline<br>cost"]
    for measure in among:
        metric, more = measure_name(measure, among)
        head.append(f"mean {text(metric)}" + (f"<small>{text(more)}</small>" if more else ""))
    rows = []
    for index, (run, total) in enumerate(zip(runs, every, strict=True)):
        badge = "" if run.state == "done" else state(run)
        name = f"<small>{text(run.name)}</small>" if run.name not in run.id else ""
        row = f"<td>{chip(index)}<b>{text(run.id)}</b>{badge}{name}</td>"
        row += cell(
            units.count(total.triggers), small=f"{total.empty_triggers:,} empty" if total.empty_triggers else ""
        )
        row += cell(units.count(total.training_samples))
        row += cell(units.duration(total.training_seconds))
        row += cell(units.duration(total.pipeline_seconds))
        for quality in qualities:
            mean = quality.means[index]
            best = "best" if quality.best() == index else ""
            if mean is None:
                row += cell(units.NO_DATA, small="not measured")
            else:
                row += cell(units.score(mean.value), best, small=f"{mean.intervals:,} intervals")
        rows.append(row)
    return table(head, rows)


def triggers(run: RunData) -> str:
    """All triggers of a run, the first `_ROWS` of them."""
    head = ["trigger", "data from", "to (incl.)", "new samples", "trained on", "model"]
    stages = [stage for stage in STAGES if stage != "hold_out" or run.triggers["hold_out_seconds"].any()]
    head += [stage.replace("_", " ") for stage in stages]
    rows = []
    for row in run.triggers.head(_ROWS).itertuples(index=False):
        line = (
            f"<td>{row.trigger}</td>" + cell(units.moment(row.first_timestamp)) + cell(units.moment(row.last_timestamp))
        )
        line += cell(units.count(row.new_samples)) + cell(units.count(row.training_samples))
        line += cell("none" if units.missing(row.model) else str(row.model))
        for stage in stages:
            line += cell(units.duration(getattr(row, f"{stage}_seconds")))
        rows.append(line)
    return table(head, rows, tall=True) + _left_out(len(run.triggers), "triggers")


def models(run: RunData) -> str:
    """All models of a run, the first `_ROWS` of them."""
    head = ["model", "trigger", "samples seen", "batches", "epochs", "training time", "final loss", "size"]
    rows = []
    for row in run.models.head(_ROWS).itertuples(index=False):
        line = f"<td>{row.model}</td>" + cell(str(row.trigger)) + cell(units.count(row.samples))
        line += cell(units.count(row.batches)) + cell(units.count(row.epochs))
        line += cell(units.duration(row.training_seconds)) + cell(units.score(row.final_loss))
        line += cell(units.size(row.bytes))
        rows.append(line)
    return table(head, rows, tall=True) + _left_out(len(run.models), "models")


def configuration(run: RunData) -> str:
    """The resolved configuration as YAML."""
    return f"<pre>{text(yaml.safe_dump(run.config, sort_keys=False, allow_unicode=True, width=100))}</pre>"


def differences(runs: Sequence[RunData]) -> str:
    """The settings in which the runs differ; empty if there are none."""
    flat = [dict(_flatten(run.config, "")) for run in runs]
    keys = list(dict.fromkeys(key for one in flat for key in one))
    rows = []
    for key in keys:
        found = [one.get(key, _SAME) for one in flat]
        if all(value == found[0] for value in found[1:]):
            continue
        line = f"<td><code>{text(key)}</code></td>"
        line += "".join(
            '<td class="text none">not set</td>' if value is _SAME else f'<td class="text">{text(_short(value))}</td>'
            for value in found
        )
        rows.append(line)
    if not rows:
        return ""
    head = ["setting", *(f"{chip(index)}{text(run.id)}" for index, run in enumerate(runs))]
    return table(head, rows).replace("<th>", '<th class="text">')


def _flatten(value: Any, path: str) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flatten(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            yield from _flatten(item, f"{path}[{index}]")
    else:
        yield path, value


def _short(value: Any) -> str:
    shown = "none" if value is None else str(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}…"


def _left_out(rows: int, what: str) -> str:
    if rows <= _ROWS:
        return ""
    return f'<p class="note">The first {_ROWS} of {rows:,} {what}; the folder of the run has all of them.</p>'
