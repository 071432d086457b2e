from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.native.record_files import RecordFiles, RecordFormat

from modyn import _native
from modyn.errors import ConflictError, CorruptFileError, UnknownKeyError

FORMAT = RecordFormat(record_size=8, label_size=4)
ADDRESS = (7, 3, _native.PURPOSE_SHUFFLE)


def test_random_bits_are_philox() -> None:
    # Random123's known answer for counter 0 and key 0.
    assert _native.random_bits(0, 0, 0, 0) == 0xE169C58D6627E8D5


@given(seed=st.integers(0, 2**64 - 1), trigger=st.integers(0, 2**32 - 1), first=st.integers(0, 2**62))
def test_a_range_of_random_bits_is_its_elements(seed: int, trigger: int, first: int) -> None:
    bits = _native.random_bits_range(seed, trigger, _native.PURPOSE_SAMPLE, first, 3)
    assert bits.tolist() == [
        _native.random_bits(seed, trigger, _native.PURPOSE_SAMPLE, first + place) for place in range(3)
    ]


@settings(deadline=None)
@given(size=st.integers(0, 3000), index=st.integers(0, 2**64 - 1))
def test_a_permutation_is_a_bijection_that_can_be_cut(size: int, index: int) -> None:
    permutation = _native.Permutation(*ADDRESS, index, size)
    assert len(permutation) == size
    whole = permutation.apply(0, size)
    np.testing.assert_array_equal(np.sort(whole), np.arange(size))
    first, count = _native.share(size, 1, 3)
    np.testing.assert_array_equal(permutation.apply(first, count), whole[first : first + count])
    with pytest.raises(ValueError, match="beyond"):
        permutation.apply(size, 1)


@given(size=st.integers(0, 2**63), parts=st.integers(1, 50))
def test_shares_are_even_and_complete(size: int, parts: int) -> None:
    shares = [_native.share(size, part, parts) for part in range(parts)]
    assert shares[0][0] == 0
    assert all(first + count == after for (first, count), (after, _) in pairwise(shares))
    assert sum(count for _, count in shares) == size
    counts = [count for _, count in shares]
    assert max(counts) - min(counts) <= 1
    assert counts == sorted(counts, reverse=True)


@pytest.fixture
def view(tmp_path: Path) -> _native.View:
    return _native.View.build(RecordFiles(tmp_path, FORMAT, [30, 70]).open(), "time")


def test_ranges_and_keys_are_read_back(view: _native.View, tmp_path: Path) -> None:
    ranges = np.array([(90, 10), (0, 5)])
    expected = np.concatenate([np.arange(90, 100), np.arange(5)])
    weights = np.linspace(0, 1, 15, dtype=np.float32)
    _native.TrainingSet.write_ranges(tmp_path / "ranges", view, ranges)
    _native.TrainingSet.write_keys(str(tmp_path / "keys"), view, expected, weights)
    by_ranges = _native.TrainingSet.open(bytes(tmp_path / "ranges"), view)
    by_keys = _native.TrainingSet.open(tmp_path / "keys", view)
    assert not by_ranges.weighted
    assert by_keys.weighted
    indices = np.array([14, 0, 9, 10, 10])
    for training_set, expected_weights in ((by_ranges, None), (by_keys, weights)):
        assert len(training_set) == 15
        keys, found = training_set.read(3, 9)
        np.testing.assert_array_equal(keys, expected[3:12])
        keys_at, found_at = training_set.read_at(indices)
        np.testing.assert_array_equal(keys_at, expected[indices])
        if expected_weights is None:
            assert found is None
            assert found_at is None
        else:
            np.testing.assert_array_equal(found, expected_weights[3:12])
            np.testing.assert_array_equal(found_at, expected_weights[indices])


def test_mistakes_are_refused(view: _native.View, tmp_path: Path) -> None:
    _native.TrainingSet.write_ranges(tmp_path / "set", view, [(0, 5)])
    with pytest.raises(ConflictError, match="set"):
        _native.TrainingSet.write_ranges(tmp_path / "set", view, [(0, 5)])
    with pytest.raises(ValueError, match="beyond"):
        _native.TrainingSet.write_ranges(tmp_path / "far", view, [(99, 2)])
    with pytest.raises(ValueError, match="weights"):
        _native.TrainingSet.write_ranges(tmp_path / "uneven", view, [(0, 5)], np.ones(4, np.float32))
    with pytest.raises(UnknownKeyError, match="100"):
        _native.TrainingSet.write_keys(tmp_path / "unknown", view, [3, 100])
    with pytest.raises(TypeError):
        _native.TrainingSet.write_ranges(tmp_path / "floats", view, [(0.5, 1.5)])
    with pytest.raises(OSError, match="missing"):
        _native.TrainingSet.open(tmp_path / "missing", view)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "dataset", "set"]


def test_damage_is_found(view: _native.View, tmp_path: Path) -> None:
    path = tmp_path / "set"
    _native.TrainingSet.write_keys(path, view, np.arange(100))
    content = path.read_bytes()
    for place in range(0, len(content), 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(CorruptFileError, match="set"):
            _native.TrainingSet.open(path, view).read(0, 100)


def test_a_billion_shuffled_samples_cost_nothing(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path, RecordFormat(record_size=2, label_size=1), [1_000_000])
    view = _native.View.build(files.open(), "time")
    path = tmp_path / "set"
    _native.TrainingSet.write_ranges(path, view, np.tile([(0, 1_000_000)], (1000, 1)))
    assert path.stat().st_size < 64 * 1024

    training_set = _native.TrainingSet.open(path, view)
    assert len(training_set) == 1_000_000_000
    shuffle = _native.Permutation(*ADDRESS, 0, len(training_set))
    for first in (0, 499_999_999, 999_900_000):
        indices = shuffle.apply(first, 100_000)
        keys, _ = training_set.read_at(indices)
        np.testing.assert_array_equal(keys, indices % 1_000_000)
