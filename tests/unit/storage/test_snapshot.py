"""Asking a pinned state of a dataset, and deleting from it, through the workspace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.growing import DAY, RECORD, START, write_days

import modyn
from modyn.errors import DatasetError, UnknownKeyError
from modyn.storage.api import DatasetOptions, FixedRecord, Interval, SingleSample, TimestampFrom
from modyn.storage.upkeep import keep

FORMAT = FixedRecord(record_size=RECORD.itemsize, label_size=4)
BY_NAME = TimestampFrom("filename", "%Y-%m-%d")


@pytest.fixture
def workspace(tmp_path: Path) -> modyn.Workspace:
    write_days(tmp_path / "data", range(3), per_day=10)
    opened = modyn.open(tmp_path / "workspace")
    opened.datasets.add("growing", tmp_path / "data", FORMAT, BY_NAME)
    return opened


def test_what_is_new_since_a_snapshot_is_what_came_after_it(workspace: modyn.Workspace, tmp_path: Path) -> None:
    before = workspace.datasets.snapshot("growing")
    write_days(tmp_path / "data", range(3, 5), per_day=10)
    workspace.datasets.scan("growing")
    after = workspace.datasets.snapshot("growing")

    new = after.samples(since=before.sequence)
    assert (len(before), len(after), len(new)) == (30, 50, 20)
    assert np.concatenate([batch.keys for batch in new.batches(7)]).tolist() == list(range(30, 50))
    assert {len(batch) for batch in new.batches(7)} == {7, 6}
    assert len(after.samples(since=after.sequence)) == 0
    assert len(workspace.datasets.snapshot("growing", before.manifest)) == 30


def test_intervals_labels_and_shares(workspace: modyn.Workspace) -> None:
    snapshot = workspace.datasets.snapshot("growing")
    second_day = Interval(START + DAY, START + 2 * DAY)
    assert snapshot.count(second_day) == 10
    samples = snapshot.samples(second_day, order="time")
    columns = samples.read(0, len(samples))
    assert columns.timestamps.tolist() == [START + DAY] * 10
    assert snapshot.labels(second_day) == {
        label: columns.labels.tolist().count(label) for label in sorted(set(columns.labels.tolist()))
    }
    shares = [samples.share(worker, 3) for worker in range(3)]
    assert [len(share) for share in shares] == [4, 3, 3]
    assert [key for share in shares for key in share.read(0, len(share)).keys] == columns.keys.tolist()


def test_bytes_come_with_their_keys_and_labels(workspace: modyn.Workspace, tmp_path: Path) -> None:
    records = np.concatenate([np.fromfile(path, RECORD) for path in sorted((tmp_path / "data").iterdir())])
    found = workspace.datasets.snapshot("growing").fetch([25, 3, 25])
    assert found.labels.tolist() == records["label"][[25, 3, 25]].tolist()
    for place, key in enumerate((25, 3, 25)):
        assert bytes(found[place]) == records[key].tobytes()[4:]


def test_deleted_samples_are_gone_and_older_snapshots_keep_them(workspace: modyn.Workspace) -> None:
    before = workspace.datasets.snapshot("growing")
    summary = workspace.datasets.delete_samples("growing", [0, 7, 7])
    assert (summary.deleted, summary.already_deleted) == (2, 0)
    status = workspace.datasets.status("growing")
    assert (status.samples, status.deleted) == (28, 2)
    after = workspace.datasets.snapshot("growing")
    assert (len(before), len(after)) == (30, 28)
    assert len(before.fetch([7])) == 1
    with pytest.raises(UnknownKeyError, match="7"):
        after.fetch([7])
    with pytest.raises(DatasetError, match="nobody"):
        workspace.datasets.delete_samples("nobody", [1])


def test_a_deleted_dataset_leaves_the_users_files_alone(workspace: modyn.Workspace, tmp_path: Path) -> None:
    workspace.datasets.delete("growing")
    assert workspace.datasets.list() == []
    assert list((tmp_path / "workspace" / "datasets").iterdir()) == []
    assert len(list((tmp_path / "data").iterdir())) == 3
    assert workspace.datasets.add("growing", tmp_path / "data", FORMAT, BY_NAME).samples == 30


def test_a_dataset_that_owns_its_files_takes_them_along(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for number in range(3):
        (images / f"{number}.png").write_bytes(b"image")
        (images / f"{number}.label").write_text(str(number))
    (images / "notes.txt").write_text("not of the dataset")
    with modyn.open(tmp_path / "workspace") as workspace:
        format = SingleSample(".png", ".label")
        workspace.datasets.add("images", images, format, options=DatasetOptions(owns_files=True))
        workspace.datasets.delete("images")
    assert [path.name for path in images.iterdir()] == ["notes.txt"]


def test_commits_that_bring_little_are_merged(workspace: modyn.Workspace, tmp_path: Path) -> None:
    for day in range(3, 40):
        write_days(tmp_path / "data", range(day, day + 1), per_day=2)
        workspace.datasets.scan("growing")
    (folder,) = (tmp_path / "workspace" / "datasets").iterdir()
    from modyn import _native

    summary = _native.Index.open(folder).summary
    assert (summary.samples, summary.sequence) == (30 + 37 * 2, 38)
    assert summary.segments < 20


def test_a_check_finds_what_is_not_as_it_should_be(workspace: modyn.Workspace, tmp_path: Path) -> None:
    summary = workspace.datasets.check("growing")
    assert (summary.samples, summary.source_files, summary.findings) == (30, 3, ())
    victim = sorted((tmp_path / "data").iterdir())[1]
    victim.write_bytes(victim.read_bytes()[:24])
    (finding,) = workspace.datasets.check("growing").findings
    assert finding.path == victim.name


def test_the_collector_keeps_what_runs_need(workspace: modyn.Workspace, tmp_path: Path) -> None:
    pinned = workspace.datasets.snapshot("growing").manifest
    (folder,) = (tmp_path / "workspace" / "datasets").iterdir()
    keep(folder, pinned, "a run")
    for key in range(5):
        workspace.datasets.delete_samples("growing", [key])
    assert workspace.datasets.collect("growing").manifests == 0
    assert workspace.datasets.collect("growing", grace_s=0).manifests == 4
    assert len(workspace.datasets.snapshot("growing", pinned)) == 30
    assert len(workspace.datasets.snapshot("growing")) == 25
    with pytest.raises(ValueError, match="no manifest"):
        workspace.datasets.snapshot("growing", pinned + 1)
