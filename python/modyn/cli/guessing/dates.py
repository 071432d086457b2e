"""When the samples of a file arrived: a date in its name, or its modification time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from modyn.cli.guessing.guess import Guess
from modyn.cli.guessing.survey import DataFile
from modyn.errors import DatasetError

_DAY_S = 86_400
# The more precise first: a date of 8 digits is also found in a time of 14.
_PATTERNS = (
    "%Y-%m-%dT%H-%M-%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d_%H-%M-%S", "%Y-%m-%d %H-%M-%S", "%Y-%m-%dT%H%M%S",
    "%Y-%m-%d_%H%M%S", "%Y%m%dT%H%M%S", "%Y%m%d_%H%M%S", "%Y%m%d-%H%M%S", "%Y%m%d%H%M%S",
    "%Y-%m-%dT%H-%M", "%Y-%m-%d_%H-%M", "%Y%m%d_%H%M", "%Y%m%d%H%M", "%Y-%m-%dT%H", "%Y-%m-%d_%H", "%Y%m%d%H",
    "%Y-%m-%d", "%Y_%m_%d", "%Y.%m.%d", "%d-%m-%Y", "%d.%m.%Y", "%s", "%Y%m%d", "%Y-%m", "%Y_%m", "%Y%m", "%Y",
)  # fmt: skip
_DIRECTIVES = {"%Y": r"(?P<Y>\d{4})", "%s": r"(?P<s>\d{9,10})"} | {f"%{key}": rf"(?P<{key}>\d\d)" for key in "mdHMS"}


@dataclass(frozen=True)
class Times:
    """Where timestamps come from, and what they are.

    Attributes:
        pattern: of the date in file names; None for modification times.
        first: the earliest timestamp (Unix seconds).
        last: the latest.
    """

    pattern: str | None
    first: int
    last: int

    @property
    def within_a_day(self) -> bool:
        """Whether there is hardly any time between the files."""
        return self.last - self.first <= _DAY_S


def guess_times(files: Sequence[DataFile], use_names: bool | None, pattern: str | None) -> Guess[Times]:
    """Find the timestamps.

    Args:
        files: all data files.
        use_names: whether to look at names, if the user has said it.
        pattern: given by the user.

    Raises:
        DatasetError: the user wants dates from names, and they have none.
    """
    if use_names is not False:
        for candidate in (pattern,) if pattern is not None else _PATTERNS:
            times = _times(files, candidate)
            if times is not None and (pattern is not None or _sensible(times, len(files))):
                why = f"every file name has such a date, as '{files[0].path.name}'"
                return Guess("time", times, "given" if pattern else "likely", why)
        if use_names or pattern is not None:
            wanted = f"'{pattern}'" if pattern is not None else "a date that this command knows"
            without = next((file for file in files if pattern and _moment(file, _compiled(pattern)) is None), files[0])
            raise DatasetError(
                f"not every file name holds {wanted}, such as '{without.path.name}'; pass another --timestamp-pattern"
            )
    moments = [file.mtime for file in files]
    times = Times(None, min(moments), max(moments))
    if times.within_a_day and len(files) > 1:
        why = "no date in file names, and all modification times lie within a day: copying a folder loses them"
        return Guess("time", times, "unsure", why)
    given = use_names is False
    return Guess("time", times, "given" if given else "likely", "modification times of the files")


def _times(files: Sequence[DataFile], pattern: str) -> Times | None:
    compiled = _compiled(pattern)
    moments = []
    for file in files:
        moment = _moment(file, compiled)
        if moment is None:
            return None
        moments.append(moment)
    return Times(pattern, min(moments), max(moments))


def _sensible(times: Times, files: int) -> bool:
    """Whether these are dates: they differ, and lie in the years that data come from."""
    # Unix seconds are likely only from the time when programs wrote them.
    years = (1990 if times.pattern == "%s" else 1900, 2100)
    early, late = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in years)
    return early <= times.first <= times.last < late and (files == 1 or times.first < times.last)


def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(%.)", pattern)
    if unknown := next((part for part in parts if re.fullmatch("%.", part) and part not in (*_DIRECTIVES, "%%")), None):
        raise DatasetError(f"--timestamp-pattern has '{unknown}', expected %Y %m %d %H %M %S or %s")
    return re.compile("".join("%" if part == "%%" else _DIRECTIVES.get(part, re.escape(part)) for part in parts))


def _moment(file: DataFile, compiled: re.Pattern[str]) -> int | None:
    match = compiled.search(file.path.name)
    if match is None:
        return None
    found = {key: int(text) for key, text in match.groupdict().items()}
    if "s" in found:
        return found["s"]
    fields = [found.get("Y", 0), found.get("m", 1), found.get("d", 1), *(found.get(key, 0) for key in "HMS")]
    try:
        return int(datetime(*fields, tzinfo=UTC).timestamp())  # type: ignore[arg-type,misc]
    except ValueError:
        return None
