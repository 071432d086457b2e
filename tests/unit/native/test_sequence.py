from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.unit.native.record_files import RecordFiles, RecordFormat

from modyn import _native
from modyn.errors import ConflictError, UnknownKeyError

FORMAT = RecordFormat(record_size=8, label_size=1)


@pytest.fixture
def files(tmp_path: Path) -> RecordFiles:
    return RecordFiles(tmp_path, FORMAT, [30, 70])


@pytest.fixture
def view(files: RecordFiles) -> _native.View:
    return _native.View.build(files.open(), "time")


def test_a_sequence_reads_all_its_columns(files: RecordFiles, view: _native.View) -> None:
    sequence = _native.Sequence.of_ranges(view, [(90, 10), (0, 25)])
    expected = np.concatenate([np.arange(90, 100), np.arange(25)])
    assert len(sequence) == 35
    np.testing.assert_array_equal(sequence.keys(0, 35), expected)
    np.testing.assert_array_equal(sequence.labels(5, 20), files.labels(expected[5:25]))
    np.testing.assert_array_equal(sequence.timestamps(5, 20), view.index.timestamps(expected[5:25]))
    keys, weights = sequence.read_at([34, 0])
    np.testing.assert_array_equal(keys, [24, 90])
    assert weights is None
    with pytest.raises(ValueError, match="35"):
        sequence.keys(30, 10**15)


def test_sequences_compose(files: RecordFiles, view: _native.View, tmp_path: Path) -> None:
    everything = _native.Sequence.of_ranges(view, [(0, 100)])
    order = _native.Order.blockwise_shuffle(7, 0, 0, 100, 8)
    labels = files.labels(np.arange(100))
    wanted = np.unique(labels)[::2]
    chosen = everything.permuted(order).where(labels=wanted, start=int(view.index.timestamps([30])[0]))
    shuffled = order.apply(0, 100).astype(np.int64)
    expected = shuffled[np.isin(labels[shuffled], wanted) & (shuffled >= 30)]
    np.testing.assert_array_equal(chosen.keys(0, len(chosen)), expected)

    weights = np.linspace(0, 1, len(expected), dtype=np.float32)
    joined = _native.Sequence.join([chosen.with_weights(weights), everything.slice(3, 2)])
    keys, found = joined.read(0, len(joined))
    np.testing.assert_array_equal(keys, [*expected, 3, 4])
    np.testing.assert_array_equal(found, [*weights, 1, 1])

    joined.write(tmp_path / "set", view)
    training_set = _native.TrainingSet.open(tmp_path / "set", view)
    again = _native.Sequence.of_training_set(training_set).read(0, len(joined))
    np.testing.assert_array_equal(again[0], keys)
    np.testing.assert_array_equal(again[1], found)
    with pytest.raises(ConflictError):
        joined.write(tmp_path / "set", view)
    with pytest.raises(UnknownKeyError, match="100"):
        _native.Sequence.of_keys(view.index, [100]).write(tmp_path / "unknown", view)


def test_labels_are_counted(files: RecordFiles, view: _native.View) -> None:
    labels, counts = _native.Sequence.of_ranges(view, [(20, 60)]).label_counts()
    expected, expected_counts = np.unique(files.labels(np.arange(20, 80)), return_counts=True)
    np.testing.assert_array_equal(labels, expected)
    np.testing.assert_array_equal(counts, expected_counts)


@pytest.mark.parametrize(("samples", "workers", "sizes"), [(13, 5, [3, 3, 3, 2, 2]), (3, 8, [1, 1, 1, 0, 0, 0, 0, 0])])
def test_shares_are_contiguous(view: _native.View, samples: int, workers: int, sizes: list[int]) -> None:
    sequence = _native.Sequence.of_ranges(view, [(0, samples)])
    shares = [sequence.share(worker, workers) for worker in range(workers)]
    assert [len(share) for share in shares] == sizes
    keys = np.concatenate([share.keys(0, len(share)) for share in shares])
    np.testing.assert_array_equal(keys, np.arange(samples))
    with pytest.raises(ValueError, match="does not exist"):
        sequence.share(workers, workers)


def test_partitions_hold_what_fits_into_memory(view: _native.View) -> None:
    sequence = _native.Sequence.of_ranges(view, [(0, 100)])
    for most in (1, 2, 3, 99, 100, 10_000):
        parts = [sequence.partition(number, most) for number in range(sequence.partitions(most))]
        assert all(len(part) == most for part in parts[:-1])
        np.testing.assert_array_equal(np.concatenate([part.keys(0, len(part)) for part in parts]), np.arange(100))


def test_large_arrays_do_not_share_memory(view: _native.View) -> None:
    # Freed memory of large arrays is used again; that of living ones must not be.
    index = view.index
    sequence = _native.Sequence.join([_native.Sequence.of_ranges(view, [(0, 100)])] * 3000)
    arrays = [sequence.keys(first, 290_000) for first in range(0, 1000, 100)]
    for array in arrays:
        array += 1
    for array in arrays:
        np.testing.assert_array_equal(array[:100], np.arange(1, 101))
    del arrays, index
    np.testing.assert_array_equal(sequence.keys(0, 300_000), np.tile(np.arange(100), 3000))
