from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.unit.native.record_files import RecordFiles, RecordFormat

from modyn import _native
from modyn.errors import CorruptFileError

FORMAT = RecordFormat(record_size=8, label_size=4)


def test_progress_is_reported_and_its_errors_end_the_scan(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path, FORMAT, [1] * 20)

    def fail(done: int, total: int) -> None:
        raise RuntimeError("enough")

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(RuntimeError, match="enough"):
        files.scan(progress=fail)
    with pytest.raises(KeyboardInterrupt):
        files.scan(progress=interrupt)
    seen: list[tuple[int, int]] = []
    report = files.scan(progress=lambda done, total: seen.append((done, total)))
    assert report.new_files == 20  # the ended scans left nothing behind
    assert seen
    assert seen[-1] == (20, 20)
    assert all(done <= total for done, total in seen)


def test_options_are_checked(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path, FORMAT, [1])
    with pytest.raises(ValueError, match="there is no format 'hdf5'"):
        files.scan(format="format=hdf5\n")
    with pytest.raises(ValueError, match="on_change 'ignore' is none of 'report', 'replace'"):
        files.scan(on_change="ignore")
    with pytest.raises(ValueError, match="timestamp_source 'ctime'"):
        files.scan(timestamp_source="ctime")


def test_paths_are_bytes_that_keep_any_name(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path, FORMAT, [2])
    name = b"caf\xe9 '\n\".bin"
    (Path(os.fsdecode(bytes(files.root) + b"/" + name))).write_bytes(b"\x01\0\0\0abcd")
    index = files.open()
    paths = {index.source_file(number).path for number in range(index.source_files)}
    assert paths == {b"records-0.bin", name}
    _, data = _native.Reader(index, bytes(files.root)).fetch([2])
    assert data.tobytes() == b"abcd"


def test_quarantined_files_are_listed(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path, FORMAT, [2])
    (files.root / "torn.bin").write_bytes(b"123456789")
    report = files.scan()
    assert [file.path for file in report.quarantined] == [b"torn.bin"]
    assert report.quarantined[0].size == 9
    assert "9" in report.quarantined[0].reason
    assert [file.path for file in _native.quarantine(files.dataset).quarantined] == [b"torn.bin"]


def test_a_damaged_manifest_is_a_corrupt_file(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path, FORMAT, [2])
    files.scan()
    for path in files.dataset.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        if len(content) > 100:
            path.write_bytes(content[:64] + bytes(byte ^ 0xFF for byte in content[64:]))
    with pytest.raises(CorruptFileError):
        _native.Index.open(files.dataset).verify()


def test_orders_of_a_view(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path, FORMAT, [3, 4])
    files.scan()
    (files.root / "late.bin").write_bytes(b"\x01\0\0\0abcd")
    os.utime(files.root / "late.bin", (900_000_000, 900_000_000))
    index = files.open()
    by_time = _native.View.build(index, "time")
    by_sequence = _native.View.build(index, "sequence")
    assert by_sequence.keys(0, 8).tolist() == list(range(8))
    assert by_time.keys(0, 8).tolist() == [7, 0, 1, 2, 3, 4, 5, 6]
    assert by_time.keys_at([7, 0]).tolist() == [6, 7]
    assert by_time.position_of_time(1_000_000_000) == 1
    assert by_time.timestamps(0, 2).tolist() == [900_000_000, 1_000_000_000]
    assert by_time.labels(0, 1).tolist() == [1]
    assert by_time.index.summary.samples == 8
    assert (by_time.order, by_sequence.order) == ("time", "sequence")
    with pytest.raises(ValueError, match="'age'"):
        _native.View.build(index, "age")
