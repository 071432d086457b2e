"""Paths, names and settings of any length that the system itself allows."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from modyn import _native
from modyn.errors import DatasetError
from modyn.metadata.database import Database
from modyn.storage.api import Csv, FixedRecord, SingleSample, TimestampFrom
from modyn.storage.local import LocalStorage
from modyn.storage.sample_format import settings_text


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


def test_files_below_paths_that_no_system_call_takes_are_ingested_watched_checked_and_fetched(tmp_path: Path) -> None:
    root = tmp_path / "data"
    root.mkdir()
    deepest = os.open(root, os.O_RDONLY)
    for _ in range(25):  # 25 x 201 bytes
        os.mkdir("d" * 200, dir_fd=deepest)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=deepest)
        os.close(deepest)
        deepest = below

    def write(name: str, content: bytes) -> None:
        file = os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=deepest)
        os.write(file, content)
        os.close(file)

    watcher = _native.Watcher([_native.WatchedFolder(root)], min_interval_s=0.01)
    write("a.bin", bytes(range(40)))
    write("b.png", b"image")
    write("b.label", b"7")
    if not watcher.scans_because:  # a change in the deepest folder is told like any other
        assert watcher.wait(60) == "changes"
    records = settings_text(FixedRecord(record_size=10, label_size=2), TimestampFrom())
    files = settings_text(SingleSample(".png", ".label"), TimestampFrom())
    for ending, format, samples, first in ((".bin", records, 4, bytes(range(2, 10))), (".png", files, 1, b"image")):
        folder = tmp_path / ending
        assert _native.scan(folder, root, file_extension=ending, format=format).summary.samples == samples
        index = _native.Index.open(folder)
        for access in ("map", "read"):
            _, offsets, data = _native.Reader(index, root, access=access).fetch_any(np.arange(samples))
            assert data[: offsets[1]].tobytes() == first
        assert not _native.check(folder, root, file_extension=ending).findings


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
