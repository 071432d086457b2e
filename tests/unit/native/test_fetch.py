from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.native.record_files import RecordFiles, RecordFormat

from modyn import _native
from modyn.errors import SourceChangedError, UnknownKeyError

FORMAT = RecordFormat(record_size=24, label_size=4, label_offset=6)


@st.composite
def formats(draw: st.DrawFn) -> RecordFormat:
    label_size = draw(st.integers(1, 8))
    record_size = label_size + draw(st.integers(1, 60))
    return RecordFormat(
        record_size,
        label_size,
        draw(st.integers(0, record_size - label_size)),
        draw(st.sampled_from(["little", "big"])),
        # Unsigned labels of 8 bytes may exceed int64; such a file is refused by the scan.
        draw(st.booleans()) or label_size == 8,
    )


@settings(max_examples=60, deadline=None)
@given(
    format=formats(),
    counts=st.lists(st.integers(0, 40), min_size=1, max_size=8).filter(lambda counts: sum(counts) > 0),
    seed=st.integers(0, 2**32),
    requested=st.integers(0, 300),
    max_open_files=st.sampled_from([1, 2, 4096]),
)
def test_every_sample_is_returned_under_its_own_key(
    format: RecordFormat, counts: list[int], seed: int, requested: int, max_open_files: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = RecordFiles(Path(folder), format, counts, seed)
        reader = files.reader(max_open_files=max_open_files)
        random = np.random.default_rng(seed)
        keys = random.integers(0, sum(counts), requested)

        labels, data = reader.fetch(keys)
        np.testing.assert_array_equal(labels, files.labels(keys))
        np.testing.assert_array_equal(data, files.samples(keys))

        size = format.record_size - format.label_size
        fields = [
            (offset, int(random.integers(1, size - offset + 1))) for offset in random.integers(0, size, 4).tolist()
        ]
        labels, columns = reader.fetch_fields(keys, fields)
        np.testing.assert_array_equal(labels, files.labels(keys))
        for (offset, length), column in zip(fields, columns, strict=True):
            np.testing.assert_array_equal(column, files.samples(keys)[:, offset : offset + length])


def test_columns_of_the_index_agree_with_the_files(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path, FORMAT, [5, 7, 9])
    index = files.open()
    keys = np.array([20, 0, 5, 5, 11])
    np.testing.assert_array_equal(index.labels(keys), files.labels(keys))
    np.testing.assert_array_equal(index.timestamps(keys), 1_000_000_000 + 60 * np.array([2, 0, 1, 1, 1]))
    file_numbers, records = index.locate(keys)
    paths = [index.source_file(int(number)).path for number in file_numbers]
    assert paths == [b"records-2.bin", b"records-0.bin", b"records-1.bin", b"records-1.bin", b"records-1.bin"]
    np.testing.assert_array_equal(records, [8, 0, 0, 0, 6])
    assert index.summary.samples == 21
    assert index.fixed_records.sample_size == 20
    index.verify()


def test_arrays_own_their_memory(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path, FORMAT, [50])
    reader = files.reader()
    keys = np.arange(50)
    labels, data = reader.fetch(keys)
    _, [column] = reader.fetch_fields(keys, [(0, 4)])
    del reader
    for path in files.root.iterdir():
        path.write_bytes(b"")
    np.testing.assert_array_equal(labels, files.labels(keys))
    np.testing.assert_array_equal(data, files.samples(keys))
    np.testing.assert_array_equal(column, files.samples(keys)[:, :4])
    for array in (labels, data, column):
        assert array.flags.writeable
        assert array.flags.c_contiguous


def test_keys_may_be_anything_that_holds_integers(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path, FORMAT, [50])
    reader = files.reader()
    expected = files.samples(np.array([40, 3, 3]))
    for keys in ([40, 3, 3], (40, 3, 3), np.array([40, 3, 3], np.uint8), np.array([40, 9, 3, 9, 3, 9])[::2]):
        np.testing.assert_array_equal(reader.fetch(keys)[1], expected)
    assert reader.fetch([])[1].shape == (0, 20)
    for wrong in ([1.0], [[1, 2]], ["1"], None):
        with pytest.raises(TypeError):
            reader.fetch(wrong)


def test_errors_name_what_is_wrong(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path, FORMAT, [5, 5])
    reader = files.reader()
    with pytest.raises(UnknownKeyError, match="10"):
        reader.fetch([0, 10])
    with pytest.raises(ValueError, match="20 bytes"):
        reader.fetch_fields([0], [(15, 6)])
    os.truncate(files.path(1), 30)
    with pytest.raises(SourceChangedError, match=r"records-1\.bin.*shrank to 30 bytes"):
        reader.fetch([0, 7])
    reader.fetch([0, 4])


def test_a_file_that_cannot_be_opened_is_an_os_error(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path, FORMAT, [5])
    reader = files.reader()
    files.path(0).unlink()
    files.path(0).symlink_to(files.path(0))  # a loop, which not even root can open
    with pytest.raises(OSError, match=r"records-0\.bin"):
        reader.fetch([0])


def test_truncation_during_fetches_is_an_error_and_never_zeros(tmp_path: Path) -> None:
    format = RecordFormat(record_size=512, label_size=4)
    files = RecordFiles(tmp_path, format, [64] * 10)
    reader = files.reader()
    for number in range(10):
        keys = np.arange(64 * number, 64 * (number + 1))
        expected = files.samples(keys)
        np.testing.assert_array_equal(reader.fetch(keys)[1], expected)
        cut = threading.Timer(0.0005 * number, os.truncate, (files.path(number), 4096))
        cut.start()
        deadline = time.monotonic() + 20
        with pytest.raises(SourceChangedError, match=rf"records-{number}\.bin"):  # noqa: PT012
            while time.monotonic() < deadline:
                np.testing.assert_array_equal(reader.fetch(keys)[1], expected)
        cut.join()


@pytest.mark.parametrize("before", [True, False])
def test_a_lost_page_is_survived_beside_faulthandler(tmp_path: Path, before: bool) -> None:
    """Whether Python's handler was installed before ours or after, ours decides about our copies."""
    program = f"""
import faulthandler, os
from pathlib import Path
from modyn.errors import SourceChangedError
from tests.unit.native.record_files import RecordFiles, RecordFormat

if {before}:
    faulthandler.enable()
files = RecordFiles(Path({str(tmp_path)!r}), RecordFormat(record_size=512, label_size=4), [64, 64])
reader = files.reader()
reader.fetch(range(128))  # maps the files, installs the handler
faulthandler.enable()
for number in (0, 1):
    os.truncate(files.path(number), 0)  # its mapped pages are lost
    try:
        reader.fetch(range(64 * number, 64 * number + 64))
    except SourceChangedError as error:
        print(error)
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("shrank to 0 bytes") == 2


def test_the_gil_is_released_while_bytes_are_copied(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path, RecordFormat(record_size=2000, label_size=4), [2000])
    reader = files.reader()
    keys = np.random.default_rng(0).integers(0, 2000, 100_000)
    fetching = threading.Event()
    done = threading.Event()

    def fetch() -> None:
        fetching.set()
        reader.fetch(keys)
        done.set()

    thread = threading.Thread(target=fetch)
    thread.start()
    fetching.wait()
    steps = 0
    while not done.is_set():
        steps += 1
        time.sleep(0)
    thread.join()
    assert steps > 10  # with the GIL held during the 200 MB copy there would be next to none


def test_a_feed_gives_the_shuffled_set_in_any_slices(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path, FORMAT, [60, 40])
    index = files.open()
    view = _native.View.build(index, "time")
    weights = np.arange(70, dtype=np.float32)
    _native.TrainingSet.write_ranges(tmp_path / "set", view, [(50, 50), (0, 20)], weights)
    training_set = _native.TrainingSet.open(tmp_path / "set", view)
    shuffle = _native.Order.global_shuffle(7, 0, 1, len(training_set))
    positions = np.concatenate([np.arange(50, 100), np.arange(20)])
    order = shuffle.apply(0, 70).astype(np.int64)
    reader = _native.Reader(index, files.root)

    feed = _native.Feed(training_set, shuffle, reader, [(4, 8), (0, 1)])
    for first, count in [(0, 32), (32, 38), (69, 1), (70, 0)]:
        keys, batch_weights, labels, [column, byte], _ = feed.fetch(first, count)
        expected = positions[order[first : first + count]]
        np.testing.assert_array_equal(keys, expected)
        np.testing.assert_array_equal(batch_weights, weights[order[first : first + count]])
        np.testing.assert_array_equal(labels, files.labels(expected))
        np.testing.assert_array_equal(column, files.samples(expected)[:, 4:12])
        np.testing.assert_array_equal(byte, files.samples(expected)[:, :1])

    whole = _native.Feed(training_set, _native.Order.unshuffled(70), reader, None)
    assert len(whole) == 70
    keys, _, _, [data], offsets = whole.fetch(0, 70)
    assert offsets is None
    np.testing.assert_array_equal(keys, positions)
    np.testing.assert_array_equal(data, files.samples(positions))
    with pytest.raises(ValueError, match="70"):
        feed.fetch(60, 20)
    with pytest.raises(ValueError, match="order"):
        _native.Feed(training_set, _native.Order.unshuffled(71), reader, None)
