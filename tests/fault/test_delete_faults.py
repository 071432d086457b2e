"""Deleting, merging and collecting: what was named is gone, all else answers as before, and no source file changes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from modyn import _native
from modyn.errors import UnknownKeyError
from tests.fault.labelled_files import FORMATS, put, sample, scan


def sources(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (folder / "data").rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", FORMATS)
def test_every_sample_that_was_not_deleted_stays_what_it_was(kind: str, tmp_path: Path) -> None:
    """Also the only sample of a file, the first and last rows, and after merging and collecting."""
    format = FORMATS[kind]
    per_file = 1 if kind == "files" else 6
    random = np.random.default_rng(0)
    labels: list[int] = []
    for wave in range(8):
        for number in range(3):
            new = list(range(len(labels), len(labels) + per_file))
            put(tmp_path / "data" / f"{wave}-{number}.data", format, new, mtime=10 * wave + number)
            labels += new
        scan(tmp_path, format)
    before = sources(tmp_path)
    dataset = tmp_path / "dataset"
    whole = _native.Index.open(dataset)
    deleted: set[int] = set()
    while len(deleted) < len(labels) // 2:
        keys = random.integers(0, len(labels), 3)
        deleted |= set(keys.tolist())
        assert _native.delete_samples(dataset, keys).manifest > whole.summary.manifest
        index = _native.Index.open(dataset)
        reader = _native.Reader(index, tmp_path / "data")
        left = random.permutation([key for key in range(len(labels)) if key not in deleted])
        found, offsets, data = reader.fetch_any(left)
        assert found.tolist() == left.tolist()
        assert [data[a:b].tobytes() for a, b in pairwise(offsets)] == [sample(key) for key in left]
        for key in deleted:
            with pytest.raises(UnknownKeyError, match="deleted"):
                reader.fetch_any([left[0], key])
        _native.merge_segments(dataset)
        _native.collect(dataset, 0)
    assert _native.View.build(whole, "time").keys(0, len(labels)).tolist() == labels, "an open index changed"
    assert sources(tmp_path) == before

    report = scan(tmp_path, format)
    assert (report.new_samples, report.conflicts) == (0, [])
    assert _native.check(dataset, tmp_path / "data", file_extension=".data").findings == []


@pytest.mark.parametrize("kind", FORMATS)
def test_a_deleted_wave_leaves_the_others(kind: str, tmp_path: Path) -> None:
    format = FORMATS[kind]
    for wave in range(2):
        for number in range(10 * wave, 10 * wave + 10):
            put(tmp_path / "data" / f"{number:02}.data", format, [number], mtime=number)
        scan(tmp_path, format)
    dataset = tmp_path / "dataset"
    assert _native.delete_samples(dataset, np.arange(10)).deleted == 10
    assert _native.Index.open(dataset).summary.samples == 10
    assert _native.delete_samples(dataset, []).deleted == 0
    with pytest.raises(UnknownKeyError, match="20"):
        _native.delete_samples(dataset, [15, 20])
    assert _native.delete_samples(dataset, [3, 15]).already_deleted == 1
    put(tmp_path / "data" / "20.data", format, [20], mtime=20)
    scan(tmp_path, format)
    index = _native.Index.open(dataset)
    assert _native.View.build(index, "time").keys(0, 10).tolist() == [10, 11, 12, 13, 14, 16, 17, 18, 19, 20]
    assert index.labels([20]).tolist() == [20], "keys are not used again"
