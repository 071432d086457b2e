"""Slices of training sets: complete, in order, and of no more memory than what is read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.unit.native.record_files import RecordFiles, RecordFormat

from modyn import _native


@pytest.fixture
def view(tmp_path: Path) -> _native.View:
    return _native.View.build(RecordFiles(tmp_path, RecordFormat(record_size=2, label_size=1), [3, 10]).open(), "time")


@pytest.mark.parametrize("workers", range(1, 16))
def test_workers_divide_a_set_among_them(view: _native.View, tmp_path: Path, workers: int) -> None:
    """Also more workers than samples: the last ones get nothing."""
    keys = np.array([7, 7, 0, 12, 3, 11, 1, 2, 9, 10])
    weights = np.linspace(0, 1, len(keys), dtype=np.float32)
    _native.TrainingSet.write_keys(tmp_path / "keys", view, keys, weights)
    _native.TrainingSet.write_ranges(tmp_path / "ranges", view, [(10, 3), (0, 5), (6, 2)], weights)
    for name, expected in (("keys", keys), ("ranges", np.array([10, 11, 12, 0, 1, 2, 3, 4, 6, 7]))):
        training_set = _native.TrainingSet.open(tmp_path / name, view)
        parts = [training_set.read(*_native.share(len(training_set), worker, workers)) for worker in range(workers)]
        np.testing.assert_array_equal(np.concatenate([part for part, _ in parts]), expected)
        np.testing.assert_array_equal(np.concatenate([part for _, part in parts]), weights)
        assert max(len(part) for part, _ in parts) - min(len(part) for part, _ in parts) <= 1


def test_shares_are_those_of_the_reference_system() -> None:
    assert [_native.share(13, part, 5)[1] for part in range(5)] == [3, 3, 3, 2, 2]
    assert [_native.share(10, part, 3) for part in range(3)] == [(0, 4), (4, 3), (7, 3)]
    assert [_native.share(10, part, 2) for part in range(2)] == [(0, 5), (5, 5)]
    assert [_native.share(3, part, 8)[1] for part in range(8)] == [1, 1, 1, 0, 0, 0, 0, 0]
    for part, parts in ((2, 2), (0, 0)):
        with pytest.raises(ValueError, match="part"):
            _native.share(10, part, parts)


MEMORY = """
import resource, sys
from pathlib import Path
import numpy as np
from modyn import _native
view = _native.View.build(_native.Index.open(sys.argv[1]), "time")
training_set = _native.TrainingSet.open(sys.argv[2], view)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
training_set.read(1_000_003, 2_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_slice_takes_the_memory_of_its_samples(view: _native.View, tmp_path: Path) -> None:
    keys = np.random.default_rng(0).integers(0, 13, 4_000_000)
    _native.TrainingSet.write_keys(tmp_path / "set", view, keys, np.zeros(len(keys), np.float32))
    arguments = [sys.executable, "-c", MEMORY, str(tmp_path / "dataset"), str(tmp_path / "set")]
    grown = int(subprocess.run(arguments, capture_output=True, text=True, check=True).stdout)
    # 12 bytes a sample in arrays, and as many in pages of the file that are mapped, which the system may take back.
    kilobytes = 2_000_000 * 12 / 1024
    assert grown < 2.5 * kilobytes
