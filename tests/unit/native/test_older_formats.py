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
