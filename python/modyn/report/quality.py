"""How good the composite models were, over time and for what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from modyn.report import units
from modyn.report.composite import Measure, Which, overlapping, rows_of, stitch
from modyn.report.theme import Figure, axis, layout, plain, series_colour, series_symbol
from modyn.report.totals import Quality, Totals
from modyn.rundata import RunData

# With more markers than this a line would disappear under them.
_MARKED = 60

_STYLES: dict[Which, dict[str, Any]] = {
    "currently_active": {"label": "currently active", "dash": "solid", "width": 2.2, "opacity": 1.0},
    "currently_trained": {"label": "currently trained", "dash": "dot", "width": 1.5, "opacity": 0.75},
}


def over_time(runs: Sequence[RunData], measure: Measure) -> Figure | None:
    """The composite models of all runs in one plot; None if no interval has both a model and a place in time.

    A value belongs to its whole interval, so it is drawn as a level; where intervals overlap, as a point in
    the middle. A marker says that another model took over.
    """
    data = []
    for index, run in enumerate(runs):
        rows = rows_of(run.evaluations, measure)
        for which, style in _STYLES.items():
            series = stitch(rows, which)
            if series["value"].notna().any():
                data += _line(series, index, plain(run.id), which, style)
    if not any(position is not None for trace in data for position in trace["x"]):
        return None
    figure: Figure = {"data": data, "layout": layout(400, hovermode="closest")}
    figure["layout"]["xaxis"] = axis("time of the evaluated data (UTC)", type="date")
    figure["layout"]["yaxis"] = axis(plain(measure.metric))
    return figure


def against_cost(runs: Sequence[RunData], every: Sequence[Totals], quality: Quality, unit: str) -> Figure | None:
    """Mean of the active composite model against its cost; `unit` is "seconds" or "samples".

    None if fewer than two runs have a mean: a single point says nothing.
    """
    traces: list[Figure] = []
    for index, (run, total, mean) in enumerate(zip(runs, every, quality.means, strict=True)):
        cost = total.training_seconds if unit == "seconds" else total.training_samples
        if mean is None or mean.value is None or cost is None:
            continue
        spent = units.duration(cost) if unit == "seconds" else f"{units.count(cost)} samples"
        traces.append(
            {
                "type": "scatter",
                "mode": "markers+text",
                "x": [cost],
                "y": [mean.value],
                "text": [f"  {plain(run.id)}  "],
                "cliponaxis": False,
                "marker": {"size": 13, "color": series_colour(index), "symbol": series_symbol(index)},
                "hovertext": f"<b>{plain(run.id)}</b><br>{spent}<br>mean {units.score(mean.value)} "
                f"over {mean.intervals} intervals",
                "hovertemplate": "%{hovertext}<extra></extra>",
                "showlegend": False,
            }
        )
    if len(traces) < 2:
        return None
    middle = (min(trace["x"][0] for trace in traces) + max(trace["x"][0] for trace in traces)) / 2
    for trace in traces:
        trace["textposition"] = "middle right" if trace["x"][0] <= middle else "middle left"
    figure: Figure = {"data": traces, "layout": layout(300)}
    figure["layout"]["margin"] |= {"t": 12, "r": 24}
    title = "training time (s)" if unit == "seconds" else "samples in all training sets"
    spare = 0.16
    figure["layout"]["xaxis"] = axis(title, range=_padded([trace["x"][0] for trace in traces], spare, zero=True))
    figure["layout"]["yaxis"] = axis(
        f"mean {plain(quality.measure.metric)}", range=_padded([trace["y"][0] for trace in traces], spare)
    )
    return figure


def per_model(run: RunData, measure: Measure) -> Figure | None:
    """For one run: each model's training time against its mean over the intervals it was active in.

    None if fewer than two models were ever active with data.
    """
    series = stitch(rows_of(run.evaluations, measure), "currently_active").dropna(subset=["value", "model"])
    means = series.groupby("model")["value"].agg(["mean", "count"])
    models = run.models.set_index("model").join(means, how="inner").dropna(subset=["training_seconds"])
    if len(models) < 2:
        return None
    hover = [
        f"<b>model {model}</b><br>{units.duration(seconds)} training<br>mean {units.score(mean)} "
        f"over {number} active interval{'' if number == 1 else 's'}"
        for model, seconds, mean, number in zip(
            models.index, models["training_seconds"], models["mean"], models["count"], strict=True
        )
    ]
    few = len(models) <= 30
    figure: Figure = {
        "data": [
            {
                "type": "scatter",
                "mode": "markers+text" if few else "markers",
                "x": models["training_seconds"].tolist(),
                "y": models["mean"].tolist(),
                "text": [str(model) for model in models.index] if few else None,
                "textposition": "top center",
                "marker": {"size": 9 if few else 6, "color": series_colour(0), "opacity": 0.85},
                "hovertext": hover,
                "hovertemplate": "%{hovertext}<extra></extra>",
                "showlegend": False,
            }
        ],
        "layout": layout(320),
    }
    figure["layout"]["xaxis"] = axis("training time of the model (s)", rangemode="tozero")
    figure["layout"]["yaxis"] = axis(f"mean {plain(measure.metric)} while active")
    return figure


def _line(series: pd.DataFrame, index: int, name: str, which: Which, style: dict[str, Any]) -> list[Figure]:
    x, y, hover, changes = _levels(series) if not overlapping(series) else _middles(series)
    colour = series_colour(index)
    line = {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "line": {"color": colour, "dash": style["dash"], "width": style["width"]},
        "opacity": style["opacity"],
        "connectgaps": False,
        "hovertext": hover,
        "hovertemplate": f"<b>{name}</b> · {style['label']}<br>%{{hovertext}}<extra></extra>",
        "name": f"{name} · {style['label']}",
        "legendgroup": f"{index}-{which}",
    }
    points = {
        "type": "scatter",
        "mode": "markers",
        "x": [x[position] for position in changes],
        "y": [y[position] for position in changes],
        "marker": {"color": colour, "symbol": series_symbol(index), "size": 7},
        "opacity": style["opacity"],
        "hovertext": [hover[position] for position in changes],
        "hovertemplate": line["hovertemplate"],
        "legendgroup": f"{index}-{which}",
        "showlegend": False,
    }
    return [line, points] if len(changes) <= _MARKED else [line]


@dataclass(frozen=True)
class _Point:
    """One interval of a stitched series."""

    start: int | None
    end: int | None
    model: int
    samples: int
    value: float


def _points(series: pd.DataFrame) -> list[_Point | None]:
    """The intervals in order, None for those without a value."""
    columns = (series[name].to_list() for name in ("interval_start", "interval_end", "model", "samples", "value"))
    return [
        None
        if np.isnan(value)
        else _Point(
            None if pd.isna(start) else int(start),
            None if pd.isna(end) else int(end),
            int(model),
            0 if pd.isna(samples) else int(samples),
            float(value),
        )
        for start, end, model, samples, value in zip(*columns, strict=True)
    ]


_Path = tuple[list[int | None], list[float | None], list[str], list[int]]


def _levels(series: pd.DataFrame) -> _Path:
    """Each value over the length of its interval; a gap where there is none."""
    x: list[int | None] = []
    y: list[float | None] = []
    hover: list[str] = []
    changes = []
    previous: _Point | None = None
    model = None
    for point in _points(series):
        broken = point is None or (previous is not None and previous.end != point.start)
        if broken and x:
            x.append(None)
            y.append(None)
            hover.append("")
        previous = point
        if point is None or point.start is None or point.end is None:
            continue
        if point.model != model:
            changes.append(len(x))
            model = point.model
        x += [point.start * 1000, point.end * 1000]
        y += [point.value] * 2
        hover += [_hover(point)] * 2
    return x, y, hover, changes


def _middles(series: pd.DataFrame) -> _Path:
    """Each value at the middle of its interval, or at the side of it that is closed."""
    x: list[int | None] = []
    y: list[float | None] = []
    hover: list[str] = []
    for point in _points(series):
        sides = [side * 1000 for side in (point.start, point.end) if side is not None] if point else []
        placed = point if sides else None
        x.append(sum(sides) // len(sides) if sides else None)
        y.append(placed.value if placed else None)
        hover.append(_hover(placed) if placed else "")
    return x, y, hover, [place for place, value in enumerate(y) if value is not None]


def _hover(point: _Point) -> str:
    return (
        f"<b>{units.score(point.value)}</b><br>{units.interval(point.start, point.end)}"
        f"<br>model {point.model}, {units.count(point.samples)} samples"
    )


def _padded(numbers: list[float], share: float, *, zero: bool = False) -> list[float]:
    """A range with room for the labels of its points."""
    low, high = min(numbers), max(numbers)
    room = (high - low or abs(high) or 1.0) * share
    return [-0.04 * high if zero and low - room < 0.5 * high else low - room, high + room]
