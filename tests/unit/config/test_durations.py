"""Durations and offsets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from modyn.config.durations import SECONDS, Duration, Offset, PositiveDuration

NUMBERS = st.integers(0, 10**12)
UNITS = st.sampled_from(sorted(SECONDS))


@given(NUMBERS, UNITS)
def test_a_duration_is_a_number_of_units_and_is_written_as_it_was_read(number: int, unit: str):
    adapter = TypeAdapter(Duration)
    duration = adapter.validate_python(f"{number}{unit}")
    assert duration.seconds == number * SECONDS[unit]
    assert adapter.dump_python(duration, mode="json") == f"{number}{unit}"
    assert adapter.validate_json(adapter.dump_json(duration)) == duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1), ("2m", 120), ("3h", 10800), ("1w", 604800), ("5y", 157680000)]
)
def test_units(text: str, seconds: int):
    assert Duration.parse(text).seconds == seconds


@pytest.mark.parametrize(
    "text", ["", "s", "1.5d", "1 d", "1x", "--1d", "-1d", "+1d", "1D", "1d ", "\u0661d", "1d\n", "1dd"]
)
def test_what_is_no_duration(text: str):
    with pytest.raises(ValidationError, match="is not a duration"):
        TypeAdapter(Duration).validate_python(text)


@pytest.mark.parametrize("value", [30, 1.5, None, True, ["1d"], {}])
def test_a_duration_is_a_string(value: object):
    with pytest.raises(ValidationError, match="such as '30d'"):
        TypeAdapter(Duration).validate_python(value)


@pytest.mark.parametrize(("text", "meant"), [("30 days", "30d"), ("5min", "5m"), ("2 H", "2h"), ("1 week", "1w")])
def test_a_long_unit_is_recognised(text: str, meant: str):
    with pytest.raises(ValidationError, match=f"did you mean '{meant}'"):
        TypeAdapter(Duration).validate_python(text)


@given(UNITS)
def test_what_a_loop_steps_by_is_not_zero(unit: str):
    with pytest.raises(ValidationError, match="no time at all"):
        TypeAdapter(PositiveDuration).validate_python(f"0{unit}")


@given(NUMBERS, UNITS, st.sampled_from(["", "-"]))
def test_an_offset_has_a_sign(number: int, unit: str, sign: str):
    adapter = TypeAdapter(Offset)
    offset = adapter.validate_python(f"{sign}{number}{unit}")
    assert offset.seconds == (-1 if sign else 1) * number * SECONDS[unit]
    assert offset.unbounded is None
    assert adapter.validate_json(adapter.dump_json(offset)) == offset


def test_an_offset_may_be_all_that_comes_before_or_after():
    assert (Offset.parse("-inf").unbounded, Offset.parse("inf").unbounded) == ("past", "future")
    assert Offset.parse("inf").seconds == 0


@pytest.mark.parametrize("text", ["", "+1d", "--1d", "infinity", "+inf", "1", "-d"])
def test_what_is_no_offset(text: str):
    with pytest.raises(ValidationError, match="is not an offset"):
        TypeAdapter(Offset).validate_python(text)
