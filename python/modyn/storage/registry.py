"""Which datasets a workspace has: their names, settings and folders, in the database."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import delete, select

from modyn.errors import DatasetError
from modyn.metadata.database import Database
from modyn.metadata.tables import DatasetRow, RunRow
from modyn.storage.api import DatasetOptions, SampleFormat, TimestampFrom
from modyn.storage.sample_format import from_json, settings_text, to_json

MAX_NAME_BYTES = 200
"""Of a dataset's name, which is part of its folder's name."""


class Registry:
    """The rows of a workspace's datasets.

    Args:
        database: holds them.
        folder: every dataset gets a folder of its own in here.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder

    def add(
        self,
        name: str,
        base_path: Path,
        format: SampleFormat,
        timestamp: TimestampFrom,
        options: DatasetOptions | None,
    ) -> None:
        """Register a dataset, with a new folder; equal settings change nothing but the options, if given.

        Raises:
            DatasetError: the base path is no folder, or the name is none or taken with other settings.
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

    def names(self) -> list[str]:
        """In alphabetical order."""
        with self._database.transaction() as session:
            return list(session.scalars(select(DatasetRow.name).order_by(DatasetRow.name)))

    def row(self, name: str) -> DatasetRow:
        """What is registered. Raises DatasetError for an unknown name."""
        with self._database.transaction() as session:
            row = session.scalar(select(DatasetRow).filter_by(name=name))
            if row is None:
                known = ", ".join(session.scalars(select(DatasetRow.name).order_by(DatasetRow.name))) or "none"
                raise DatasetError(f"dataset '{name}' is not registered (registered: {known}); use `modyn dataset add`")
            return row

    def forget(self, name: str) -> None:
        """Remove the row; the folder stays."""
        with self._database.transaction() as session:
            session.execute(delete(DatasetRow).filter_by(name=name))

    def pinned_by_runs(self, name: str) -> list[tuple[str, int]]:
        """Runs, and the manifest of the dataset that each of them has pinned."""
        with self._database.transaction() as session:
            return [(run.name, run.pins[name]) for run in session.scalars(select(RunRow)) if name in run.pins]

    def refuse_while_needed(self, name: str) -> None:
        """Raises DatasetError if a run that has not ended needs the dataset."""
        with self._database.transaction() as session:
            open_runs = [
                row.name for row in session.scalars(select(RunRow)) if row.state != "done" and name in row.pins
            ]
        if open_runs:
            raise DatasetError(
                f"dataset '{name}' is needed by {', '.join(open_runs)}; `modyn resume` brings that to its end"
            )


def _is_name(name: str) -> bool:
    if not name or name != name.strip() or "/" in name or not name.isprintable():
        return False
    return len(name.encode()) <= MAX_NAME_BYTES


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
