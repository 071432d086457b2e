"""Times on the command line: Unix seconds, or an ISO date or time in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import typer


def parse_timestamp(text: str) -> int:
    """Unix seconds of `1356998400`, `2013-01-01`, `2013-01-01T06:30` or `2013-01-01T06:30:00+01:00`.

    Raises:
        typer.BadParameter: the text is none of these.
    """
    if re.fullmatch(r"-?\d{1,18}", text) and not re.fullmatch(r"\d{8}", text):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"'{text}' is no time, expected Unix seconds (1356998400) or a UTC date or time "
            "(2013-01-01, 2013-01-01T06:30)"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if moment.microsecond:
        raise typer.BadParameter(f"'{text}' is finer than a second, which timestamps are not")
    return int(moment.timestamp())
