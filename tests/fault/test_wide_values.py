"""Paths, names and settings of any length that the system itself allows."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from modyn import _native
from modyn.errors import DatasetError
from modyn.metadata.database import Database
from modyn.storage.api import Csv, FixedRecord, TimestampFrom
from modyn.storage.local import LocalStorage


def test_long_paths_and_settings_are_kept_whole(database: Database, tmp_path: Path) -> None:
    """In the database (SQLite and PostgreSQL), in manifests, and in messages."""
    column = "label of everything, " * 200
    base = tmp_path
    while len(os.fsencode(base)) < 3_400:
        base /= "d" * 200
    base.mkdir(parents=True)
    folder = base / ("f" * 255)
    folder.mkdir()
    rows = folder / ("é" * 120 + ".csv")
    rows.write_text(f'"{column}",text\n1,a\n0,b\n')
    torn = folder / ("t" * 251 + ".csv")
    torn.write_text(f'"{column}",text\nno number,a\n')

    storage = LocalStorage(database, tmp_path / "datasets")
    name = "n" * 200
    storage.add(name, base, Csv(label=column), TimestampFrom())
    status = storage.scan(name).status
    assert status.samples == 2
    assert [file.path for file in status.quarantined] == [str(torn.relative_to(base))]
    status = storage.status(name)
    assert (status.base_path, status.format) == (base, Csv(label=column))
    ref = storage.pin(name)
    view = storage.open_view(ref)
    labels, _, data = _native.Reader(view.native.index, ref.root).fetch_any(np.arange(2))
    assert (labels.tolist(), data.tobytes()) == ([1, 0], b"ab")


@pytest.mark.parametrize("name", ["n" * 201, "é" * 101, "a\0b", "two\nlines", "\udcff"])
def test_names_that_cannot_be_are_refused_before_anything_is_made(name: str, tmp_path: Path) -> None:
    database = Database.in_file(tmp_path / "modyn.sqlite")
    database.upgrade()
    storage = LocalStorage(database, tmp_path / "datasets")
    (tmp_path / "data").mkdir()
    with pytest.raises(DatasetError, match="dataset name"):
        storage.add(name, tmp_path / "data", FixedRecord(record_size=2, label_size=1), TimestampFrom())
    assert storage.names() == []
    assert not (tmp_path / "datasets").exists()
