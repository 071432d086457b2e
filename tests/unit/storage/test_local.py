from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.growing import DAY, RECORD, START, write_days

from modyn.errors import DatasetError
from modyn.metadata.database import Database
from modyn.storage.api import FixedRecord, Interval, TimestampFrom
from modyn.storage.local import LocalStorage

FORMAT = FixedRecord(record_size=RECORD.itemsize, label_size=4)
BY_NAME = TimestampFrom("filename", "%Y-%m-%d")


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    database = Database.in_file(tmp_path / "modyn.sqlite")
    database.upgrade()
    return LocalStorage(database, tmp_path / "datasets")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_days(tmp_path / "data", range(3), per_day=10)
    return tmp_path / "data"


def test_a_new_dataset_is_empty_until_it_is_scanned(storage: LocalStorage, data: Path) -> None:
    status = storage.add("growing", data, FORMAT, BY_NAME)
    assert (status.samples, status.manifest, status.interval) == (0, 0, Interval())
    status = storage.scan("growing").status
    assert (status.samples, status.files, status.manifest) == (30, 3, 1)
    assert status.interval == Interval(START, START + 2 * DAY + 1)
    assert storage.names() == ["growing"]


def test_a_pinned_view_does_not_see_what_comes_later(storage: LocalStorage, data: Path) -> None:
    storage.add("growing", data, FORMAT, BY_NAME)
    storage.scan("growing")
    pinned = storage.pin("growing")
    write_days(data, range(3, 5), per_day=10)
    summary = storage.scan("growing")
    assert (summary.new_files, summary.known_files, summary.new_samples) == (2, 3, 20)
    assert len(storage.open_view(pinned)) == 30
    assert len(storage.open_view(storage.pin("growing"))) == 50
    assert storage.pin("growing", manifest=1) == pinned


def test_a_view_gives_columns_in_time_order(storage: LocalStorage, data: Path) -> None:
    storage.add("growing", data, FORMAT, BY_NAME)
    storage.scan("growing")
    view = storage.open_view(storage.pin("growing"))
    records = np.concatenate([np.fromfile(file, RECORD) for file in sorted(data.iterdir())])
    assert view.labels(0, 30).tolist() == records["label"].tolist()
    assert view.timestamps(5, 10).tolist() == [START] * 5 + [START + DAY] * 5
    assert len(set(view.keys(0, 30).tolist())) == 30
    assert view.position_of_time(START + DAY) == 10


def test_registering_again_needs_the_same_settings(storage: LocalStorage, data: Path) -> None:
    storage.add("growing", data, FORMAT, BY_NAME)
    storage.scan("growing")
    assert storage.add("growing", data, FORMAT, BY_NAME).samples == 30
    other = FixedRecord(record_size=12, label_size=4)
    with pytest.raises(DatasetError, match=r"other settings: format is .*'record_size': 24.*'record_size': 12"):
        storage.add("growing", data, other, BY_NAME)


@pytest.mark.parametrize("name", ["", " growing", "a/b"])
def test_impossible_names_are_refused(name: str, storage: LocalStorage, data: Path) -> None:
    with pytest.raises(DatasetError, match="dataset name"):
        storage.add(name, data, FORMAT, BY_NAME)


def test_missing_folders_and_datasets_are_named(storage: LocalStorage, data: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is not a folder"):
        storage.add("growing", tmp_path / "nowhere", FORMAT, BY_NAME)
    with pytest.raises(DatasetError, match="'other' is not registered \\(registered: none\\)"):
        storage.status("other")
    storage.add("growing", data, FORMAT, BY_NAME)
    data.rename(tmp_path / "moved")
    with pytest.raises(DatasetError, match="has vanished"):
        storage.scan("growing")


def test_a_bad_file_waits_in_quarantine_until_it_is_mended(storage: LocalStorage, data: Path) -> None:
    name = "2013-01-09 \udcff'.bin"  # not UTF-8
    (data / name).write_bytes(b"x" * 25)
    storage.add("growing", data, FORMAT, BY_NAME)
    status = storage.scan("growing").status
    assert status.samples == 30
    assert [(file.path, "24" in file.reason) for file in status.quarantined] == [(name, True)]
    assert storage.status("growing").quarantined == status.quarantined
    (data / name).write_bytes(b"x" * 48)
    status = storage.scan("growing").status
    assert (status.samples, status.quarantined) == (32, ())
