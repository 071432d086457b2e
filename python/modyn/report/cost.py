"""Where the time went, and how the training losses developed."""

from __future__ import annotations

from collections.abc import Sequence

from modyn.report import units
from modyn.report.theme import Figure, axis, layout, plain, series_colour, series_symbol, values
from modyn.report.totals import Totals
from modyn.rundata import RunData

# What each stage is, and its colour.
_STAGES = {
    "decide": ("decide when to train", "var(--stage-0)"),
    "select": ("select what to train on", "var(--stage-1)"),
    "hold_out": ("train models on held-out data", "var(--stage-6)"),
    "train": ("train", "var(--stage-2)"),
    "store": ("store the model", "var(--stage-3)"),
    "evaluate": ("evaluate after training", "var(--stage-4)"),
    "other": ("other: evaluation after the pipeline, start-up, waiting", "var(--stage-5)"),
}


def where_time_went(runs: Sequence[RunData], every: Sequence[Totals]) -> Figure | None:
    """One bar per run, one part per step; None if no time has been measured."""
    if not any(sum(total.stage_seconds.values()) or total.other_seconds for total in every):
        return None
    data = []
    for stage, (text, colour) in _STAGES.items():
        spent = [total.other_seconds if stage == "other" else total.stage_seconds[stage] for total in every]
        whole = [sum(total.stage_seconds.values()) + (total.other_seconds or 0) for total in every]
        if not any(spent):
            continue
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": text,
                "y": [plain(run.id) for run in runs],
                "x": [seconds or 0 for seconds in spent],
                "marker": {"color": colour, "line": {"color": "var(--surface)", "width": 1}},
                "hovertext": [
                    f"{text}: <b>{units.duration(seconds or 0)}</b> ({100 * (seconds or 0) / total:.1f} %)"
                    if total
                    else ""
                    for seconds, total in zip(spent, whole, strict=True)
                ],
                "hovertemplate": "%{y}<br>%{hovertext}<extra></extra>",
            }
        )
    figure: Figure = {
        "data": data,
        "layout": layout(118 + 40 * len(runs), barmode="stack", bargap=0.35, showlegend=True),
    }
    figure["layout"]["legend"] |= {"traceorder": "normal"}
    figure["layout"]["xaxis"] = axis("wall-clock time (s)", rangemode="tozero")
    figure["layout"]["yaxis"] = axis(autorange="reversed", type="category", ticklabelstandoff=6)
    return figure


def final_losses(runs: Sequence[RunData]) -> Figure | None:
    """The loss at the end of each training, over the triggers; None if none was recorded."""
    data = []
    for index, run in enumerate(runs):
        models = run.models.dropna(subset=["final_loss"])
        if models.empty:
            continue
        few = len(models) <= 60
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers" if few else "lines",
                "x": models["trigger"].tolist(),
                "y": values(models["final_loss"]),
                "name": plain(run.id),
                "line": {"color": series_colour(index), "width": 1.8},
                "marker": {"size": 6, "symbol": series_symbol(index)},
                "hovertemplate": "trigger %{x}: <b>%{y:.4g}</b><extra>%{fullData.name}</extra>",
                "showlegend": len(runs) > 1,
            }
        )
    if not data:
        return None
    figure: Figure = {"data": data, "layout": layout(300)}
    figure["layout"]["xaxis"] = axis("trigger", tickformat="d", nticks=12)
    figure["layout"]["yaxis"] = axis("training loss at the end")
    return figure
