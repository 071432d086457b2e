"""What stands on the page, section by section: sentences, tables and places for figures."""

from __future__ import annotations

from datetime import UTC, datetime

from modyn.report import cost, quality, tables, timeline, units
from modyn.report.composite import Measure, rows_of
from modyn.report.matrix import heat_map, matrix
from modyn.report.tables import text
from modyn.report.theme import Figure
from modyn.report.totals import Quality, all_measures, larger_is_better, totals
from modyn.report.totals import quality as compare_quality
from modyn.rundata import RunData

_WORDS = """<section><h2>Words</h2><dl>
<dt>trigger</dt><dd>A decision to train.</dd>
<dt>training set</dt><dd>What one trigger trains on: its new samples, and older ones if the selection keeps them.</dd>
<dt>currently active</dt><dd>Of an interval: the newest model trained on data wholly before it.</dd>
<dt>currently trained</dt><dd>The successor of the active model: the first that may have seen data of the interval.</dd>
<dt>composite model</dt><dd>The active (or trained) models of all intervals, stitched into one series.</dd>
<dt>no data</dt><dd>No samples in the interval, or a metric that they do not define. Never counted as zero.</dd>
</dl></section>
<footer>Times are UTC, intervals are half-open [start, end). Made by Modyn; this file needs no network.</footer>"""


_STATES = {"failed": "has failed", "crashed": "has crashed", "interrupted": "was interrupted", "running": "is running"}


class Sections:
    """The sections of a page.

    Attributes:
        title: what the page is about.
        figures: the figures that the sections refer to as figure-0, figure-1, and so on.
    """

    def __init__(self, runs: list[RunData]) -> None:
        self._runs = runs
        self._totals = [totals(run) for run in runs]
        self._measures = all_measures(runs)
        self._qualities = [compare_quality(runs, measure) for measure in self._measures]
        self.figures: list[Figure] = []
        self.title = runs[0].id if len(runs) == 1 else f"{len(runs)} runs compared"

    def html(self) -> str:
        """All sections; `figures` is complete afterwards."""
        return "".join(
            [self._header(), self._headline(), self._triggers(), self._quality(), self._time(), self._details(), _WORDS]
        )

    def _plot(self, figure: Figure | None, otherwise: str) -> str:
        """A place for the figure; if there is none, what is said instead."""
        if figure is None:
            return f'<p class="empty">{otherwise}</p>'
        self.figures.append(figure)
        height = figure["layout"]["height"]
        return f'<div class="plot" data-figure="figure-{len(self.figures) - 1}" style="min-height:{height}px"></div>'

    def _header(self) -> str:
        single = self._runs[0] if len(self._runs) == 1 else None
        badge = tables.state(single) if single else ""
        findings = "".join(f"<li>{finding}</li>" for finding in self._findings())
        now = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        kind = f"Pipeline {text(single.name)}" if single else "Comparison"
        return (
            f'<header><p class="brand">Modyn · {kind} · {now}</p><h1>{text(self.title)}{badge}</h1>'
            f'<ul class="findings">{findings}</ul></header>'
        )

    def _findings(self) -> list[str]:
        """What the page says, in sentences."""
        found = []
        for run in self._runs:
            if run.state != "done":
                found.append(
                    f'<span class="warn">{text(run.id)} {text(_STATES.get(run.state, run.state))}:</span> '
                    "its numbers cover only what it has done."
                )
        if len(self._runs) > 1:
            found += [sentence for one in self._qualities[:3] if (sentence := self._winner(one))]
        elif self._qualities and (mean := self._qualities[0].means[0]) is not None and mean.value is not None:
            found.append(
                f"The model in use had a mean {text(self._measures[0].metric)} of <b>{units.score(mean.value)}</b> "
                f"over {mean.intervals:,} of {mean.total:,} intervals"
                + (
                    f"; the other {mean.total - mean.intervals:,} have no data or no model yet."
                    if mean.total > mean.intervals
                    else "."
                )
            )
        return found

    def _winner(self, one: Quality) -> str:
        best = one.best()
        if best is None:
            return ""
        ranked = sorted(
            ((mean.value, index) for index, mean in enumerate(one.means) if mean and mean.value is not None),
            reverse=True,
        )
        (top, _), (low, last) = ranked[0], ranked[-1]
        sentence = (
            f"<b>{text(self._runs[best].id)}</b> has the best mean {text(one.measure.metric)}, "
            f"<b>{units.score(top)}</b>, which is {units.score(top - low)} more than {text(self._runs[last].id)}"
        )
        most, least = self._totals[best].training_seconds, self._totals[last].training_seconds
        if most and least:
            sentence += f", for {_times(most / least)} the training time"
        return sentence + "."

    def _headline(self) -> str:
        if len(self._runs) == 1:
            return self._tiles()
        notes = []
        for one in self._qualities:
            known = [mean for mean in one.means if mean is not None and mean.value is not None]
            name = " · ".join(filter(None, tables.measure_name(one.measure, self._measures)))
            if one.shared and known:
                where = f", {units.interval(one.start, one.end)}" if one.start is not None else ""
                notes.append(
                    f"{text(name)}: over the {known[0].intervals:,} intervals for which all runs have data{where}."
                )
            elif known:
                notes.append(f"{text(name)}: the runs share no interval with data, so the means are not comparable.")
        notes_html = "<br>".join(notes)
        return (
            "<section><h2>Cost and quality</h2>"
            '<p class="lead">Means are those of the currently active model. '
            "Samples trained on: sum of the training sets. Pipeline cost: time to decide, select, train and store.</p>"
            f'{tables.headline(self._runs, self._totals, self._qualities)}<p class="note">{notes_html}</p></section>'
        )

    def _tiles(self) -> str:
        run, total = self._runs[0], self._totals[0]
        tiles = [
            (
                "triggers",
                units.count(total.triggers),
                f"{total.empty_triggers:,} of them empty" if total.empty_triggers else "",
            ),
            (
                "samples trained on",
                units.count(total.training_samples),
                f"{units.count(total.new_samples)} of them new",
            ),
            ("training time", units.duration(total.training_seconds), ""),
            ("pipeline cost", units.duration(total.pipeline_seconds), "decide, select, train, store"),
        ]
        for one in self._qualities[:4]:
            mean, (metric, more) = one.means[0], tables.measure_name(one.measure, self._measures)
            if mean is not None:
                tiles.append(
                    (
                        f"mean {metric}" + (f" ({more})" if more else ""),
                        units.score(mean.value),
                        f"active model, {mean.intervals:,} intervals",
                    )
                )
        rest = run.samples_after_last_trigger
        share = (
            f"{100 * rest / run.samples_total:.1f} % of {units.count(run.samples_total)}" if run.samples_total else ""
        )
        tiles.append(("samples after the last trigger", units.count(rest), share))
        return '<div class="tiles">' + "".join(
            f'<div class="tile"><div class="name">{text(name)}</div><div class="value">{text(value)}</div>'
            f'<div class="more">{text(more)}</div></div>'
            for name, value, more in tiles
        ) + "</div>"  # fmt: skip

    def _triggers(self) -> str:
        bars = timeline.time_line(self._runs)
        line = (self._trigger_key() if bars else "") + self._plot(bars, "No trigger has fired.")
        notes = []
        for run, total in zip(self._runs, self._totals, strict=True):
            rest = run.samples_after_last_trigger
            said = [f"{total.empty_triggers:,} empty triggers trained nothing"] if total.empty_triggers else []
            if rest:
                share = f" ({100 * rest / run.samples_total:.1f} %)" if run.samples_total else ""
                said.append(f"{units.count(rest)} samples{share} came after the last trigger and were not trained on")
            if said:
                notes.append(f"<b>{text(run.id)}</b>: {'; '.join(said)}.")
        along = self._plot(timeline.stream(self._runs), "The run has no samples.")
        return (
            "<section><h2>Triggers</h2>"
            '<p class="lead">Each bar is a trigger: it spans the time of the data that it brought and ends where '
            "it fired. Its height is what was trained on, the darker part of it was new. Where there is no bar, "
            "there was no data.</p>"
            f"{line}<h3>Along the stream</h3>{along}"
            f'<p class="note">{"<br>".join(notes)}</p></section>'
        )

    def _trigger_key(self) -> str:
        empty = '<i class="cross">x</i>empty trigger' if any(total.empty_triggers for total in self._totals) else ""
        return f'<p class="key"><i class="pale"></i>samples trained on<i class="full"></i>of these new{empty}</p>'

    def _quality(self) -> str:
        if not self._measures:
            return '<section><h2>Quality</h2><p class="empty">No model has been evaluated.</p></section>'
        options = []
        for number, measure in enumerate(self._measures):
            name = " · ".join([measure.metric, measure.handler, measure.dataset])
            options.append(f'<option value="{number}">{text(name)}</option>')
        only = text(" · ".join([self._measures[0].metric, self._measures[0].handler, self._measures[0].dataset]))
        selector = (
            f'<label class="sticky">Measure <select id="measure">{"".join(options)}</select></label>'
            if len(options) > 1
            else f'<span class="note">{only}</span>'
        )
        parts = "".join(
            f'<div data-measure="{number}"{" hidden" if number else ""}>{self._measure(one)}</div>'
            for number, one in enumerate(self._qualities)
        )
        return f'<section><div class="bar"><h2>Quality</h2>{selector}</div>{parts}</section>'

    def _measure(self, one: Quality) -> str:
        measure = one.measure
        composite = self._plot(
            quality.over_time(self._runs, measure),
            "No interval has a value of a model that was active in it, or none of them lies on the time line.",
        )
        better = " More is better." if larger_is_better(measure.metric) else ""
        html = (
            "<h3>Composite model over time</h3>"
            f'<p class="lead">In each interval, the value of the model that was in use.{better} '
            "A marker says that a newer model took over; a gap is an interval without data or without a model.</p>"
            f"{composite}{self._cost_against(one)}<h3>Every model on every interval</h3>"
        )
        return html + self._matrices(measure)

    def _cost_against(self, one: Quality) -> str:
        if len(self._runs) == 1:
            figure = quality.per_model(self._runs[0], one.measure)
            plots = self._plot(figure, "Fewer than two models were active with data.")
            return f'<h3>Cost against quality</h3><p class="lead">Each point is a model, by its number.</p>{plots}'
        pair = [quality.against_cost(self._runs, self._totals, one, unit) for unit in ("seconds", "samples")]
        if pair[0] is None and pair[1] is None:
            return '<h3>Cost against quality</h3><p class="empty">Fewer than two runs have a mean.</p>'
        plots = "".join(self._plot(figure, "Fewer than two runs measured this cost.") for figure in pair)
        return (
            '<h3>Cost against quality</h3><p class="lead">Each point is a run; up and to the left is better.</p>'
            f'<div class="pair">{plots}</div>'
        )

    def _matrices(self, measure: Measure) -> str:
        grids = [matrix(run, rows) if len(rows := rows_of(run.evaluations, measure)) else None for run in self._runs]
        known = [value for grid in grids if grid for value in grid.values[grid.values == grid.values].tolist()]
        if not known:
            return '<p class="empty">No cell has data: the intervals are empty or do not define the metric.</p>'
        low, high = min(known), max(known)
        html = (
            f'<p class="key">{units.score(low)}<i class="scale"></i>{units.score(high)}'
            '<i class="dot">●</i>active model of the interval</p>'
        )
        for index, (run, grid) in enumerate(zip(self._runs, grids, strict=True)):
            if len(self._runs) > 1:
                html += f"<h3>{tables.chip(index)}{text(run.id)}</h3>"
            if grid is None:
                html += '<p class="empty">This run did not measure this.</p>'
                continue
            html += self._plot(heat_map(grid, low, high), "")
            if grid.block != (1, 1):
                html += (
                    f'<p class="note">Each cell is the mean over up to {grid.block[0]} models x {grid.block[1]} '
                    "intervals; the folder of the run has every value.</p>"
                )
            if none := int((grid.values != grid.values).sum()):
                html += f'<p class="note">{none:,} of {grid.values.size:,} cells have no data and are left blank.</p>'
        return html

    def _time(self) -> str:
        spent = self._plot(cost.where_time_went(self._runs, self._totals), "No time has been measured.")
        losses = cost.final_losses(self._runs)
        shown = f"<h3>Training loss</h3>{self._plot(losses, '')}" if losses else ""
        return f"<section><h2>Where the time went</h2>{spent}{shown}</section>"

    def _details(self) -> str:
        differing = tables.differences(self._runs) if len(self._runs) > 1 else ""
        html = "<section><h2>Details</h2>"
        if differing:
            html += f"<h3>Settings that differ</h3>{differing}"
        for index, run in enumerate(self._runs):
            name = f"{tables.chip(index)}{text(run.id)} · " if len(self._runs) > 1 else ""
            for title, size, shown in (
                ("Triggers", f"{len(run.triggers):,}", tables.triggers(run)),
                ("Models", f"{len(run.models):,}", tables.models(run)),
                ("Configuration", "resolved", tables.configuration(run)),
            ):
                html += f"<details><summary>{name}{title} <small>{size}</small></summary>{shown}</details>"
        return html + "</section>"


def _times(ratio: float) -> str:
    if 0.95 < ratio < 1.05:
        return "about"
    return f"{ratio:.3g} times" if ratio > 1 else f"1/{1 / ratio:.3g} of"
