"""When a run trained, and on how many samples: triggers on the time line and along the stream."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from modyn.report import units
from modyn.report.theme import MUTED, SURFACE, Figure, axis, layout, pale, plain, series_colour
from modyn.report.totals import empty
from modyn.rundata import RunData

_ROW, _GAP = 128, 34  # pixels
# With more bars than this, lines between them would be all there is to see.
_SEPARATE = 120


def trigger_times(run: RunData) -> pd.DataFrame:
    """Where each trigger lies on the time line.

    Returns:
        Columns start and end (Unix seconds, float), guessed. A trigger without samples has no time of its own: it
        is put evenly between its neighbours, and `guessed` says so. Without any neighbour it stays NaN.
    """
    first = run.triggers["first_timestamp"].astype("float64").to_numpy()
    last = run.triggers["last_timestamp"].astype("float64").to_numpy()
    guessed = np.isnan(first) | np.isnan(last)
    start, end = first.copy(), last.copy()
    for begin, stop in _stretches(guessed):
        before = last[begin - 1] if begin else np.nan
        after = first[stop] if stop < len(first) else np.nan
        before, after = (after, after) if np.isnan(before) else (before, before if np.isnan(after) else after)
        places = np.linspace(before, after, stop - begin + 2)[1:-1]
        start[begin:stop] = end[begin:stop] = places
    return pd.DataFrame({"start": start, "end": end, "guessed": guessed})


def time_line(runs: Sequence[RunData]) -> Figure | None:
    """One row per run: a bar per trigger over the time of its data, as high as what it trained on.

    None if no trigger has a time.
    """
    rows = [(index, run, trigger_times(run)) for index, run in enumerate(runs)]
    rows = [(index, run, times) for index, run, times in rows if times["end"].notna().any()]
    if not rows:
        return None
    plot = len(rows) * (_ROW + _GAP)
    figure: Figure = {
        "data": [],
        "layout": layout(plot + 52, barmode="overlay", bargap=0, annotations=[], showlegend=False),
    }
    figure["layout"]["margin"] |= {"t": 0, "b": 52}
    for row, (index, run, times) in enumerate(rows):
        name = "" if row == 0 else str(row + 1)
        bottom = 1 - (row + 1) / len(rows)
        top = bottom + _ROW / plot
        # All runs share one scale: bars of different runs are there to be compared.
        figure["layout"][f"yaxis{name}"] = axis(
            domain=[bottom, top], rangemode="tozero", nticks=4, **({"matches": "y"} if row else {})
        )
        figure["layout"]["annotations"].append(
            {
                "text": f"<b>{plain(run.id)}</b>",
                "font": {"color": series_colour(index)},
                "showarrow": False,
                **{"x": 0, "xref": "paper", "xanchor": "left", "y": top, "yref": "paper", "yanchor": "bottom"},
            }
        )
        figure["data"] += _bars(run, times, index, f"y{name}")
    figure["layout"]["xaxis"] = axis(
        "time of the data (UTC)", type="date", anchor=f"y{len(rows) if len(rows) > 1 else ''}"
    )
    return figure


def stream(runs: Sequence[RunData]) -> Figure | None:
    """One bar per run over the positions of the stream: cut at the triggers, hatched where none has come.

    None if no run has samples.
    """
    data = []
    names = [plain(run.id) for run in runs]
    for index, run in enumerate(runs):
        cut = run.triggers[run.triggers["new_samples"].fillna(0) > 0]
        start, size = cut["position_start"].fillna(0).astype(int), cut["new_samples"].astype(int)
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "y": [names[index]] * len(cut),
                "x": size.tolist(),
                "base": start.tolist(),
                "marker": {
                    "color": series_colour(index),
                    "line": {"color": series_colour(index) if len(cut) > _SEPARATE else SURFACE, "width": 1},
                },
                "customdata": cut["trigger"].tolist(),
                "hovertemplate": "trigger %{customdata}<br>positions %{base:,} to %{x:,}<extra></extra>",
                "showlegend": False,
            }
        )
        rest = run.samples_after_last_trigger
        if rest:
            data.append(
                {
                    "type": "bar",
                    "orientation": "h",
                    "y": [names[index]],
                    "x": [rest],
                    "base": [run.samples_total - rest],
                    "marker": {
                        "color": SURFACE,
                        "line": {"color": MUTED, "width": 1},
                        "pattern": {"shape": "/", "fgcolor": MUTED, "bgcolor": SURFACE, "size": 6},
                    },
                    "hovertemplate": f"after the last trigger: {units.count(rest)} samples<extra></extra>",
                    "showlegend": False,
                }
            )
    if not any(run.samples_total for run in runs):
        return None
    figure: Figure = {"data": data, "layout": layout(70 + 34 * len(runs), barmode="overlay", bargap=0.35)}
    figure["layout"]["yaxis"] = axis(autorange="reversed", type="category", ticklabelstandoff=6)
    figure["layout"]["xaxis"] = axis("samples of the stream", range=[0, max(run.samples_total for run in runs)])
    return figure


def _bars(run: RunData, times: pd.DataFrame, index: int, yaxis: str) -> list[Figure]:
    trigger = run.triggers
    none = empty(run).to_numpy() & times["end"].notna().to_numpy()
    full = ~empty(run).to_numpy() & times["end"].notna().to_numpy()
    start, end = times["start"].to_numpy() * 1000, times["end"].to_numpy() * 1000
    # A bar ends where the trigger fired, and is wide enough to be seen however short its data.
    seen = np.concatenate([start[full], end[full]]) if full.any() else np.array([0.0])
    thinnest = max((seen.max() - seen.min()) / 400, 1000.0)
    start = np.minimum(start, end - thinnest)
    hover = [
        f"<b>trigger {number}</b><br>data {units.moment(first)} to {units.moment(last)}"
        f"<br>{units.count(new)} new samples<br>{units.count(trained)} in the training set"
        f"<br>{units.duration(seconds)} training"
        for number, first, last, new, trained, seconds in zip(
            trigger["trigger"],
            trigger["first_timestamp"],
            trigger["last_timestamp"],
            trigger["new_samples"],
            trigger["training_samples"],
            trigger["train_seconds"],
            strict=True,
        )
    ]
    common: Figure = {
        "type": "bar",
        "yaxis": yaxis,
        "x": ((start + end)[full] / 2).tolist(),
        "width": (end - start)[full].tolist(),
    }
    many = int(full.sum()) > _SEPARATE
    outline = {"color": SURFACE, "width": 0.5 if many else 1.0}
    shown = [text for text, keep in zip(hover, full, strict=True) if keep]
    colour = series_colour(index)
    return [
        {
            **common,
            "y": trigger["training_samples"].fillna(0).astype(int)[full].tolist(),
            "marker": {"color": pale(colour), "line": outline | {"color": pale(colour)} if many else outline},
            "hovertext": shown,
            "hovertemplate": "%{hovertext}<extra></extra>",
        },
        {
            **common,
            "y": np.minimum(trigger["new_samples"].fillna(0), trigger["training_samples"].fillna(0))
            .astype(int)[full]
            .tolist(),
            "marker": {"color": colour, "line": outline | {"color": colour} if many else outline},
            "hovertext": shown,
            "hovertemplate": "%{hovertext}<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "yaxis": yaxis,
            "x": (times["end"].to_numpy() * 1000)[none].tolist() if none.any() else [None],
            "y": [0] * max(1, int(none.sum())),
            "marker": {"symbol": "x-thin", "size": 9, "line": {"color": MUTED, "width": 1.5}},
            "cliponaxis": False,
            "hovertext": [
                f"<b>trigger {number}</b><br>no samples, no training"
                + ("<br>(placed between its neighbours)" if placed else "")
                for number, placed in zip(trigger["trigger"][none], times["guessed"][none], strict=True)
            ],
            "hovertemplate": "%{hovertext}<extra></extra>",
        },
    ]


def _stretches(flags: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """[begin, end) of each run of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(edges[i]), int(edges[i + 1])) for i in range(0, len(edges), 2)]
