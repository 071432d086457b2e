from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modyn.report import units


@pytest.mark.parametrize("value", [None, float("nan"), pd.NA])
@pytest.mark.parametrize("show", [units.count, units.score, units.duration, units.moment, units.size])
def test_what_is_missing_is_called_no_data(value, show):
    assert show(value) == "no data"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"), (5e-7, "< 1 µs"), (0.0041, "4.1 ms"), (0.9999, "1 s"), (1, "1 s"), (12.34, "12.3 s"),
        (99.97, "1 min 40 s"), (3599.6, "1 h 00 min"), (7500, "2 h 05 min"), (30 * 86400, "30 d"),
        (2 * 86400 + 7200, "2 d 2 h"), (-12, "-12.0 s"),
    ],
)  # fmt: skip
def test_durations_have_the_unit_that_fits(seconds, shown):
    assert units.duration(seconds) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.70123, "0.7012"), (0.0, "0.0000"), (12.3456, "12.35"), (1e-7, "1.000e-07"), (float("inf"), "∞"),
     (-0.5, "-0.5000")],
)  # fmt: skip
def test_scores_have_four_significant_digits(value, shown):
    assert units.score(value) == shown


def test_times_are_utc_and_intervals_half_open():
    assert units.moment(1_356_998_400) == "2013-01-01"
    assert units.moment(1_356_998_400 + 3600) == "2013-01-01 01:00"
    assert units.interval(0, 86_400) == "[1970-01-01, 1970-01-02)"
    assert units.interval(None, 0) == "before 1970-01-01"
    assert units.interval(0, pd.NA) == "from 1970-01-01 on"
    assert units.interval(None, None) == "all time"


@given(st.integers(-(2**62), 2**62))
def test_any_timestamp_can_be_shown(timestamp):
    assert units.moment(timestamp)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_can_be_shown(number):
    assert units.score(number)
    assert units.duration(number)
