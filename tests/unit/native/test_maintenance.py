from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.unit.native.record_files import RecordFiles, RecordFormat

from modyn import _native
from modyn.errors import UnknownKeyError

FORMAT = RecordFormat(record_size=8, label_size=2)


@pytest.fixture
def files(tmp_path: Path) -> RecordFiles:
    return RecordFiles(tmp_path, FORMAT, [10, 20, 30])


def test_deleted_samples_are_gone_from_the_next_manifest_on(files: RecordFiles) -> None:
    before = files.open()
    report = _native.delete_samples(files.dataset, [3, 5, 5])
    assert (report.manifest, report.deleted, report.already_deleted) == (2, 2, 0)
    report = _native.delete_ranges(files.dataset, [[4, 7], [50, 60]])
    assert (report.manifest, report.deleted, report.already_deleted) == (3, 12, 1)

    after = _native.Index.open(files.dataset)
    gone = {3, 4, 5, 6, *range(50, 60)}
    assert (after.summary.samples, after.summary.deleted) == (46, 14)
    assert np.flatnonzero(after.deleted(np.arange(60))).tolist() == sorted(gone)
    assert after.deleted([]).dtype == np.bool_
    view = _native.View.build(after, "time")
    assert view.keys(0, len(view)).tolist() == [key for key in range(60) if key not in gone]
    with pytest.raises(UnknownKeyError, match="deleted keys 5"):
        after.labels([5])
    assert before.labels([5]).tolist() == files.labels(np.array([5])).tolist()


def test_a_delete_of_unknown_keys_deletes_nothing(files: RecordFiles) -> None:
    files.open()
    with pytest.raises(UnknownKeyError, match="key 60"):
        _native.delete_samples(files.dataset, [1, 60])
    assert _native.Index.open(files.dataset).summary.manifest == 1


def test_merges_keep_every_answer_and_the_collector_takes_what_was_merged(files: RecordFiles) -> None:
    files.open()
    rng = np.random.default_rng(0)
    content = files.records
    for number in range(3, 12):
        more = rng.integers(0, 256, (4, 8), dtype=np.uint8)
        files.path(number).write_bytes(more.tobytes())
        content = np.concatenate([content, more])
        files.scan()
    files.records = content
    keys = np.arange(len(content))
    before = _native.Index.open(files.dataset)
    assert before.summary.segments == 10

    report = _native.merge_segments(files.dataset)
    assert (report.merged, report.segments) == (10, 1)
    after = _native.Index.open(files.dataset)
    assert after.summary.sequence == before.summary.sequence
    assert [column.tolist() for column in before.places(keys)] == [column.tolist() for column in after.places(keys)]
    for since in range(11):
        old, new = (_native.Samples.select(index, since=since) for index in (before, after))
        assert np.array_equal(new.keys(0, len(new)), old.keys(0, len(old)))

    _native.pin_manifest(files.dataset, 10, "run-1")
    assert [(pin.manifest, pin.owner) for pin in _native.pins(files.dataset)] == [(10, "run-1")]
    assert _native.collect(files.dataset, 0).manifests == 9
    _native.Index.open(files.dataset, 10).verify()
    assert _native.unpin_manifest(files.dataset, 10, "run-1")
    assert _native.collect(files.dataset, 0).segments == 10
    assert np.array_equal(before.labels(keys), files.labels(keys))  # who has it open reads on
    assert files.scan().new_samples == 0


def test_samples_answer_queries_in_batches(files: RecordFiles) -> None:
    index = files.open()
    start = 1_000_000_000
    samples = _native.Samples.select(index, order="time", start=start + 60, end=start + 120)
    assert len(samples) == 20
    batches = list(samples.batches(7))
    assert [len(keys) for keys, _, _ in batches] == [7, 7, 6]
    assert np.concatenate([keys for keys, _, _ in batches]).tolist() == list(range(10, 30))
    assert np.concatenate([labels for _, _, labels in batches]).tolist() == files.labels(np.arange(10, 30)).tolist()
    assert {int(time) for _, times, _ in batches for time in times} == {start + 60}

    assert _native.count_samples(index, start + 60) == 50
    labels, counts = _native.count_labels(index)
    expected = np.unique(files.labels(np.arange(60)), return_counts=True)
    assert (labels.tolist(), counts.tolist()) == (expected[0].tolist(), expected[1].tolist())
    whole = _native.Samples.select(index)
    shares = [whole.share(worker, 7) for worker in range(7)]
    assert np.concatenate([share.keys(0, len(share)) for share in shares]).tolist() == list(range(60))
    with pytest.raises(ValueError, match="no worker 7 of 7"):
        whole.share(7, 7)
    with pytest.raises(ValueError, match="at least one sample"):
        whole.batches(0)


def test_check_finds_what_is_wrong_and_says_where(files: RecordFiles) -> None:
    files.open()
    seen: list[tuple[int, int]] = []
    report = _native.check(files.dataset, files.root, progress=lambda done, total: seen.append((done, total)))
    assert report.findings == []
    assert report.source_files == 3
    assert seen[-1] == (4, 4)
    files.path(1).write_bytes(b"short")
    findings = _native.check(files.dataset, files.root).findings
    assert [finding.path for finding in findings] == [b"records-1.bin"]
    assert "shrank" in findings[0].what
