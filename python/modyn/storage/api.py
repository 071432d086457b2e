"""Storage: what the other components may know of datasets.

Times are int64 Unix seconds and every interval is half-open. Positions count samples in a view,
an immutable order of one pinned manifest; keys identify samples in their dataset.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.int64]
_DAY_S = 86_400

Order = Literal["time", "sequence"]


@dataclass(frozen=True)
class Interval:
    """Half-open time interval `[start, end)` in Unix seconds; `None` leaves a side open."""

    start: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class FixedRecord:
    """Records of one size, each with an integer label inside; the sample is the rest.

    Sizes and offsets are in bytes.
    """

    record_size: int
    label_size: int
    label_offset: int = 0
    byteorder: Literal["little", "big"] = "little"
    label_signed: bool = False
    file_extension: str = ".bin"

    @property
    def sample_size(self) -> int:
        """Bytes of a sample: the record without its label."""
        return self.record_size - self.label_size


@dataclass(frozen=True)
class TimestampFrom:
    """Where a sample's timestamp comes from.

    `source` "mtime" takes the file's modification time; "filename" finds `pattern` (strptime
    directives %Y %m %d %H %M %S %s, UTC) in the file's name.
    """

    source: Literal["mtime", "filename"] = "mtime"
    pattern: str = ""


@dataclass(frozen=True)
class ViewRef:
    """All that another process needs to open a view: it reads the files itself."""

    dataset: str
    folder: Path
    root: Path
    manifest: int
    order: Order = "time"


@dataclass(frozen=True)
class DatasetFile:
    """A file that waits in quarantine, or a known one whose ingested bytes changed."""

    path: str
    reason: str


@dataclass(frozen=True)
class DatasetStatus:
    """What is registered for a dataset, and what could not be."""

    name: str
    base_path: Path
    format: FixedRecord
    timestamp: TimestampFrom
    manifest: int
    samples: int
    files: int
    interval: Interval  # first and last timestamp + 1; empty sides if there are no samples
    quarantined: tuple[DatasetFile, ...] = ()
    conflicts: tuple[DatasetFile, ...] = ()

    @property
    def all_within_a_day(self) -> bool:
        """Whether the timestamps of several files lie within a day, as those of a copied folder do."""
        start, end = self.interval.start, self.interval.end
        return self.files > 1 and start is not None and end is not None and end - start <= _DAY_S


@dataclass(frozen=True)
class ScanSummary:
    """What one scan found."""

    status: DatasetStatus
    new_samples: int
    new_files: int
    grown_files: int
    known_files: int


class View(Protocol):
    """An immutable order of the samples of one pinned manifest."""

    ref: ViewRef

    def __len__(self) -> int: ...

    def keys(self, first: int, count: int) -> Keys:
        """int64[count] keys of positions [first, first + count)."""
        ...

    def timestamps(self, first: int, count: int) -> npt.NDArray[np.int64]:
        """int64[count] Unix seconds."""
        ...

    def labels(self, first: int, count: int) -> npt.NDArray[np.int64]:
        """int64[count] labels."""
        ...

    def position_of_time(self, timestamp: int) -> int:
        """The number of samples with a smaller timestamp."""
        ...


class Storage(Protocol):
    """Datasets of one workspace."""

    def add(self, name: str, base_path: Path, format: FixedRecord, timestamp: TimestampFrom) -> DatasetStatus:
        """Register a dataset; raises DatasetError if the name exists with other settings."""
        ...

    def names(self) -> list[str]: ...

    def status(self, name: str) -> DatasetStatus: ...

    def scan(self, name: str, progress: Callable[[int, int], None] | None = None) -> ScanSummary:
        """Ingest what is new; `progress(files_done, files_total)` is called now and then."""
        ...

    def pin(self, name: str, order: Order = "time", manifest: int | None = None) -> ViewRef:
        """The newest manifest, or a certain one, as a reference for `open_view`."""
        ...

    def open_view(self, ref: ViewRef) -> View: ...
