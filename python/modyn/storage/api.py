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

from modyn.storage.push import Integers, Samples
from modyn.storage.sample_format import Csv, CustomFormat, FixedRecord, SampleFormat, SingleSample, TimestampFrom

__all__ = [
    "AppendReceipt",
    "Csv",
    "CustomFormat",
    "DatasetFile",
    "DatasetOptions",
    "DatasetStatus",
    "DeleteSummary",
    "FixedRecord",
    "Interval",
    "Keys",
    "Order",
    "SampleFormat",
    "ScanSummary",
    "SingleSample",
    "Storage",
    "TimestampFrom",
    "View",
    "ViewRef",
]

Keys = npt.NDArray[np.int64]
_DAY_S = 86_400

Order = Literal["time", "sequence"]


@dataclass(frozen=True)
class Interval:
    """Half-open time interval `[start, end)` in Unix seconds; `None` leaves a side open."""

    start: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class DatasetOptions:
    """What may change while a dataset lives; its folder, format and source of timestamps may not.

    Attributes:
        on_change: what happens to a file whose ingested bytes changed: "report" lists it as a conflict and leaves its
            samples registered, "replace" deletes them and ingests the file anew.
        owns_files: whether deleting the dataset removes its source files.
        scan_interval_s: seconds between two looks at a folder that cannot tell of its changes, and at most between two
            looks at any folder that is watched.
    """

    on_change: Literal["report", "replace"] = "report"
    owns_files: bool = False
    scan_interval_s: float = 5.0


@dataclass(frozen=True)
class AppendReceipt:
    """A batch of pushed samples that is durable.

    Attributes:
        batch_id: the caller's, or the one that was drawn.
        samples: of the batch.
        duplicate: the batch was there already; nothing was added.
    """

    batch_id: str
    samples: int
    duplicate: bool


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
    """A file that waits in quarantine, or a known one whose ingested bytes changed.

    Attributes:
        path: relative to the dataset's folder.
        reason: what is wrong, and what would be right.
        retry: when it is read again: "always" in every scan, "when_changed" when its content changes.
    """

    path: str
    reason: str
    retry: Literal["always", "when_changed"] = "always"


@dataclass(frozen=True)
class DatasetStatus:
    """What is registered for a dataset, and what could not be."""

    name: str
    base_path: Path
    format: SampleFormat
    timestamp: TimestampFrom
    options: DatasetOptions
    manifest: int
    samples: int
    deleted: int
    files: int
    interval: Interval  # first and last timestamp + 1; empty sides if there are no samples
    quarantined: tuple[DatasetFile, ...] = ()
    conflicts: tuple[DatasetFile, ...] = ()
    waiting: int = 0  # pushed samples that the next scan makes visible

    @property
    def all_within_a_day(self) -> bool:
        """Whether the timestamps of several files lie within a day, as those of a copied folder do."""
        start, end = self.interval.start, self.interval.end
        return self.files > 1 and start is not None and end is not None and end - start <= _DAY_S


@dataclass(frozen=True)
class DeleteSummary:
    """What a deletion of samples did.

    Attributes:
        manifest: the newest one afterwards.
        deleted: samples that are gone from it on.
        already_deleted: of the keys given, those whose samples were deleted before.
    """

    manifest: int
    deleted: int
    already_deleted: int


@dataclass(frozen=True)
class ScanSummary:
    """What one scan found.

    Attributes:
        status: of the dataset after it; its quarantine says what waits.
        new_samples: the pushed ones included.
        new_files: seen for the first time.
        grown_files: known files with new samples at their end.
        known_files: known files without a change.
        replaced_files: known files that changed and were taken anew.
        pushed_samples: that the scan made visible.
    """

    status: DatasetStatus
    new_samples: int
    new_files: int
    grown_files: int
    known_files: int
    replaced_files: int = 0
    pushed_samples: int = 0


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

    def add(
        self,
        name: str,
        base_path: Path,
        format: SampleFormat,
        timestamp: TimestampFrom,
        options: DatasetOptions | None = None,
    ) -> DatasetStatus:
        """Register a dataset; raises DatasetError if the name exists with other settings."""
        ...

    def names(self) -> list[str]: ...

    def status(self, name: str) -> DatasetStatus: ...

    def scan(self, name: str, progress: Callable[[int, int], None] | None = None) -> ScanSummary:
        """Ingest what is new; `progress(files_done, files_total)` is called now and then."""
        ...

    def append(
        self,
        name: str,
        samples: Samples,
        labels: Integers,
        timestamps: Integers | int | None = None,
        batch_id: str | None = None,
    ) -> AppendReceipt:
        """Push samples; durable when it returns, visible from the next scan on."""
        ...

    def keep(self, name: str, manifest: int, run: str) -> None:
        """Keep a manifest for a run, durably, whatever the storage cleans up."""
        ...

    def pin(self, name: str, order: Order = "time", manifest: int | None = None) -> ViewRef:
        """The newest manifest, or a certain one, as a reference for `open_view`."""
        ...

    def open_view(self, ref: ViewRef) -> View: ...
