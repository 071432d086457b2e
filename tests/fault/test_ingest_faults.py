"""What goes wrong in a folder that others fill: nothing that was whole is lost, and nothing is taken twice."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from modyn import _native
from modyn.errors import SourceChangedError, UnknownKeyError
from modyn.storage.sample_format import FixedRecord, SampleFormat
from tests.fault.labelled_files import FILES, FORMATS, RECORDS, ROWS, expect_samples, put, sample, scan


def damage(path: Path, format: SampleFormat) -> None:
    """Make the file one that cannot be taken."""
    if format is RECORDS:
        path.write_bytes(path.read_bytes()[:-1])
    elif format is ROWS:
        path.write_bytes(path.read_bytes() + b"no label\n")
    else:
        path.with_suffix(".label").unlink()


@pytest.mark.parametrize("threads", [1, 8])
@pytest.mark.parametrize("kind", FORMATS)
def test_bad_files_stop_nobody_and_enter_when_they_are_mended(kind: str, threads: int, tmp_path: Path) -> None:
    format = FORMATS[kind]
    files = {tmp_path / "data" / f"{number % 5}" / f"{number:03}.data": [number] for number in range(60)}
    for path, labels in files.items():
        put(path, format, labels)
    bad = [path for path in files if files[path][0] % 4 == 0]
    for path in bad:
        damage(path, format)

    for _ in range(2):  # they stay what they are for as long as nobody mends them
        report = scan(tmp_path, format, threads)
        assert sorted(file.path for file in report.quarantined) == sorted(
            bytes(path.relative_to(tmp_path / "data")) for path in bad
        )
    good = [label for path, labels in files.items() if path not in bad for label in labels]
    expect_samples(tmp_path, good)

    for path in bad:
        put(path, format, files[path])
    report = scan(tmp_path, format, threads)
    assert (report.new_files, report.new_samples, len(report.quarantined)) == (15, 15, 0)
    expect_samples(tmp_path, list(range(60)))


@pytest.mark.parametrize("kind", FORMATS)
def test_no_time_of_modification_keeps_a_file_out(kind: str, tmp_path: Path) -> None:
    """Later, equal and earlier than all before, at the epoch and before it: copies that keep times come late."""
    format = FORMATS[kind]
    for number, mtime in enumerate([2_000_000, 2_000_000, 3_000_000, 1_000_000, 2_000_000.5, 0, -86_400]):
        put(tmp_path / "data" / f"{number}.data", format, [number], mtime)
        assert scan(tmp_path, format).new_samples == 1
    expect_samples(tmp_path, list(range(7)))
    report = scan(tmp_path, format)
    assert (report.new_samples, report.known_files) == (0, 7)
    times = _native.Index.open(tmp_path / "dataset").timestamps(np.arange(7))
    assert times.tolist() == [2_000_000, 2_000_000, 3_000_000, 1_000_000, 2_000_000, 0, -86_400]


@pytest.mark.parametrize("kind", ["records", "rows"])
def test_every_sample_is_there_once_however_a_file_grows(kind: str, tmp_path: Path) -> None:
    format = FORMATS[kind]
    path = tmp_path / "data" / "growing.data"
    labels: list[int] = []
    for step in range(12):
        labels += range(len(labels), len(labels) + step)
        put(path, format, labels)
        scan(tmp_path, format)
        scan(tmp_path, format)
        expect_samples(tmp_path, labels)


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_rows_are_counted_with_and_without_a_final_line_end(ending: bytes, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.data").write_bytes(b"\n".join(b"%b,%d" % (sample(n), n) for n in range(9)) + ending)
    scan(tmp_path, ROWS)
    expect_samples(tmp_path, list(range(9)))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("vanish", [os.unlink, lambda path: os.truncate(path, 0)], ids=["removed", "emptied"])
def test_samples_of_a_file_that_vanished_keep_their_keys_and_are_an_error(
    kind: str, vanish: Callable[[Path], None], tmp_path: Path
) -> None:
    """Never other bytes under their keys, and never fewer samples than asked for."""
    format = FORMATS[kind]
    for number in range(4):
        put(tmp_path / "data" / f"{number}.data", format, [number], mtime=number)
    scan(tmp_path, format)
    vanish(tmp_path / "data" / "2.data")
    report = scan(tmp_path, format)
    assert [file.path for file in report.conflicts] == [b"2.data"]
    index = _native.Index.open(tmp_path / "dataset")
    assert index.labels(np.arange(4)).tolist() == [0, 1, 2, 3]
    reader = _native.Reader(index, tmp_path / "data")
    assert reader.fetch_any([3, 0, 1])[0].tolist() == [3, 0, 1]
    with pytest.raises(SourceChangedError, match=r"2\.data"):
        reader.fetch_any([3, 2, 1])


@pytest.mark.parametrize("kind", FORMATS)
def test_keys_that_there_are_not_are_named(kind: str, tmp_path: Path) -> None:
    format = FORMATS[kind]
    for number in range(3):
        put(tmp_path / "data" / f"{number}.data", format, [number])
    scan(tmp_path, format)
    index = _native.Index.open(tmp_path / "dataset")
    reader = _native.Reader(index, tmp_path / "data")
    for key in (-1, 3, 2**62):
        for ask in (reader.fetch_any, index.labels, index.timestamps, index.places):
            with pytest.raises(UnknownKeyError, match=str(key)):
                ask([0, key, 2])
    assert reader.fetch_any([])[0].size == 0


@pytest.mark.parametrize("label", ["12345678", "-7", " 42\n"])
def test_labels_beside_a_sample_are_whole_numbers(label: str, tmp_path: Path) -> None:
    put(tmp_path / "data" / "a.data", FILES, [0])
    (tmp_path / "data" / "a.label").write_text(label)
    for number, wrong in enumerate(["7up", "", "1.5", "9" * 30, "one"]):
        put(tmp_path / "data" / f"wrong-{number}.data", FILES, [0])
        (tmp_path / "data" / f"wrong-{number}.label").write_text(wrong)
    report = scan(tmp_path, FILES)
    assert len(report.quarantined) == 5
    assert _native.Index.open(tmp_path / "dataset").labels([0]).tolist() == [int(label)]


@pytest.mark.parametrize("byteorder", ["little", "big"])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7, 8])
def test_labels_in_a_record_keep_sign_and_value(size: int, byteorder: str, tmp_path: Path) -> None:
    values = [0, 1, -1, 2 ** (8 * size - 1) - 1, -(2 ** (8 * size - 1))]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.data").write_bytes(
        b"".join(b"x" + value.to_bytes(size, byteorder, signed=True) for value in values)
    )
    scan(
        tmp_path,
        FixedRecord(
            record_size=size + 1,
            label_size=size,
            label_offset=1,
            byteorder=byteorder,
            label_signed=True,
            file_extension=".data",
        ),
    )
    assert _native.Index.open(tmp_path / "dataset").labels(np.arange(5)).tolist() == values


def test_a_byte_order_that_there_is_not_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "data" / "a.data", RECORDS, [1])
    with pytest.raises(ValueError, match="byte_order is 'middle'"):
        scan(tmp_path, replace(RECORDS, byteorder="middle"))
    assert not (tmp_path / "dataset").exists()


def test_asking_again_and_again_for_what_is_new_gives_each_sample_once(tmp_path: Path) -> None:
    """Also where nothing is new, where times are equal, and where what is new is older."""
    seen: list[int] = []
    sequence = 0
    for number, mtime in enumerate([5, None, 5, 5, None, None, 3, 9, None, 9]):
        if mtime is not None:
            put(tmp_path / "data" / f"{number}.data", RECORDS, [10 * number, 10 * number + 1], mtime)
        scan(tmp_path, RECORDS)
        index = _native.Index.open(tmp_path / "dataset")
        news = _native.Samples.select(index, since=sequence)
        assert len(news) == (0 if mtime is None else 2)
        seen += news.read(0, len(news))[2].tolist()
        sequence = index.summary.sequence
    assert seen == [10 * number + record for number in (0, 2, 3, 6, 7, 9) for record in (0, 1)]


def test_training_and_evaluation_agree_on_the_second_between_two_intervals(tmp_path: Path) -> None:
    for number in range(20):
        put(tmp_path / "data" / f"{number}.data", RECORDS, [number], mtime=number // 2)
    scan(tmp_path, RECORDS)
    index = _native.Index.open(tmp_path / "dataset")
    view = _native.View.build(index, "time")
    for end in range(11):
        before, after = (
            _native.Samples.select(index, order="time", **bound) for bound in ({"end": end}, {"start": end})
        )
        assert len(before) == view.position_of_time(end) == _native.count_samples(index, end=end) == 2 * end
        assert len(before) + len(after) == 20
        assert before.read(0, len(before))[0].tolist() == view.keys(0, 2 * end).tolist()
