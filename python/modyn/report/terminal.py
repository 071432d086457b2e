"""The same numbers as the page, as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from modyn.report import units
from modyn.report.frames import conform
from modyn.report.tables import measure_name
from modyn.report.totals import Quality, all_measures, quality, totals
from modyn.rundata import RunData

_LATEST = 8
_STATE_STYLES = {"done": "green", "failed": "red", "crashed": "red", "interrupted": "yellow", "running": "cyan"}


def show(*what: RenderableType) -> None:
    """Print to the terminal, on stdout."""
    Console(highlight=False).print(*what, sep="\n")


def overview(documents: Sequence[dict[str, Any]]) -> RenderableType:
    """One row per run, from `modyn.report.document.documents`; each mean is over the run's own intervals."""
    table = _table("run", "state", "triggers", "samples\ntrained on", "training\ntime", "after last\ntrigger", "means")
    for one in documents:
        means = ", ".join(f"{mean['metric']} {units.score(mean['mean'])}" for mean in one["means"])
        table.add_row(
            Text(one["run"], style="bold"),
            Text(one["state"], style=_STATE_STYLES.get(one["state"], "")),
            Text(units.count(one["triggers"])),
            Text(units.count(one["training_samples"])),
            Text(units.duration(one["training_seconds"])),
            Text(units.count(one["samples_after_last_trigger"])),
            Text(means or units.NO_DATA),
        )
    return table


def summary(runs: Sequence[RunData], states: Sequence[str] | None = None) -> RenderableType:
    """What runs did, cost and bought: one row per run, and what the means are over.

    Args:
        runs: the runs.
        states: what to show as their states, if that is known better than when the data were read.
    """
    runs = [conform(run) for run in runs]
    states = states or [run.state for run in runs]
    measures = all_measures(runs)
    qualities = [quality(runs, measure) for measure in measures]
    table = _table("run", "state", "triggers", "samples\ntrained on", "training\ntime", "pipeline\ncost")
    for measure in measures:
        metric, more = measure_name(measure, measures)
        table.add_column(escape(f"mean {metric}" + (f"\n{more}" if more else "")), justify="right")
    for index, run in enumerate(runs):
        total = totals(run)
        row = [
            Text(run.id, style="bold"),
            Text(states[index], style=_STATE_STYLES.get(states[index], "")),
            Text(units.count(total.triggers)),
            Text(units.count(total.training_samples)),
            Text(units.duration(total.training_seconds)),
            Text(units.duration(total.pipeline_seconds)),
        ]
        for one in qualities:
            mean = one.means[index]
            shown = units.score(mean.value) if mean else "not measured"
            row.append(Text(shown, style="bold" if one.best() == index else ""))
        table.add_row(*row)
    return Group(table, *_notes(runs, qualities))


def latest_triggers(run: RunData) -> RenderableType:
    """The last few triggers of a run."""
    run = conform(run)
    if run.triggers.empty:
        return Text("no trigger yet", style="dim")
    table = _table("trigger", "state", "data from", "to (incl.)", "new samples", "trained on", "training")
    shown = run.triggers.tail(_LATEST)
    for row in shown.itertuples(index=False):
        cells = [str(row.trigger), str(row.state), units.moment(row.first_timestamp), units.moment(row.last_timestamp)]
        cells += [units.count(row.new_samples), units.count(row.training_samples), units.duration(row.train_seconds)]
        table.add_row(*(Text(cell, style="dim" if cell == units.NO_DATA else "") for cell in cells))
    if len(shown) == len(run.triggers):
        return table
    return Group(Text(f"the last {len(shown)} of {len(run.triggers):,} triggers", style="dim"), table)


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="dim")
    for name in columns:
        table.add_column(name, justify="left" if name in ("run", "state", "means") else "right", no_wrap=name == "run")
    return table


def _notes(runs: Sequence[RunData], qualities: Sequence[Quality]) -> list[Text]:
    notes = []
    for one in qualities:
        known = [mean for mean in one.means if mean is not None and mean.value is not None]
        if not known:
            notes.append(f"{one.measure.metric}: no interval with data had an active model")
        elif one.shared:
            which = "all runs have data" if len(runs) > 1 else "there is data and an active model"
            where = f", {units.interval(one.start, one.end)}" if one.start is not None else ""
            notes.append(
                f"{one.measure.metric}: active model, over the {known[0].intervals:,} intervals where {which}{where}"
            )
        else:
            notes.append(f"{one.measure.metric}: the runs share no interval with data; their means are not comparable")
    for run in runs:
        if run.samples_after_last_trigger:
            rest = units.count(run.samples_after_last_trigger)
            notes.append(f"{run.id}: {rest} of {units.count(run.samples_total)} samples came after the last trigger")
    return [Text(note, style="dim") for note in dict.fromkeys(notes)]
