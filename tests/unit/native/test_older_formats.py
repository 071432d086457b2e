"""What earlier versions of Modyn wrote stays readable: `golden/` holds datasets as they wrote them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from modyn import _native

GOLDEN = Path(__file__).parent / "golden"


def test_a_dataset_without_the_columns_that_came_later_is_read_as_it_was_written() -> None:
    index = _native.Index.open(GOLDEN / "dataset-1")
    index.verify()

    keys = np.arange(10)
    files, records = index.locate(keys)
    assert [index.source_file(file).path for file in range(3)] == [b"a.bin", b"b/c.bin", b"d.bin"]
    assert index.labels(keys).tolist() == [-4, -1, 2, 26, 29, 32, 35, 56, 5, 8]
    assert index.timestamps(keys).tolist() == [86400 * day for day in (1, 1, 1, 2, 2, 2, 2, 3, 5, 5)]
    assert files.tolist() == [0, 0, 0, 1, 1, 1, 1, 2, 0, 0]
    assert records.tolist() == [0, 1, 2, 0, 1, 2, 3, 0, 3, 4]
    assert _native.View.build(_native.Index.open(GOLDEN / "dataset-1", 1), "time").keys(0, 7).tolist() == list(range(7))


def test_a_dataset_with_deletions_merges_and_pins_is_read_as_it_was_written() -> None:
    index = _native.Index.open(GOLDEN / "dataset-2")
    index.verify()

    summary = index.summary
    assert (summary.manifest, summary.sequence, summary.segments) == (12, 9, 1)
    assert (summary.samples, summary.deleted) == (23, 4)
    assert (summary.first_timestamp, summary.last_timestamp) == (86400, 9 * 86400)
    assert np.flatnonzero(index.deleted(np.arange(27))).tolist() == [1, 2, 13, 26]
    assert index.labels([0, 3, 8, 25]).tolist() == [-5, 5, 2000, 76]
    new = [len(_native.Samples.select(index, since=sequence)) for sequence in range(10)]
    assert new == [23, 22, 19, 16, 13, 11, 8, 5, 2, 0]
    assert [(pin.manifest, pin.owner) for pin in _native.pins(GOLDEN / "dataset-2")] == [(11, "run-1")]
    assert _native.Index.open(GOLDEN / "dataset-2", 11).summary.deleted == 3
    assert _native.check(GOLDEN / "dataset-2").findings == []
