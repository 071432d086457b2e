"""Composite models: what a user of the pipeline would have got, stitched from many models.

A pipeline trains a model again and again. Judged interval by interval, the model in use changes: the
*currently active* model of an interval is the newest one trained on data wholly before it, the
*currently trained* one its successor (Böther et al., "Modyn", SIGMOD 2025). Stitching the values of these
models over the intervals gives one series per run, which is what runs are compared by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

Which = Literal["currently_active", "currently_trained"]
# What makes an interval the same one in two runs. The index keeps intervals apart that clamping made equal.
INTERVAL = ["interval_index", "interval_start", "interval_end"]
_BOUNDS = ["interval_start", "interval_end"]


@dataclass(frozen=True, order=True)
class Measure:
    """One thing that was measured: a metric, on a dataset, by an evaluation handler."""

    handler: str
    dataset: str
    metric: str


@dataclass(frozen=True)
class Mean:
    """Mean of a composite series; `value` is None if no interval has data.

    `intervals` counts the intervals that the mean is over, `total` those that were asked for.
    """

    value: float | None
    intervals: int
    total: int


def measures(evaluations: pd.DataFrame) -> list[Measure]:
    """All measures of an evaluation table, in order of first appearance."""
    found = evaluations[["handler", "dataset", "metric"]].drop_duplicates()
    return [Measure(str(h), str(d), str(m)) for h, d, m in found.itertuples(index=False)]


def rows_of(evaluations: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """The rows of one measure."""
    chosen = (
        (evaluations["handler"] == measure.handler)
        & (evaluations["dataset"] == measure.dataset)
        & (evaluations["metric"] == measure.metric)
    )
    return evaluations[chosen]


def stitch(rows: pd.DataFrame, which: Which) -> pd.DataFrame:
    """One row per interval: the value of the model that was active (or trained) in it.

    Args:
        rows: the evaluation rows of one measure, see `rows_of`.
        which: the flag that picks the model.

    Returns:
        Columns interval_index, interval_start, interval_end, model, trigger, samples, value; ordered by time, open
        starts first. An interval in which no model was active has <NA> as model and NaN as value. Of several
        flagged models the newest counts.
    """
    intervals = rows[INTERVAL].drop_duplicates()
    chosen = rows.loc[rows[which].fillna(False).astype(bool), [*INTERVAL, "model", "trigger", "samples", "value"]]
    chosen = chosen.sort_values("model", kind="stable").drop_duplicates(INTERVAL, keep="last")
    series = intervals.merge(chosen, on=INTERVAL, how="left")
    series = series.astype({"model": "Int64", "trigger": "Int64", "samples": "Int64", "value": "float64"})
    order = ["interval_start", "interval_end", "interval_index"]
    return series.sort_values(order, na_position="first", kind="stable", ignore_index=True)


def common_intervals(series: Sequence[pd.DataFrame]) -> set[tuple[Any, ...]]:
    """Keys of the intervals for which every one of the series has a value."""
    sets = [set(_keys(one[one["value"].notna()])) for one in series]
    return set.intersection(*sets) if sets else set()


def mean(series: pd.DataFrame, only: set[tuple[Any, ...]] | None = None) -> Mean:
    """Mean over the intervals with data; each interval counts once.

    Args:
        series: a stitched series.
        only: if given, keys from `common_intervals`: all others are left out.
    """
    values = series["value"].to_numpy(np.float64)
    if only is not None:
        values = values[np.fromiter((key in only for key in _keys(series)), bool, len(series))]
    finite = values[~np.isnan(values)]
    return Mean(float(finite.mean()) if len(finite) else None, len(finite), len(values))


def span(series: pd.DataFrame, only: set[tuple[Any, ...]] | None = None) -> tuple[int | None, int | None]:
    """First start and last end of the intervals that `mean` is over; None if open or if there are none."""
    kept = series[series["value"].notna()]
    if only is not None:
        kept = kept[[key in only for key in _keys(kept)]]
    if kept.empty or kept[_BOUNDS].isna().to_numpy().any():
        return None, None
    return int(kept["interval_start"].min()), int(kept["interval_end"].max())


def overlapping(series: pd.DataFrame) -> bool:
    """Whether some of the intervals share time, or are open: such a series has no value per moment."""
    if series[_BOUNDS].isna().to_numpy().any():
        return True
    ordered = series.sort_values(_BOUNDS)
    starts, ends = (ordered[side].to_numpy(np.int64) for side in _BOUNDS)
    return bool((starts[1:] < ends[:-1]).any())


def _keys(series: pd.DataFrame) -> list[tuple[Any, ...]]:
    # <NA> is not equal to itself, so open sides become None.
    columns = [[None if pd.isna(value) else int(value) for value in series[name]] for name in INTERVAL]
    return list(zip(*columns, strict=True))
