"""What there is to say about a dataset."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from modyn.metadata.tables import DatasetRow
from modyn.storage.api import DatasetFile, DatasetOptions, DatasetStatus, Interval, TimestampFrom
from modyn.storage.sample_format import from_json

if TYPE_CHECKING:
    from modyn import _native


def status_of(
    row: DatasetRow, summary: _native.IndexSummary, lists: _native.QuarantineList | _native.ScanReport, waiting: int = 0
) -> DatasetStatus:
    """What is registered, and what the index says of it; `waiting`: pushed samples that are not sealed."""
    interval = Interval(summary.first_timestamp, summary.last_timestamp + 1) if summary.samples else Interval()
    return DatasetStatus(
        name=row.name,
        base_path=Path(row.base_path),
        format=from_json(row.format),
        timestamp=TimestampFrom(**row.timestamp),
        options=DatasetOptions(**row.options),
        manifest=summary.manifest,
        samples=summary.samples,
        deleted=summary.deleted,
        files=summary.files,
        interval=interval,
        quarantined=_files(lists.quarantined),
        conflicts=_files(lists.conflicts),
        waiting=waiting,
    )


def _files(files: list[_native.QuarantinedFile]) -> tuple[DatasetFile, ...]:
    return tuple(DatasetFile(os.fsdecode(file.path), file.reason, file.retry) for file in files)
