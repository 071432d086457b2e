"""Questions about a pinned index, deletions and merges, as Python asks them; C++ tests ask them of random datasets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.fault.dataset_samples import FORMAT, record

from modyn import _native
from modyn.errors import UnknownKeyError

DAY = 86_400


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Three commits of ten samples each: of day 2, of day 1 (late), of day 2 again."""
    (tmp_path / "data").mkdir()
    for commit, day in enumerate((2, 1, 2)):
        file = tmp_path / "data" / f"1970-01-0{day + 1}-{commit}.bin"
        file.write_bytes(b"".join(record(commit * 10 + place) for place in range(10)))
        _native.scan(
            tmp_path / "dataset",
            tmp_path / "data",
            format=FORMAT,
            file_extension=".bin",
            timestamp_source="filename",
            timestamp_pattern="%Y-%m-%d",
        )
    return tmp_path / "dataset"


def keys_of(samples: _native.Samples) -> list[int]:
    return samples.read(0, len(samples))[0].tolist()


def test_what_is_new_goes_by_commits_and_not_by_timestamps(dataset: Path) -> None:
    index = _native.Index.open(dataset)
    assert keys_of(_native.Samples.select(index, since=1)) == list(range(10, 30))
    assert keys_of(_native.Samples.select(index, since=1, until=2)) == list(range(10, 20))
    assert keys_of(_native.Samples.select(index, since=3)) == []


def test_an_interval_is_half_open_and_in_the_order_asked_for(dataset: Path) -> None:
    index = _native.Index.open(dataset)
    in_time = _native.Samples.select(index, order="time", start=DAY, end=2 * DAY + 1)
    assert keys_of(in_time) == [*range(10, 20), *range(10), *range(20, 30)]
    assert in_time.read(9, 2)[1].tolist() == [DAY, 2 * DAY]
    assert len(_native.Samples.select(index, start=DAY, end=2 * DAY)) == 10
    assert _native.count_samples(index, start=2 * DAY) == 20
    assert _native.count_samples(index, start=5, end=3) == 0


def test_labels_are_counted(dataset: Path) -> None:
    index = _native.Index.open(dataset)
    labels, counts = _native.count_labels(index, end=2 * DAY)
    expected = np.unique(index.labels(np.arange(10, 20)), return_counts=True)
    assert (labels.tolist(), counts.tolist()) == (expected[0].tolist(), expected[1].tolist())


@pytest.mark.parametrize("workers", [1, 3, 7, 40])
def test_shares_are_disjoint_and_complete_whatever_is_ingested_meanwhile(dataset: Path, workers: int) -> None:
    samples = _native.Samples.select(_native.Index.open(dataset), order="time")
    _native.delete_samples(dataset, [5])
    shares = [samples.share(worker, workers) for worker in range(workers)]
    assert [key for share in shares for key in keys_of(share)] == keys_of(samples)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    with pytest.raises(ValueError, match="worker"):
        samples.share(workers, workers)


def test_deleted_samples_are_gone_from_the_next_manifest_on(dataset: Path) -> None:
    before = _native.Index.open(dataset)
    report = _native.delete_samples(dataset, [3, 17, 3])
    assert (report.deleted, report.already_deleted) == (2, 0)
    after = _native.Index.open(dataset)

    assert (after.summary.samples, after.summary.deleted, before.summary.samples) == (28, 2, 30)
    assert after.summary.sequence == before.summary.sequence
    assert before.labels([3, 17]).shape == (2,)
    with pytest.raises(UnknownKeyError, match="deleted"):
        after.labels([2, 3])
    assert after.deleted([2, 3, 17]).tolist() == [False, True, True]
    assert 3 not in keys_of(_native.Samples.select(after))
    assert len(_native.View.build(after, "time")) == 28
    assert _native.delete_samples(dataset, [17]).already_deleted == 1


def test_a_key_that_never_was_deletes_nothing(dataset: Path) -> None:
    with pytest.raises(UnknownKeyError, match="30"):
        _native.delete_samples(dataset, [1, 30])
    assert _native.Index.open(dataset).summary.samples == 30


def test_merging_changes_no_answer(dataset: Path) -> None:
    _native.delete_samples(dataset, [3, 17])
    before = _native.Index.open(dataset)
    for _ in range(10):
        _native.merge_segments(dataset)
    after = _native.Index.open(dataset)
    for since in range(4):
        assert keys_of(_native.Samples.select(after, since=since)) == keys_of(
            _native.Samples.select(before, since=since)
        )
    keys = _native.View.build(before, "time").keys(0, 28)
    assert _native.View.build(after, "time").keys(0, 28).tolist() == keys.tolist()
    assert after.labels(keys).tolist() == before.labels(keys).tolist()
