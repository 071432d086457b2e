"""The training history of a run: files that hold, by key, what its trainings saw of each sample.

After each trigger whose training recorded it, there is one file of all samples that were ever trained on,
`<run>/history/<trigger>.history`: immutable, checksummed, its keys ascending. The same records give the same bytes, so
a merge that a crash interrupted is done again without a trace. docs/formats.md has the bytes.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from modyn.errors import CorruptFileError, UnsupportedError
from modyn.metadata.history_table import COLUMNS, Column, HistoryTable, Keys
from modyn.models.publish import publish

if TYPE_CHECKING:
    import pandas as pd

HISTORY = "history"
"""Name of the folder of histories in a run's folder."""

Values = npt.NDArray[np.float64]

_MAGIC = b"\x89MODHIS\n"
_VERSION = 1
_START = struct.Struct("<8sIII")  # magic, version, bytes of the header, CRC-32 of the header
_ALIGNMENT = 64
_KEPT = 2


def _deviation(columns: Mapping[str, Column]) -> Column:
    mean = columns["probability_sum"] / columns["seen"]
    deviation: Column = np.sqrt(np.maximum(columns["probability_square_sum"] / columns["seen"] - mean**2, 0))
    return deviation


def _of(name: str) -> Callable[[Mapping[str, Column]], Column]:
    return lambda columns: columns[name]


def _mean(name: str) -> Callable[[Mapping[str, Column]], Column]:
    return lambda columns: columns[name] / columns["seen"]


_VALUES: dict[str, tuple[Callable[[Mapping[str, Column]], Column], tuple[str, ...]]] = {
    "seen": (_of("seen"), ("seen",)),
    "trigger": (_of("trigger"), ("trigger",)),
    "epoch": (_of("epoch"), ("epoch",)),
    "loss": (_of("loss"), ("loss",)),
    "margin": (_of("margin"), ("margin",)),
    "entropy": (_of("entropy"), ("entropy",)),
    "probability": (_of("probability"), ("probability",)),
    "gradient_norm": (_of("gradient_norm"), ("gradient_norm",)),
    "correct": (_of("correct"), ("correct",)),
    "mean_loss": (_mean("loss_sum"), ("loss_sum", "seen")),
    "mean_margin": (_mean("margin_sum"), ("margin_sum", "seen")),
    "mean_probability": (_mean("probability_sum"), ("probability_sum", "seen")),
    "probability_deviation": (_deviation, ("probability_sum", "probability_square_sum", "seen")),
    "forgotten": (_of("forgotten"), ("forgotten",)),
    "first_learned": (_of("first_learned"), ("first_learned",)),
}

VALUES = tuple(_VALUES)
"""What can be looked up.

From the last record: `trigger`, `epoch`, `loss`, `margin`, `entropy`, `probability`, `gradient_norm`, `correct`. Over
all records: `seen`, their number; `mean_loss`; `mean_margin`, the area under the margin (Pleiss et al., NeurIPS 2020);
`mean_probability` and `probability_deviation`, confidence and variability of a dataset's map (Swayamdipta et al., EMNLP
2020); `forgotten`, forgetting events (Toneva et al., ICLR 2019); `first_learned`, the number of the first record that
was right, 0 if none was.
"""


class TrainingHistory:
    """An open file; columns are checked when they are first used.

    Attributes:
        path: the file.
        trigger: number of the last trigger whose training is in it.
    """

    def __init__(self, path: Path, header: Mapping[str, Any], content: npt.NDArray[np.uint8]) -> None:
        self.path = path
        self.trigger: int = header["trigger"]
        self._samples: int = header["samples"]
        self._places = {column["name"]: column for column in header["columns"]}
        self._content = content
        self._columns: dict[str, Column] = {}

    @staticmethod
    def open(path: Path) -> TrainingHistory:
        """Open a file.

        Raises:
            CorruptFileError: it is damaged or not a training history.
            UnsupportedError: a newer version of Modyn wrote it.
        """
        content = np.memmap(path, np.uint8, "r") if path.stat().st_size else np.empty(0, np.uint8)
        return TrainingHistory(path, _header(path, content), content)

    def __len__(self) -> int:
        return self._samples

    @property
    def keys(self) -> Keys:
        """int64 [n], ascending: the samples that were trained on."""
        return self._column("key")

    def lookup(self, keys: Keys, names: Iterable[str] = VALUES) -> dict[str, Values]:
        """What the trainings saw of some samples.

        Args:
            keys: int64 [m], in any order.
            names: some of `VALUES`.

        Returns:
            float64 [m] for each name: NaN for samples that were never trained on, but 0 for `seen`.
        """
        names = tuple(names)
        known = self.keys
        rows = np.searchsorted(known, keys)
        found = np.flatnonzero(np.take(known, rows, mode="clip") == keys) if len(known) else np.empty(0, np.int64)
        looked_up = {}
        columns = {needed: self._column(needed)[rows[found]] for name in names for needed in _VALUES[name][1]}
        for name in names:
            looked_up[name] = np.full(len(keys), 0.0 if name == "seen" else np.nan)
            looked_up[name][found] = _VALUES[name][0](columns)
        return looked_up

    def frame(self) -> pd.DataFrame:
        """One row per sample: its key and all `VALUES`."""
        return _frame(self.table())

    def table(self) -> HistoryTable:
        """All of it."""
        return HistoryTable(self.keys, {name: self._column(name) for name in COLUMNS})

    def _column(self, name: str) -> Column:
        if name not in self._columns:
            place = self._places[name]
            kind = np.dtype(place["type"])
            content = self._content[place["offset"] : place["offset"] + self._samples * kind.itemsize]
            if zlib.crc32(content.data) != place["crc32"]:
                raise CorruptFileError(f"training history {self.path}: column '{name}' fails its checksum", self.path)
            self._columns[name] = content.view(kind)
        return self._columns[name]


class HistoryFolder:
    """The histories of a run.

    Args:
        folder: where they lie; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def merge(self, trigger: int, summary: Path) -> TrainingHistory:
        """Write the history after a trigger: the one before it, followed by what its training has summed up.

        Doing it again gives the same bytes, as long as nothing older has been removed.

        Args:
            trigger: number of the trigger.
            summary: file of the training's own records, as `write_history` wrote it.
        """
        earlier = [number for number in self._triggers() if number < trigger]
        table = TrainingHistory.open(summary).table()
        if earlier:
            table = TrainingHistory.open(self._path(earlier[-1])).table().followed_by(table)
        self._folder.mkdir(exist_ok=True)
        write_history(self._path(trigger), trigger, table)
        return TrainingHistory.open(self._path(trigger))

    def newest(self) -> TrainingHistory | None:
        """The history after the last trigger that has one."""
        triggers = self._triggers()
        return TrainingHistory.open(self._path(triggers[-1])) if triggers else None

    def retain(self) -> None:
        """Remove all but the newest two: nothing but a merge that is done again needs the last but one."""
        for trigger in self._triggers()[:-_KEPT]:
            self._path(trigger).unlink()

    def _triggers(self) -> list[int]:
        return sorted(int(path.stem) for path in self._folder.glob("*.history") if path.stem.isdecimal())

    def _path(self, trigger: int) -> Path:
        return self._folder / f"{trigger:05d}.history"


def empty_frame() -> pd.DataFrame:
    """What `TrainingHistory.frame` would give if nothing had been recorded."""
    return _frame(HistoryTable.empty())


def _frame(table: HistoryTable) -> pd.DataFrame:
    import pandas as pd

    values = {name: value(table.columns) for name, (value, _) in _VALUES.items()}
    return pd.DataFrame({"key": table.keys} | values)


def write_history(path: Path, trigger: int, table: HistoryTable) -> None:
    """Write a table to a file, which is there as a whole or not at all."""
    columns = {"key": table.keys.astype("<i8", copy=False), **{name: table.columns[name] for name in COLUMNS}}
    places: list[dict[str, Any]] = []
    offset = 0
    for name, column in columns.items():
        content = np.ascontiguousarray(column).view(np.uint8)
        places.append({"name": name, "type": column.dtype.str, "offset": offset, "crc32": zlib.crc32(content.data)})
        offset = _aligned(offset + column.nbytes)
    # Offsets count from the first column until the header's own length is known; then their digits may add to it.
    first = 0
    while True:
        placed = [place | {"offset": first + place["offset"]} for place in places]
        header = json.dumps(
            {"trigger": trigger, "samples": len(table), "size": first + offset, "columns": placed},
            separators=(",", ":"),
        ).encode()
        needed = _aligned(_START.size + len(header))
        if needed <= first:
            break
        first = needed
    with publish(path) as temporary, temporary.open("wb") as file:
        file.write(_START.pack(_MAGIC, _VERSION, len(header), zlib.crc32(header)) + header)
        for place, column in zip(placed, columns.values(), strict=True):
            file.write(bytes(place["offset"] - file.tell()))
            file.write(np.ascontiguousarray(column).data)
        file.write(bytes(first + offset - file.tell()))


def _header(path: Path, content: npt.NDArray[np.uint8]) -> Mapping[str, Any]:
    start = content[: _START.size].tobytes()
    if len(start) < _START.size or not start.startswith(_MAGIC):
        raise CorruptFileError(f"{path} is not a training history", path)
    _, version, length, checksum = _START.unpack(start)
    if version > _VERSION:
        raise UnsupportedError(f"training history {path} has version {version}; this Modyn reads up to {_VERSION}")
    text = content[_START.size : _START.size + length].tobytes()
    if zlib.crc32(text) != checksum:
        raise CorruptFileError(f"training history {path}: the header fails its checksum", path)
    header: Mapping[str, Any] = json.loads(text)
    if header["size"] != len(content):
        raise CorruptFileError(
            f"training history {path} has {len(content):,} bytes, not the {header['size']:,} that were written", path
        )
    return header


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
