"""The workspace: one folder with everything that Modyn keeps, and the calls that the CLI makes too."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import numpy.typing as npt
from sqlalchemy import func, select

from modyn.config import PipelineConfig, load_pipeline, load_system
from modyn.errors import RunError
from modyn.metadata.database import Database
from modyn.metadata.journal import Journal
from modyn.metadata.records import Records
from modyn.metadata.tables import RunRow
from modyn.model_storage.local import LocalModelStorage
from modyn.run import Run
from modyn.storage.api import (
    AppendReceipt,
    DatasetOptions,
    DatasetStatus,
    DeleteSummary,
    Interval,
    SampleFormat,
    ScanSummary,
    TimestampFrom,
    View,
)
from modyn.storage.local import LocalStorage
from modyn.storage.push import Integers, Samples
from modyn.storage.snapshot import Snapshot
from modyn.storage.upkeep import DAY_S, CheckSummary, CollectSummary
from modyn.storage.watcher import DatasetWatch
from modyn.supervisor.context import RunContext
from modyn.supervisor.datasets import check_registered, register_datasets, used_datasets
from modyn.supervisor.environment import describe_environment
from modyn.supervisor.events import EventLog
from modyn.supervisor.execution import Execution
from modyn.supervisor.lease import Lease
from modyn.supervisor.support import check_supported


class Datasets:
    """The datasets of a workspace."""

    def __init__(self, storage: LocalStorage) -> None:
        self._storage = storage

    def add(
        self,
        name: str,
        base_path: str | Path,
        format: SampleFormat,
        timestamp: TimestampFrom | None = None,
        options: DatasetOptions | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> DatasetStatus:
        """Register a folder as a dataset and ingest what it holds.

        Raises:
            DatasetError: no such folder, or the name is registered with other settings.
        """
        self._storage.add(name, Path(base_path), format, timestamp or TimestampFrom(), options)
        return self._storage.scan(name, progress).status

    def list(self) -> list[DatasetStatus]:
        """All datasets by name."""
        return [self._storage.status(name) for name in self._storage.names()]

    def status(self, name: str) -> DatasetStatus:
        """One dataset. Raises DatasetError if it is not registered."""
        return self._storage.status(name)

    def scan(self, name: str, progress: Callable[[int, int], None] | None = None) -> ScanSummary:
        """Ingest what is new."""
        return self._storage.scan(name, progress)

    def append(
        self,
        name: str,
        samples: Samples,
        labels: Integers,
        timestamps: Integers | int | None = None,
        batch_id: str | None = None,
    ) -> AppendReceipt:
        """Push samples into a dataset. Durable when it returns; the next scan makes them visible.

        Threads that append at the same time share one flush to disk; processes take turns.

        Args:
            name: the dataset.
            samples: without their labels. Where all have one size (fixed records): bytes with one sample after the
                other, or an array with a sample in each row, of any type. Else an object with the bytes of each.
            labels: one integer for each sample.
            timestamps: Unix seconds, one for each sample or one for all; the time of the call if None.
            batch_id: makes the call repeatable: the same id with the same samples, labels and timestamps adds nothing,
                for as long as the dataset lives. Drawn if None.

        Raises:
            DatasetError: it is not registered.
            ValueError: samples, labels and timestamps do not fit each other, or the dataset.
            TypeError: labels or timestamps are no integers, or samples no bytes.
            ConflictError: the batch id was used for other content, or another process has been appending for a minute.
            OSError: the disk is full, or fails. Nothing was added, unless the same batch id says so when sent again.
            CorruptFileError: what was pushed before is damaged.
        """
        return self._storage.append(name, samples, labels, timestamps, batch_id)

    def watch(self, name: str, scan_interval_s: float | None = None, min_interval_s: float = 1.0) -> DatasetWatch:
        """What keeps a dataset up to date: scans when something changes, and at least every `scan_interval_s` seconds.

        ```python
        with workspace.datasets.watch("flights").start(print):
            ...
        ```

        Args:
            name: the dataset.
            scan_interval_s: the dataset's own (5 seconds, unless it was registered with another) if None.
            min_interval_s: between two scans that changes ask for, at least.

        Raises:
            DatasetError: it is not registered.
            ValueError: an interval that is none.
        """
        return self._storage.watch(name, scan_interval_s, min_interval_s)

    def snapshot(self, name: str, manifest: int | None = None) -> Snapshot:
        """The dataset as its newest manifest has it, or an older one: what is new, in an interval, whose share.

        What is ingested or deleted later does not change it.
        """
        return self._storage.snapshot(name, manifest)

    def delete_samples(self, name: str, keys: npt.ArrayLike) -> DeleteSummary:
        """Delete samples by their keys. Source files, and runs that have pinned the dataset, keep them.

        Raises:
            DatasetError: it is not registered.
            UnknownKeyError: a key that no sample ever had; then nothing is deleted.
        """
        return self._storage.delete_samples(name, keys)

    def check(self, name: str, progress: Callable[[int, int], object] | None = None) -> CheckSummary:
        """Check every checksum and rule of a dataset's index, and every source file against what was ingested of it.

        `progress(done, total)` is called now and then. Raises DatasetError if the dataset is not registered.
        """
        return self._storage.check(name, progress)

    def collect(self, name: str, grace_s: float = DAY_S) -> CollectSummary:
        """Remove from a dataset's folder what neither its newest state nor a run needs. Scans do so by themselves.

        Args:
            name: the dataset.
            grace_s: states stay for so many seconds after they were the newest, for whoever has them in mind.

        Raises:
            DatasetError: it is not registered.
        """
        return self._storage.collect(name, grace_s)

    def delete(self, name: str) -> None:
        """Forget a dataset, with what was pushed to it; its source files only if it owns them (`DatasetOptions`).

        Raises:
            DatasetError: it is not registered, or a run that has not ended needs it.
        """
        self._storage.delete(name)

    def view(self, name: str, manifest: int | None = None) -> View:
        """The samples in the order of their timestamps: keys, timestamps and labels as columns.

        What is ingested later does not change it. `manifest` asks for an older state by its number.
        """
        return self._storage.open_view(self._storage.pin(name, "time", manifest))


class Workspace:
    """A folder with a metadata database, the index of every dataset, and the runs. See `modyn.open`."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(os.path.abspath(path))  # noqa: PTH100 - keeps symlinks as the user named them
        self.path.mkdir(parents=True, exist_ok=True)
        self._database = Database.in_file(self.path / "modyn.sqlite")
        self._database.upgrade()
        self._storage = LocalStorage(self._database, self.path / "datasets")
        self._leases = self.path / "leases"
        self.datasets = Datasets(self._storage)

    def close(self) -> None:
        """Close the database. Runs that this process executes must have ended."""
        self._database.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- runs --------------------------------------------------------------------------------------------------------

    def run(
        self,
        pipeline: str | Path,
        replay: Interval | None = None,
        max_triggers: int | None = None,
        system: str | Path | None = None,
    ) -> Run:
        """Start a pipeline on a thread of this process.

        Args:
            pipeline: the pipeline's YAML file.
            replay: which samples to replay, by timestamp; all by default.
            max_triggers: end the stream after so many triggers; evaluations still follow.
            system: a system file whose datasets are registered if the pipeline uses them (those of the reference system
                declare datasets there).

        Raises:
            ConfigurationError: the file has mistakes; it carries all of them.
            UnsupportedError: the file names something that this version cannot run yet.
            DatasetError: a dataset is not registered, or registered with other settings.
            ConflictError: the pipeline is already running in this workspace.
        """
        replay = replay or Interval()
        if max_triggers is not None and max_triggers < 1:
            raise ValueError(f"max_triggers is {max_triggers}, expected at least 1")
        if replay.start is not None and replay.end is not None and replay.start >= replay.end:
            raise ValueError(f"replay interval [{replay.start}, {replay.end}) is empty")
        file = Path(os.path.abspath(pipeline))  # noqa: PTH100 - keeps symlinks as the user named them
        config = load_pipeline(Path(pipeline))
        check_supported(config)
        lease = Lease(self._leases, config.pipeline.name)
        try:
            if system is not None:
                self._register_system_datasets(Path(system), config)
            register_datasets(config.datasets, file.parent, self._storage)
            check_registered(config, self._storage)
            row = self._new_run(config, file.parent, replay, max_triggers)
            return self._start(row, lease)
        except BaseException:
            lease.release()
            raise

    def resume(self, run: str | None = None) -> Run:
        """Go on with a run that was interrupted, killed, or failed: by id or pipeline name, else the latest such run.

        Raises:
            RunError: there is no such run, or it is done.
            ConflictError: another process is executing it.
        """
        row = self._find(run) if run is not None else self._latest_resumable()
        if row.state == "done":
            raise RunError(f"run '{row.name}' is done; start another with `modyn run`")
        check_supported(PipelineConfig.model_validate(row.config))
        lease = Lease(self._leases, row.pipeline)
        try:
            return self._start(row, lease)
        except BaseException:
            lease.release()
            raise

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        with self._database.transaction() as session:
            rows = list(session.scalars(select(RunRow).order_by(RunRow.id)))
        return [self._as_run(row) for row in rows]

    def find_run(self, name: str) -> Run:
        """A run by id (`flights-monthly-all-2`); a pipeline's name means its newest run. Raises RunError."""
        return self._as_run(self._find(name))

    # -- inside ------------------------------------------------------------------------------------------------------

    def _register_system_datasets(self, system: Path, config: PipelineConfig) -> None:
        used = set(used_datasets(config)) - {dataset.name for dataset in config.datasets}
        declared = [dataset for dataset in load_system(system).storage.datasets if dataset.name in used]
        register_datasets(declared, system.absolute().parent, self._storage)

    def _new_run(
        self, config: PipelineConfig, source_folder: Path, replay: Interval, max_triggers: int | None
    ) -> RunRow:
        seed = config.pipeline.seed
        if seed is None:
            seed = config.training.seed
        if seed is None:
            seed = secrets.randbits(64)
        pipeline = config.pipeline.name
        with self._database.transaction() as session:
            earlier = session.scalar(select(func.count()).select_from(RunRow).filter_by(pipeline=pipeline)) or 0
            row = RunRow(
                name=f"{pipeline}-{earlier + 1}",
                pipeline=pipeline,
                state="running",
                phase="preparing",
                seed=str(seed & 0xFFFF_FFFF_FFFF_FFFF),
                config=config.model_dump(mode="json"),
                source_folder=str(source_folder),
                pins={},
                environment=describe_environment(),
                replay_start=replay.start,
                replay_end=replay.end,
                stream_start=0,
                stream_end=0,
                max_triggers=max_triggers,
                position=0,
                trigger_state={},
                strategy_state={},
                created_at=time.time(),
            )
            session.add(row)
        return row

    def _start(self, row: RunRow, lease: Lease) -> Run:
        from modyn.compute.local import LocalCompute

        folder = self._folder(row)
        folder.mkdir(parents=True, exist_ok=True)
        events = EventLog(row.name, folder / "events.jsonl")
        here = describe_environment()
        for key in ("torch", "machine", "threads"):
            if row.environment[key] != here[key]:
                events.publish(
                    "warning",
                    message=f"the run began with {key} {row.environment[key]}, now it is {here[key]}; "
                    "models may differ in their last bits from those of an undisturbed run",
                )
        context = RunContext(
            name=row.name,
            config=PipelineConfig.model_validate(row.config),
            source_folder=Path(row.source_folder),
            folder=folder,
            seed=int(row.seed),
            threads=int(row.environment["threads"]),
            journal=Journal.take_over(self._database, row.id),
            storage=self._storage,
            compute=LocalCompute(),
            models=LocalModelStorage(folder / "models"),
            events=events,
        )
        execution = Execution(context, lease)
        execution.start()
        return Run(Records(self._database, row.id), folder, self._leases, execution)

    def _folder(self, row: RunRow) -> Path:
        return self.path / "runs" / row.name

    def _as_run(self, row: RunRow) -> Run:
        return Run(Records(self._database, row.id), self._folder(row), self._leases)

    def _find(self, name: str) -> RunRow:
        with self._database.transaction() as session:
            row = session.scalar(select(RunRow).filter_by(name=name)) or session.scalar(
                select(RunRow).filter_by(pipeline=name).order_by(RunRow.id.desc())
            )
            if row is None:
                known = ", ".join(session.scalars(select(RunRow.name).order_by(RunRow.id))) or "none"
                raise RunError(f"no run or pipeline is called '{name}' in '{self.path}' (runs: {known})")
            return row

    def _latest_resumable(self) -> RunRow:
        with self._database.transaction() as session:
            row = session.scalar(select(RunRow).where(RunRow.state != "done").order_by(RunRow.id.desc()))
        if row is None:
            raise RunError(f"there is nothing to resume in '{self.path}'")
        return row
