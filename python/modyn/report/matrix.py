"""The evaluation matrix: every model on every interval, as a heat map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from modyn.report import units
from modyn.report.composite import INTERVAL
from modyn.report.theme import HEAT, Figure, axis, layout
from modyn.rundata import RunData

# More rows or columns than this are averaged in blocks: a screen shows no more, and a browser stays quick.
CELLS_PER_SIDE = 240
_WRITTEN_CELLS = 13
_ROW = 26  # pixels


@dataclass(frozen=True)
class Matrix:
    """Models x intervals of one measure.

    Attributes:
        values: float64[models, intervals]; NaN is "no data".
        active: int64[intervals], the row of the active model, -1 if there is none.
        models: names of the rows; `short_models` those for the axis.
        intervals: names of the columns; `starts` the days they start on.
        block: how many models and intervals each cell is the mean of.
    """

    values: npt.NDArray[np.float64]
    active: npt.NDArray[np.int64]
    models: list[str]
    short_models: list[str]
    intervals: list[str]
    starts: list[str]
    block: tuple[int, int]


def matrix(run: RunData, rows: pd.DataFrame, cells_per_side: int = CELLS_PER_SIDE) -> Matrix:
    """Arrange the evaluation rows of one measure; of several values for one cell the last counts."""
    order = ["interval_start", "interval_end", "interval_index"]
    columns = rows[INTERVAL].drop_duplicates().sort_values(order, na_position="first", ignore_index=True)
    column_of = rows[INTERVAL].merge(columns.assign(column=np.arange(len(columns))), on=INTERVAL, how="left")["column"]
    models = np.unique(rows["model"].to_numpy(np.int64))
    row, column = np.searchsorted(models, rows["model"].to_numpy(np.int64)), column_of.to_numpy(np.int64)
    values = np.full((len(models), len(columns)), np.nan)
    values[row, column] = rows["value"].to_numpy(np.float64)
    active = np.full(len(columns), -1)
    flagged = rows["currently_active"].to_numpy(bool)
    np.maximum.at(active, column[flagged], row[flagged])
    block = (_block(len(models), cells_per_side), _block(len(columns), cells_per_side))
    long, short = _model_labels(run, models)
    bounds = zip(columns["interval_start"], columns["interval_end"], strict=True)
    intervals = _unique([units.interval(start, end) for start, end in bounds])
    starts = ["open" if pd.isna(start) else units.moment(start)[:10] for start in columns["interval_start"]]
    return Matrix(
        values=_block_means(values, block),
        active=np.where(active < 0, -1, active // block[0])[:: block[1]],
        models=_spanned(long, block[0]),
        short_models=short[:: block[0]],
        intervals=_spanned(intervals, block[1]),
        starts=starts[:: block[1]],
        block=block,
    )


def heat_map(grid: Matrix, low: float, high: float) -> Figure:
    """Draw a matrix; `low` and `high` are the ends of the colour scale, shared by all runs."""
    height, width = grid.values.shape
    written = height <= 2 * _WRITTEN_CELLS and width <= _WRITTEN_CELLS
    heat: dict[str, Any] = {
        "type": "heatmap",
        "x": grid.intervals,
        "y": grid.models,
        "z": [[None if np.isnan(value) else float(f"{value:.5g}") for value in line] for line in grid.values],
        "colorscale": HEAT,
        "zmin": low,
        "zmax": high if high > low else low + 1e-9,
        "showscale": False,
        "xgap": 1 if width <= 60 else 0,
        "ygap": 1 if height <= 60 else 0,
        "hoverongaps": False,
        "hovertemplate": "%{y}<br>%{x}<br><b>%{z}</b><extra></extra>",
    }
    figure: Figure = {"data": [heat], "layout": layout(_height(height))}
    if written:
        heat |= {"text": _written(grid), "texttemplate": "%{text}", "textfont": {"size": 11}}
    else:
        figure["data"].append(_marks(grid))
    figure["layout"]["margin"] = {"l": 112, "r": 8, "t": 4, "b": 48}
    figure["layout"]["xaxis"] = _category_axis(
        grid.intervals, grid.starts, 12, title="interval, by its start (UTC)", tickangle=0, range=[-0.5, width - 0.5]
    )
    figure["layout"]["xaxis"]["ticktext"] = _years_once(figure["layout"]["xaxis"]["ticktext"])
    figure["layout"]["yaxis"] = _category_axis(grid.models, grid.short_models, 14, range=[height - 0.5, -0.5])
    return figure


def _height(rows: int) -> int:
    return 58 + max(_ROW * min(rows, 14) + 8 * max(0, min(rows, 50) - 14), 34)


def _written(grid: Matrix) -> list[list[str]]:
    """What stands in the cells of a small matrix: the value, with a dot for the active model."""
    return [
        ["" if np.isnan(value) else f"{value:.3f}" + (" ●" if grid.active[column] == row else "")
         for column, value in enumerate(line)]
        for row, line in enumerate(grid.values)
    ]  # fmt: skip


def _marks(grid: Matrix) -> Figure:
    columns = np.flatnonzero(grid.active >= 0)
    fine = len(grid.intervals) > 60
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [grid.intervals[column] for column in columns],
        "y": [grid.models[grid.active[column]] for column in columns],
        "marker": {
            "size": 3 if fine else 6,
            "color": "var(--mark)",
            "line": {"color": "var(--mark-edge)", "width": 0 if fine else 1},
        },
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _category_axis(names: list[str], shown: list[str], most: int, title: str = "", **more: Any) -> Figure:
    """An axis over categories of which at most `most` are labelled."""
    step = -(-len(names) // most)
    ticks = {"tickmode": "array", "tickvals": names[::step], "ticktext": shown[::step]}
    return axis(title, type="category", showgrid=False, ticks="", automargin=False, **ticks, **more)


def _years_once(days: list[str]) -> list[str]:
    """Days as month and day, with the year below where it is a new one: short enough to stay level."""
    result, year = [], ""
    for day in days:
        parts = day.split("-")
        if len(parts) != 3:
            result.append(day)
        else:
            result.append(f"{parts[1]}-{parts[2]}" + (f"<br>{parts[0]}" if parts[0] != year else ""))
            year = parts[0]
    return result


def _model_labels(run: RunData, models: npt.NDArray[np.int64]) -> tuple[list[str], list[str]]:
    """Names of models, long for hovering and short for the axis."""
    trigger_of = dict(zip(run.models["model"], run.models["trigger"], strict=True))
    last_of = dict(zip(run.triggers["trigger"], run.triggers["last_timestamp"], strict=True))
    long, short = [], []
    for model in models.tolist():
        trigger = trigger_of.get(model)
        last = last_of.get(trigger)
        text = f"model {model}" + ("" if trigger is None else f" (trigger {trigger})")
        known = last is not None and not pd.isna(last)
        long.append(text + (f", data to {units.moment(last)}" if known else ""))
        short.append(f"{model} · {units.moment(last)[:10]}" if known else f"model {model}")
    return long, short


def _block(size: int, most: int) -> int:
    return -(-size // most) if size else 1


def _block_means(values: npt.NDArray[np.float64], block: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Mean of each block, over the cells that have data; NaN where none has."""
    if block == (1, 1):
        return values
    known = ~np.isnan(values)
    sums, counts = np.where(known, values, 0.0), known.astype(np.float64)
    for dimension, size in enumerate(block):
        cuts = np.arange(0, values.shape[dimension], size)
        sums, counts = (np.add.reduceat(array, cuts, axis=dimension) for array in (sums, counts))
    means: npt.NDArray[np.float64] = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    return means


def _spanned(names: list[str], block: int) -> list[str]:
    """Names of blocks: the first and the last of what is in them."""
    if block == 1:
        return names
    groups = [names[start : start + block] for start in range(0, len(names), block)]
    return [group[0] if len(group) == 1 else f"{group[0]} … {group[-1]}" for group in groups]


def _unique(names: list[str]) -> list[str]:
    """The names, with a number after each repetition: an axis would merge equal ones."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return result
