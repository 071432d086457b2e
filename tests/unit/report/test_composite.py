from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modyn.report.composite import Measure, common_intervals, mean, measures, overlapping, rows_of, span, stitch
from modyn.report.frames import conform

from .runs import EVALUATION_COLUMNS, MONTH, START, replayed

MEASURE = Measure("by-month", "flights", "ROC-AUC")


Cell = tuple[int, int, float | None, bool, bool]
Bounds = dict[int, tuple[int | None, int | None]]


def evaluations(*cells: Cell, bounds: Bounds | None = None) -> pd.DataFrame:
    """Cells are (model, interval index, value, active, trained); intervals are [10 i, 10 i + 10) unless given."""
    rows = []
    for model, index, value, active, trained in cells:
        start, end = (bounds or {}).get(index, (10 * index, 10 * index + 10))
        rows.append(["h", "after_pipeline", "d", model, model, index, start, end, active, trained, 5, "m", value])
    frame = pd.DataFrame(rows, columns=EVALUATION_COLUMNS)
    return frame.astype({"interval_start": "Int64", "interval_end": "Int64", "value": "float64"})


def test_each_interval_takes_the_value_of_its_flagged_model():
    table = evaluations(
        (0, 0, 0.1, False, True), (1, 0, 0.2, False, False),
        (0, 1, 0.3, True, False), (1, 1, 0.4, False, True),
        (0, 2, 0.5, False, False), (1, 2, 0.6, True, True),
    )  # fmt: skip
    assert stitch(table, "currently_active")["value"].fillna(-1).tolist() == [-1, 0.3, 0.6]
    assert stitch(table, "currently_active")["model"].fillna(-1).tolist() == [-1, 0, 1]
    assert stitch(table, "currently_trained")["value"].tolist() == [0.1, 0.4, 0.6]


def test_of_several_flagged_models_the_newest_counts():
    table = evaluations((2, 0, 0.2, True, False), (1, 0, 0.9, True, False))
    assert stitch(table, "currently_active")["value"].tolist() == [0.2]


def test_no_data_stays_no_data_and_is_not_part_of_the_mean():
    series = stitch(evaluations((0, 0, 0.5, True, True), (0, 1, None, True, True)), "currently_active")
    assert np.isnan(series["value"][1])
    result = mean(series)
    assert (result.value, result.intervals, result.total) == (0.5, 1, 2)
    assert mean(series[1:]).value is None


def test_intervals_of_equal_bounds_but_different_index_stay_apart():
    table = evaluations((0, 0, 0.1, True, True), (0, 1, 0.2, True, True), bounds={0: (0, 5), 1: (0, 5)})
    assert stitch(table, "currently_active")["value"].tolist() == [0.1, 0.2]


def test_open_intervals_are_kept_and_open_starts_come_first():
    table = evaluations((0, 1, 0.1, True, True), (0, 0, 0.2, True, True), (0, 2, 0.3, True, True),
                        bounds={0: (5, 9), 1: (None, 5), 2: (9, None)})  # fmt: skip
    series = stitch(table, "currently_active")
    assert series["value"].tolist() == [0.1, 0.2, 0.3]
    assert overlapping(series)
    assert span(series) == (None, None)


def test_runs_are_compared_over_the_intervals_that_all_of_them_have_data_for():
    early = stitch(evaluations((0, 0, 0.9, True, True), (0, 1, 0.5, True, True)), "currently_active")
    late = stitch(evaluations((0, 1, 0.6, True, True), (0, 2, 0.1, True, True)), "currently_active")
    only = common_intervals([early, late])
    assert (mean(early, only).value, mean(late, only).value) == (0.5, 0.6)
    assert span(early, only) == (10, 20)


def test_consecutive_intervals_do_not_overlap_and_sliding_ones_do():
    cells = [(0, index, 0.5, True, True) for index in range(3)]
    assert not overlapping(stitch(evaluations(*cells), "currently_active"))
    sliding = {index: (10 * index, 10 * index + 15) for index in range(3)}
    assert overlapping(stitch(evaluations(*cells, bounds=sliding), "currently_active"))


def test_an_empty_table_gives_empty_series():
    empty = conform(replayed(trigger_months=())).evaluations
    assert measures(empty) == []
    series = stitch(rows_of(empty, MEASURE), "currently_active")
    assert series.empty
    assert mean(series).value is None
    assert common_intervals([]) == set()


@given(months=st.integers(1, 14), fired=st.sets(st.integers(1, 13)))
def test_the_active_model_of_a_replay_is_the_newest_from_before_the_interval(months: int, fired: set[int]):
    run = conform(replayed(months=14, trigger_months=tuple(sorted(fired)), intervals=months))
    series = stitch(rows_of(run.evaluations, MEASURE), "currently_active")
    if not fired:
        assert series.empty
        return
    assert len(series) == months
    for month, model in enumerate(series["model"]):
        earlier = sum(one <= month for one in fired)
        assert (pd.isna(model) and earlier == 0) or model == earlier - 1
    assert series["interval_start"].tolist() == [START + month * MONTH for month in range(months)]


@pytest.mark.parametrize("handlers", [("a",), ("a", "b")])
def test_measures_are_listed_in_order_of_appearance(handlers: tuple[str, ...]):
    run = replayed(months=3, handlers=handlers, metrics=("Accuracy", "ROC-AUC"))
    assert measures(run.evaluations) == [Measure(h, "flights", m) for h in handlers for m in ("Accuracy", "ROC-AUC")]
