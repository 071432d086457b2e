"""Storage in this process: datasets of a workspace, read and written by the native library.

The database knows a dataset's name, settings and folder; everything else is in the folder's manifests, which any
process may open. Paths of source files are bytes to the native library and are shown with undecodable bytes escaped.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from sqlalchemy import delete, select

from modyn.errors import ConflictError, DatasetError, ModynError
from modyn.metadata.database import Database
from modyn.metadata.tables import DatasetRow, RunRow
from modyn.storage.api import (
    AppendReceipt,
    CustomFormat,
    DatasetFile,
    DatasetOptions,
    DatasetStatus,
    DeleteSummary,
    Interval,
    Keys,
    Order,
    SampleFormat,
    ScanSummary,
    SingleSample,
    TimestampFrom,
    ViewRef,
)
from modyn.storage.formats import load_format
from modyn.storage.push import Appenders, Integers, Samples, columns_of
from modyn.storage.sample_format import from_json, settings_text, to_json
from modyn.storage.snapshot import Snapshot
from modyn.storage.upkeep import DAY_S, CheckSummary, CollectSummary, check, collect, keep, merge
from modyn.storage.watcher import DatasetWatch

if TYPE_CHECKING:
    from modyn import _native

_log = logging.getLogger(__name__)

_WATCH_LOCK_TIMEOUT_S = 1.0


MAX_NAME_BYTES = 200
"""Of a dataset's name, which is part of its folder's name."""


class LocalView:
    """A view that this process opened itself."""

    def __init__(self, ref: ViewRef) -> None:
        from modyn import _native

        self.ref = ref
        self.native = _native.View.build(_native.Index.open(ref.folder, ref.manifest), ref.order)

    def __len__(self) -> int:
        return len(self.native)

    def keys(self, first: int, count: int) -> Keys:
        return self.native.keys(first, count)

    def timestamps(self, first: int, count: int) -> npt.NDArray[np.int64]:
        return self.native.timestamps(first, count)

    def labels(self, first: int, count: int) -> npt.NDArray[np.int64]:
        return self.native.labels(first, count)

    def position_of_time(self, timestamp: int) -> int:
        return int(self.native.position_of_time(timestamp))


class LocalStorage:
    """The datasets of one workspace.

    Args:
        database: holds names and settings.
        folder: every dataset gets a folder of its own in here.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._appenders = Appenders()

    def add(
        self,
        name: str,
        base_path: Path,
        format: SampleFormat,
        timestamp: TimestampFrom,
        options: DatasetOptions | None = None,
    ) -> DatasetStatus:
        """Register a dataset. Registering it again with equal settings changes nothing but its options, if given.

        Raises:
            DatasetError: the folder does not exist, or the name is taken with other settings.
        """
        base_path = Path(os.path.abspath(base_path))  # noqa: PTH100 - keeps symlinks as the user named them
        if not base_path.is_dir():
            raise DatasetError(f"dataset '{name}': '{base_path}' is not a folder")
        if not _is_name(name):
            raise DatasetError(
                f"dataset name {name!r}: use 1 to {MAX_NAME_BYTES} bytes of printable text, without slashes and "
                "without blanks at its ends"
            )
        settings_text(format, timestamp)  # raises if they do not fit together
        settings = {"base_path": str(base_path), "format": to_json(format), "timestamp": asdict(timestamp)}
        with self._database.transaction() as session:
            row = session.scalar(select(DatasetRow).filter_by(name=name))
            if row is None:
                folder = self._folder / f"{name}-{uuid.uuid4().hex[:8]}"
                folder.mkdir(parents=True)
                row = DatasetRow(name=name, folder=str(folder), created_at=time.time(), options={}, **settings)
                session.add(row)
            else:
                _refuse_changes(name, _settings_of(row), settings)
            if options is not None:
                row.options = asdict(options)
        return self.status(name)

    def names(self) -> list[str]:
        """Registered names in alphabetical order."""
        with self._database.transaction() as session:
            return list(session.scalars(select(DatasetRow.name).order_by(DatasetRow.name)))

    def status(self, name: str) -> DatasetStatus:
        """What is registered, and what waits in quarantine. Raises DatasetError for an unknown name."""
        from modyn import _native

        row = self._row(name)
        index = _native.Index.open(row.folder)
        return _status(row, index.summary, _native.quarantine(row.folder), _native.waiting_samples(index))

    def scan(
        self, name: str, progress: Callable[[int, int], None] | None = None, lock_timeout_s: float = 60.0
    ) -> ScanSummary:
        """Ingest what is new as one commit; `progress(files_done, files_total)` is called now and then.

        Raises:
            DatasetError: unknown name, or the base path has vanished.
            ConflictError: another process is scanning this dataset for more than `lock_timeout_s` seconds.
        """
        from modyn import _native

        row = self._row(name)
        if not Path(row.base_path).is_dir():
            raise DatasetError(f"dataset '{name}': its folder '{row.base_path}' has vanished")
        format, timestamp = from_json(row.format), TimestampFrom(**row.timestamp)
        if isinstance(format, CustomFormat):
            load_format(format.kind)
        report = _native.scan(
            row.folder,
            row.base_path,
            format=settings_text(format, timestamp),
            file_extension=format.file_extension,
            timestamp_source=timestamp.source,
            timestamp_pattern=timestamp.pattern,
            on_change=DatasetOptions(**row.options).on_change,
            lock_timeout_s=lock_timeout_s,
            progress=progress,
        )
        summary = report.summary
        # Without it every commit would leave a segment and a manifest for good. Cheap where there is nothing to do.
        if report.new_samples and merge(row.folder, lock_timeout_s):
            summary = _native.Index.open(row.folder).summary
            self._collect(row, DAY_S)
        return ScanSummary(
            status=_status(row, summary, report),
            new_samples=report.new_samples,
            new_files=report.new_files,
            grown_files=report.grown_files,
            replaced_files=report.replaced_files,
            pushed_samples=report.pushed_samples,
            known_files=report.known_files,
        )

    def append(
        self,
        name: str,
        samples: Samples,
        labels: Integers,
        timestamps: Integers | int | None = None,
        batch_id: str | None = None,
    ) -> AppendReceipt:
        """Push samples; durable when it returns, visible from the next scan on, or when their log is full.

        See `Datasets.append` for the arguments and errors.
        """
        row = self._row(name)
        sample_size = from_json(row.format).sample_size
        columns = columns_of(name, samples, labels, timestamps, sample_size)
        receipt = self._appenders.of(Path(row.folder), sample_size).append(
            columns.data, columns.labels, columns.timestamps, columns.lengths, batch_id
        )
        if receipt.log_is_full:
            self._seal_full_log(row)
        return AppendReceipt(receipt.batch_id, receipt.samples, receipt.duplicate)

    def watch(self, name: str, scan_interval_s: float | None = None, min_interval_s: float = 1.0) -> DatasetWatch:
        """What keeps a dataset up to date once it is started.

        Args:
            name: the dataset.
            scan_interval_s: seconds between two scans at most; the dataset's own if None.
            min_interval_s: seconds between two scans that changes ask for, at least.

        Raises:
            DatasetError: unknown name.
            ValueError: an interval that is none.
        """
        from modyn import _native

        row = self._row(name)
        folders = [
            _native.WatchedFolder(row.base_path, excluded=row.folder),
            _native.WatchedFolder(Path(row.folder) / "pushed", ending=".log"),
        ]
        watcher = _native.Watcher(folders, min_interval_s=min_interval_s)
        if scan_interval_s is None:
            scan_interval_s = DatasetOptions(**row.options).scan_interval_s
        # Another process that scans is not waited for: the watch could not be stopped meanwhile.
        return DatasetWatch(lambda progress: self.scan(name, progress, _WATCH_LOCK_TIMEOUT_S), watcher, scan_interval_s)

    def pin(self, name: str, order: Order = "time", manifest: int | None = None) -> ViewRef:
        """The newest manifest, or the one with this number, as a reference for `open_view`.

        What was pushed before belongs to the newest, unless somebody is scanning at this moment.

        Raises:
            DatasetError: unknown name.
            CorruptFileError: what was pushed is damaged.
        """
        from modyn import _native

        row = self._row(name)
        folder = Path(row.folder)
        if manifest is None:
            index = _native.Index.open(folder)
            manifest = index.summary.manifest
            if _native.waiting_samples(index):
                manifest = self._seal(row, manifest)
        return ViewRef(dataset=name, folder=folder, root=Path(row.base_path), manifest=manifest, order=order)

    def open_view(self, ref: ViewRef) -> LocalView:
        """Open a pinned view."""
        return LocalView(ref)

    def keep(self, name: str, manifest: int, run: str) -> None:
        """Keep a manifest for a run as long as the dataset lives, whatever is collected."""
        keep(self._row(name).folder, manifest, run)

    def check(self, name: str, progress: Callable[[int, int], object] | None = None) -> CheckSummary:
        """Check every checksum, extent and source file; `progress(done, total)` is called now and then.

        Raises:
            DatasetError: unknown name.
        """
        row = self._row(name)
        return check(row.folder, Path(row.base_path), from_json(row.format).file_extension, progress)

    def collect(self, name: str, grace_s: float = DAY_S) -> CollectSummary:
        """Remove what nobody needs: manifests that are neither the newest nor pinned by a run, and what only they name.

        Args:
            name: the dataset.
            grace_s: a manifest stays for so many seconds after it was the newest.

        Raises:
            DatasetError: unknown name.
            ConflictError: another process writes to the dataset for more than a minute.
        """
        return self._collect(self._row(name), grace_s)

    def _collect(self, row: DatasetRow, grace_s: float) -> CollectSummary:
        with self._database.transaction() as session:
            needed = [(run.name, run.pins[row.name]) for run in session.scalars(select(RunRow)) if row.name in run.pins]
        return collect(row.folder, grace_s, needed)

    def snapshot(self, name: str, manifest: int | None = None) -> Snapshot:
        """The newest manifest, or the one with this number, to ask about its samples.

        Raises:
            DatasetError: unknown name.
        """
        row = self._row(name)
        return Snapshot(Path(row.folder), Path(row.base_path), manifest)

    def delete_samples(self, name: str, keys: npt.ArrayLike) -> DeleteSummary:
        """Delete samples from the next manifest on; source files and pinned manifests stay as they are.

        Raises:
            DatasetError: unknown name.
            UnknownKeyError: a key that no sample ever had; then nothing is deleted.
            ConflictError: another process writes to the dataset for more than a minute.
        """
        from modyn import _native

        report = _native.delete_samples(self._row(name).folder, np.asarray(keys, dtype=np.int64))
        return DeleteSummary(report.manifest, report.deleted, report.already_deleted)

    def delete(self, name: str) -> None:
        """Forget a dataset: its index, and what was pushed to it.

        The files below its base path are removed only if it was registered with `owns_files`. Called again after a
        crash in its middle, it goes on.

        Raises:
            DatasetError: unknown name, or a run that has not ended needs it.
        """
        row = self._row(name)
        self._refuse_while_needed(name)
        if DatasetOptions(**row.options).owns_files:
            _remove_source_files(Path(row.folder), Path(row.base_path), from_json(row.format))
        with self._database.transaction() as session:
            session.execute(delete(DatasetRow).filter_by(name=name))
        self._appenders.forget(Path(row.folder))
        shutil.rmtree(row.folder)

    def _refuse_while_needed(self, name: str) -> None:
        with self._database.transaction() as session:
            open_runs = [
                row.name for row in session.scalars(select(RunRow)) if row.state != "done" and name in row.pins
            ]
        if open_runs:
            raise DatasetError(
                f"dataset '{name}' is needed by {', '.join(open_runs)}; `modyn resume` brings that to its end"
            )

    def _seal(self, row: DatasetRow, manifest: int) -> int:
        from modyn import _native

        format, timestamp = from_json(row.format), TimestampFrom(**row.timestamp)
        if isinstance(format, CustomFormat):
            load_format(format.kind)
        try:
            return _native.seal(row.folder, format=settings_text(format, timestamp), lock_timeout_s=0).manifest
        except ConflictError:
            return manifest  # whoever has the lock seals

    def _seal_full_log(self, row: DatasetRow) -> None:
        """So that whoever opens the dataset next has little to seal; nothing is lost where it cannot be done now."""
        try:
            self._seal(row, 0)
            merge(row.folder, lock_timeout_s=0)
        except (ModynError, OSError) as error:
            # The samples are durable, as the caller asked; a scan tries again, and reports what is wrong.
            _log.warning("dataset '%s': what was pushed could not be sealed yet: %s", row.name, error)

    def _row(self, name: str) -> DatasetRow:
        with self._database.transaction() as session:
            row = session.scalar(select(DatasetRow).filter_by(name=name))
            if row is None:
                known = ", ".join(session.scalars(select(DatasetRow.name).order_by(DatasetRow.name))) or "none"
                raise DatasetError(f"dataset '{name}' is not registered (registered: {known}); use `modyn dataset add`")
            return row


def _is_name(name: str) -> bool:
    if not name or name != name.strip() or "/" in name or not name.isprintable():
        return False
    return len(name.encode()) <= MAX_NAME_BYTES


def _remove_source_files(folder: Path, root: Path, format: SampleFormat) -> None:
    """The files that the newest manifest knows, and the labels beside them."""
    from modyn import _native

    index = _native.Index.open(folder)
    for number in range(index.source_files):
        file = index.source_file(number)
        if file.owned:
            continue
        path = root / os.fsdecode(file.path)
        path.unlink(missing_ok=True)
        if isinstance(format, SingleSample):
            text = str(path).removesuffix(format.file_extension) + format.label_file_extension
            Path(text).unlink(missing_ok=True)


def _settings_of(row: DatasetRow) -> dict[str, object]:
    """As they would be written today: earlier versions left out what they did not know."""
    return {
        "base_path": row.base_path,
        "format": to_json(from_json(row.format)),
        "timestamp": asdict(TimestampFrom(**row.timestamp)),
    }


def _refuse_changes(name: str, old: Mapping[str, object], new: Mapping[str, object]) -> None:
    changes = [f"{key} is {old[key]!r}, asked for {new[key]!r}" for key in new if old[key] != new[key]]
    if changes:
        raise DatasetError(
            f"dataset '{name}' is registered with other settings: {'; '.join(changes)}; choose another name"
        )


def _status(
    row: DatasetRow, summary: _native.IndexSummary, lists: _native.QuarantineList | _native.ScanReport, waiting: int = 0
) -> DatasetStatus:
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
