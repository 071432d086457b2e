"""Numbers as a reader wants them: with units, in UTC, and "no data" where there is none.

Every function takes missing values (`None`, NaN, `pandas.NA`) and returns `NO_DATA` for them.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pandas as pd

NO_DATA = "no data"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
# What datetime can print: years 1 to 9999.
_EARLIEST, _LATEST = -62135596800, 253402300799


def missing(value: Any) -> bool:
    """Whether `value` stands for "no data"."""
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def count(value: Any) -> str:
    """An exact number of things: `336,776`."""
    return NO_DATA if missing(value) else f"{int(value):,}"


def counted(number: int, what: str) -> str:
    """A number of things, of one or of several: `1 sample`, `336,776 samples`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def score(value: Any) -> str:
    """The value of a metric with four significant digits: `0.7012`."""
    if missing(value):
        return NO_DATA
    number = float(value)
    if math.isinf(number):
        return "∞" if number > 0 else "-∞"
    if number != 0 and not 1e-3 <= abs(number) < 1e5:
        return f"{number:.3e}"
    digits = 4 if abs(number) < 1 else max(0, 4 - len(str(int(abs(number)))))
    return f"{number:.{digits}f}"


def duration(seconds: Any) -> str:
    """A time span in the unit that fits: `4.1 ms`, `12.3 s`, `3 min 20 s`, `2 h 05 min`, `30 d`."""
    if missing(seconds):
        return NO_DATA
    value = float(seconds)
    if value == 0:
        return "0 s"
    if value < 0:
        return f"-{duration(-value)}"
    if value < 0.9995:
        return f"{value * 1000:.3g} ms" if value >= 1e-6 else "< 1 µs"
    if value < 99.95:
        return f"{value:.3g} s" if value < 10 else f"{value:.1f} s"
    whole = round(value)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02} s"
    if whole < 2 * _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02} min"
    days, rest = divmod(whole, _DAY)
    return f"{days} d" if rest < _HOUR else f"{days} d {rest // _HOUR} h"


def size(number: Any) -> str:
    """Bytes in binary units: `47.1 KiB`."""
    if missing(number):
        return NO_DATA
    value = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:,.0f} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:,.1f} TiB"


def moment(timestamp: Any) -> str:
    """A time in UTC: the day alone at midnight, else `2013-01-31 06:15` (with seconds if there are any)."""
    if missing(timestamp):
        return NO_DATA
    value = int(timestamp)
    if not _EARLIEST <= value <= _LATEST:
        return f"{value} s"
    when = datetime.fromtimestamp(value, UTC)
    if value % _DAY == 0:
        return f"{when:%Y-%m-%d}"
    return f"{when:%Y-%m-%d %H:%M}" if value % _MINUTE == 0 else f"{when:%Y-%m-%d %H:%M:%S}"


def interval(start: Any, end: Any) -> str:
    """A half-open interval `[start, end)`; a missing side is open."""
    if missing(start) and missing(end):
        return "all time"
    if missing(start):
        return f"before {moment(end)}"
    if missing(end):
        return f"from {moment(start)} on"
    return f"[{moment(start)}, {moment(end)})"
