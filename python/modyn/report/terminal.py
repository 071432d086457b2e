"""The same numbers as the page, as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
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


def summary(runs: Sequence[RunData]) -> RenderableType:
    """What runs did, cost and bought: one row per run, and what the means are over."""
    runs = [conform(run) for run in runs]
    measures = all_measures(runs)
    qualities = [quality(runs, measure) for measure in measures]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="dim")
    table.add_column("run", no_wrap=True)
    for name in ("state", "triggers", "samples\ntrained on", "training\ntime", "pipeline\ncost"):
        table.add_column(name, justify="left" if name == "state" else "right")
    for measure in measures:
        metric, more = measure_name(measure, measures)
        table.add_column(escape(f"mean {metric}" + (f"\n{more}" if more else "")), justify="right")
    for index, run in enumerate(runs):
        total = totals(run)
        row = [
            Text(run.id, style="bold"),
            Text(run.state, style=_STATE_STYLES.get(run.state, "")),
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
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="dim")
    for name in ("trigger", "state", "data from", "to (incl.)", "new samples", "trained on", "training"):
        table.add_column(name, justify="left" if name == "state" else "right")
    shown = run.triggers.tail(_LATEST)
    for row in shown.itertuples(index=False):
        cells = [str(row.trigger), str(row.state), units.moment(row.first_timestamp), units.moment(row.last_timestamp)]
        cells += [units.count(row.new_samples), units.count(row.training_samples), units.duration(row.train_seconds)]
        table.add_row(*(Text(cell, style="dim" if cell == units.NO_DATA else "") for cell in cells))
    if len(shown) == len(run.triggers):
        return table
    return Group(Text(f"the last {len(shown)} of {len(run.triggers):,} triggers", style="dim"), table)


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
