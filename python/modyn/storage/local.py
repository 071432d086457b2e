"""Storage in this process: datasets of a workspace, read and written by the native library.

The database knows a dataset's name, settings and folder; everything else is in the folder's manifests, which any
process may open. Paths of source files are bytes to the native library and are shown with undecodable bytes escaped.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modyn.errors import DatasetError
from modyn.metadata.database import Database
from modyn.metadata.tables import DatasetRow
from modyn.storage.api import (
    AppendReceipt,
    CustomFormat,
    DatasetOptions,
    DatasetStatus,
    DeleteSummary,
    Order,
    SampleFormat,
    ScanSummary,
    TimestampFrom,
    ViewRef,
)
from modyn.storage.formats import load_format
from modyn.storage.push import Appenders, Integers, Samples, columns_of
from modyn.storage.registry import Registry
from modyn.storage.sample_format import from_json, settings_text
from modyn.storage.sealing import seal, seal_full_log
from modyn.storage.snapshot import Snapshot
from modyn.storage.source_files import remove_source_files
from modyn.storage.status import status_of
from modyn.storage.upkeep import DAY_S, CheckSummary, CollectSummary, check, collect, keep, merge
from modyn.storage.view import LocalView
from modyn.storage.watcher import DatasetWatch

_WATCH_LOCK_TIMEOUT_S = 1.0


class LocalStorage:
    """The datasets of one workspace.

    Args:
        database: holds names and settings.
        folder: every dataset gets a folder of its own in here.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._registry = Registry(database, folder)
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
        self._registry.add(name, base_path, format, timestamp, options)
        return self.status(name)

    def names(self) -> list[str]:
        """Registered names in alphabetical order."""
        return self._registry.names()

    def status(self, name: str) -> DatasetStatus:
        """What is registered, and what waits in quarantine. Raises DatasetError for an unknown name."""
        from modyn import _native

        row = self._registry.row(name)
        index = _native.Index.open(row.folder)
        return status_of(row, index.summary, _native.quarantine(row.folder), _native.waiting_samples(index))

    def scan(
        self, name: str, progress: Callable[[int, int], None] | None = None, lock_timeout_s: float = 60.0
    ) -> ScanSummary:
        """Ingest what is new as one commit; `progress(files_done, files_total)` is called now and then.

        Raises:
            DatasetError: unknown name, or the base path has vanished.
            ConflictError: another process is scanning this dataset for more than `lock_timeout_s` seconds.
        """
        from modyn import _native

        row = self._registry.row(name)
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
            status=status_of(row, summary, report),
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
        row = self._registry.row(name)
        sample_size = from_json(row.format).sample_size
        columns = columns_of(name, samples, labels, timestamps, sample_size)
        receipt = self._appenders.of(Path(row.folder), sample_size).append(
            columns.data, columns.labels, columns.timestamps, columns.lengths, batch_id
        )
        if receipt.log_is_full:
            seal_full_log(row)
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

        row = self._registry.row(name)
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

        row = self._registry.row(name)
        folder = Path(row.folder)
        if manifest is None:
            index = _native.Index.open(folder)
            manifest = index.summary.manifest
            if _native.waiting_samples(index):
                manifest = seal(row) or manifest
        return ViewRef(dataset=name, folder=folder, root=Path(row.base_path), manifest=manifest, order=order)

    def open_view(self, ref: ViewRef) -> LocalView:
        """Open a pinned view."""
        return LocalView(ref)

    def keep(self, name: str, manifest: int, run: str) -> None:
        """Keep a manifest for a run as long as the dataset lives, whatever is collected."""
        keep(self._registry.row(name).folder, manifest, run)

    def check(self, name: str, progress: Callable[[int, int], object] | None = None) -> CheckSummary:
        """Check every checksum, extent and source file; `progress(done, total)` is called now and then.

        Raises:
            DatasetError: unknown name.
        """
        row = self._registry.row(name)
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
        return self._collect(self._registry.row(name), grace_s)

    def _collect(self, row: DatasetRow, grace_s: float) -> CollectSummary:
        return collect(row.folder, grace_s, self._registry.pinned_by_runs(row.name))

    def snapshot(self, name: str, manifest: int | None = None) -> Snapshot:
        """The newest manifest, or the one with this number, to ask about its samples.

        Raises:
            DatasetError: unknown name.
        """
        row = self._registry.row(name)
        return Snapshot(Path(row.folder), Path(row.base_path), manifest)

    def delete_samples(self, name: str, keys: npt.ArrayLike) -> DeleteSummary:
        """Delete samples from the next manifest on; source files and pinned manifests stay as they are.

        Raises:
            DatasetError: unknown name.
            UnknownKeyError: a key that no sample ever had; then nothing is deleted.
            ConflictError: another process writes to the dataset for more than a minute.
        """
        from modyn import _native

        report = _native.delete_samples(self._registry.row(name).folder, np.asarray(keys, dtype=np.int64))
        return DeleteSummary(report.manifest, report.deleted, report.already_deleted)

    def delete(self, name: str) -> None:
        """Forget a dataset: its index, and what was pushed to it.

        The files below its base path are removed only if it was registered with `owns_files`. Called again after a
        crash in its middle, it goes on.

        Raises:
            DatasetError: unknown name, or a run that has not ended needs it.
        """
        row = self._registry.row(name)
        self._registry.refuse_while_needed(name)
        if DatasetOptions(**row.options).owns_files:
            remove_source_files(Path(row.folder), Path(row.base_path), from_json(row.format))
        self._registry.forget(name)
        self._appenders.forget(Path(row.folder))
        shutil.rmtree(row.folder)
