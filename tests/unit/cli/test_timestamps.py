from __future__ import annotations

import pytest
import typer

from modyn.cli.timestamps import parse_timestamp


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1356998400", 1_356_998_400), ("0", 0), ("-5", -5), ("2013-01-01", 1_356_998_400), ("20130101", 1_356_998_400),
        ("2013-01-01T06:30", 1_357_021_800), ("2013-01-01 06:30:00", 1_357_021_800),
        ("2013-01-01T06:30:00Z", 1_357_021_800), ("2013-01-01T06:30:00+01:00", 1_357_018_200),
    ],
)  # fmt: skip
def test_seconds_and_iso_times_are_understood_as_utc(text: str, seconds: int):
    assert parse_timestamp(text) == seconds


@pytest.mark.parametrize("text", ["", "yesterday", "2013-13-01", "1.5", "2013-01-01T00:00:00.5"])
def test_anything_else_is_refused(text: str):
    with pytest.raises(typer.BadParameter):
        parse_timestamp(text)
