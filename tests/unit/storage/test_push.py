"""Pushing through the Python API: what is taken, what is refused, and that nothing is lost or doubled."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.growing import RECORD, write_days

from modyn import _native
from modyn.errors import ConflictError, CorruptFileError, DatasetError
from modyn.metadata.database import Database
from modyn.storage.api import Csv, FixedRecord, SingleSample, TimestampFrom
from modyn.storage.local import LocalStorage
from modyn.storage.push import Appenders, columns_of
from modyn.storage.push_files import NamedBytes, read_files

FORMAT = FixedRecord(record_size=RECORD.itemsize, label_size=4)
SIZE = FORMAT.sample_size
BY_NAME = TimestampFrom("filename", "%Y-%m-%d")


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    database = Database.in_file(tmp_path / "modyn.sqlite")
    database.upgrade()
    return LocalStorage(database, tmp_path / "datasets")


@pytest.fixture
def growing(storage: LocalStorage, tmp_path: Path) -> LocalStorage:
    write_days(tmp_path / "data", range(2), per_day=10)
    storage.add("growing", tmp_path / "data", FORMAT, BY_NAME)
    storage.scan("growing")
    return storage


@pytest.fixture
def rows(storage: LocalStorage, tmp_path: Path) -> LocalStorage:
    (tmp_path / "rows").mkdir()
    storage.add("rows", tmp_path / "rows", Csv(label=0), TimestampFrom())
    return storage


def test_pushed_samples_wait_for_the_next_scan(growing: LocalStorage) -> None:
    receipt = growing.append("growing", bytes(3 * SIZE), [1, 2, 3])
    assert (receipt.samples, receipt.duplicate, len(receipt.batch_id)) == (3, False, 32)
    status = growing.status("growing")
    assert (status.samples, status.waiting) == (20, 3)
    growing.append("growing", bytes(2 * SIZE), [1, 2])
    assert growing.status("growing").waiting == 5


def test_a_batch_id_makes_a_call_repeatable(growing: LocalStorage) -> None:
    samples, labels = np.arange(3 * SIZE, dtype=np.uint8), [1, 2, 3]
    first = growing.append("growing", samples.reshape(3, SIZE), labels, batch_id="monday")
    assert (first.batch_id, first.duplicate) == ("monday", False)
    again = growing.append("growing", samples.tobytes(), np.array(labels, np.int8), batch_id="monday")
    assert (again.batch_id, again.samples, again.duplicate) == ("monday", 3, True)
    with pytest.raises(ConflictError, match="batch id 'monday' was used before"):
        growing.append("growing", samples.tobytes(), [1, 2, 4], batch_id="monday")
    with pytest.raises(ValueError, match="a batch id of 0 bytes"):
        growing.append("growing", samples.tobytes(), labels, batch_id="")
    assert growing.status("growing").waiting == 3


@pytest.mark.parametrize(
    "samples",
    [
        bytes(range(40)),
        bytearray(range(40)),
        memoryview(bytes(range(40))),
        np.arange(40, dtype=np.uint8).reshape(2, 20),
        np.arange(40, dtype=np.uint8).reshape(2, 4, 5),
        np.frombuffer(bytes(range(40)), "<f4").reshape(2, 5),
        np.frombuffer(bytes(range(40)), np.dtype([("a", "<i8"), ("b", "<f4"), ("c", "V8")])),
        np.arange(80, dtype=np.uint8).reshape(40, 2)[:, 0].reshape(2, 20) // 2,
        np.asfortranarray(np.arange(40, dtype=np.uint8).reshape(2, 20)),
        [bytes(range(20)), bytes(range(20, 40))],
        (bytearray(range(20)), memoryview(bytes(range(20, 40)))),
        [np.arange(20, dtype=np.uint8), np.arange(20, 40, dtype=np.uint8)],
    ],
)
def test_samples_of_one_size_may_come_in_many_shapes(samples: Any) -> None:
    columns = columns_of("growing", samples, [7, 8], 5, 20)
    assert bytes(memoryview(columns.data).cast("B")) == bytes(range(40))
    assert columns.labels.tolist() == [7, 8]
    assert columns.timestamps is not None
    assert columns.timestamps.tolist() == [5, 5]
    assert columns.lengths is None


@pytest.mark.parametrize(
    ("samples", "lengths"),
    [
        ([b"a", b"bcd", b""], [1, 3, 0]),
        ([np.float32([1]), np.float64([2]), b""], [4, 8, 0]),
        (np.zeros((3, 2), np.int16), [4, 4, 4]),
    ],
)
def test_samples_of_any_length_come_one_by_one(samples: Any, lengths: list[int]) -> None:
    columns = columns_of("rows", samples, [1, 2, 3], None, None)
    assert columns.lengths is not None
    assert columns.lengths.tolist() == lengths
    assert memoryview(columns.data).nbytes == sum(lengths)
    assert columns.timestamps is None


def test_nothing_may_be_pushed(growing: LocalStorage, rows: LocalStorage) -> None:
    assert growing.append("growing", b"", []).samples == 0
    assert growing.append("growing", np.empty((0, SIZE), np.uint8), np.empty(0)).samples == 0
    assert rows.append("rows", [], []).samples == 0


@pytest.mark.parametrize(
    ("samples", "labels", "timestamps", "size", "error", "message"),
    [
        (bytes(39), [1, 2], None, 20, ValueError, "2 samples of 20 bytes are 40 bytes, not the 39 given"),
        (bytes(40), [1], None, 20, ValueError, "1 samples of 20 bytes are 20 bytes, not the 40 given"),
        (bytes(40), [1, 2], None, None, ValueError, "give a list with the bytes of each"),
        ([bytes(20), bytes(19)], [1, 2], None, 20, ValueError, "sample 1 has 19 bytes, expected 20"),
        ([bytes(20)], [1, 2], None, 20, ValueError, "1 samples for 2 labels"),
        (np.zeros((2, 19), np.uint8), [1, 2], None, 20, ValueError, r"a row of uint8\[19\] has 19 bytes, expected 20"),
        (np.zeros((3, 20), np.uint8), [1, 2], None, 20, ValueError, "an array of 3 samples for 2 labels"),
        (np.zeros((), np.uint8), [], None, 20, ValueError, "an array of no samples for 0 labels"),
        (np.array([b"a", None], object), [1, 2], None, None, TypeError, "Python objects"),
        ("text", [1], None, None, TypeError, "encode them as bytes"),
        (["text"], [1], None, None, TypeError, "encode them as bytes"),
        ([b"a"], [1.5], None, None, TypeError, "labels of type float64, expected integers"),
        ([b"a"], [[1]], None, None, ValueError, r"labels of shape \(1, 1\)"),
        ([b"a"], np.array([2**63], np.uint64), None, None, ValueError, "labels above 9,223,372,036,854,775,807"),
        ([b"a"], [True], None, None, TypeError, "labels of type bool"),
        ([b"a"], [1], [1, 2], None, ValueError, "2 timestamps for 1 labels"),
        ([b"a"], [1], [0.5], None, TypeError, "timestamps of type float64"),
    ],
)
def test_what_does_not_fit_is_refused(
    samples: Any, labels: Any, timestamps: Any, size: int | None, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as raised:
        columns_of("growing", samples, labels, timestamps, size)
    assert "dataset 'growing'" in str(raised.value)


def test_nothing_is_written_before_all_is_checked(growing: LocalStorage) -> None:
    with pytest.raises(ValueError, match="expected 20"):
        growing.append("growing", [bytes(SIZE), bytes(1)], [1, 2])
    assert growing.status("growing").waiting == 0
    with pytest.raises(DatasetError, match="'other' is not registered"):
        growing.append("other", b"", [])


def test_threads_push_through_one_appender(growing: LocalStorage) -> None:
    failures = []

    def work(thread: int) -> None:
        try:
            for number in range(20):
                sample = np.full((1, SIZE), thread, np.uint8)
                growing.append("growing", sample, [number], batch_id=f"{thread}/{number % 10}" if number < 10 else None)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert growing.status("growing").waiting == 120


def test_a_forked_process_pushes_with_an_appender_of_its_own(growing: LocalStorage) -> None:
    growing.append("growing", bytes(SIZE), [1])
    folder = _folder(growing)
    appender = growing._appenders.of(folder, SIZE)
    child = os.fork()
    if child == 0:
        # The database belongs to the parent; only the appenders are asked here.
        try:
            own = growing._appenders.of(folder, SIZE)
            assert own is not appender
            own.append(bytes(SIZE), [2])
            os._exit(0)
        except BaseException:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    growing.append("growing", bytes(SIZE), [3])
    assert growing.status("growing").waiting == 3


def _folder(storage: LocalStorage) -> Path:
    return storage.pin("growing", manifest=1).folder


def test_files_of_records_are_samples_and_labels() -> None:
    records = np.zeros(3, np.dtype([("a", "u1"), ("label", ">i2"), ("b", "S4")]))
    records["a"], records["label"], records["b"] = [1, 2, 3], [-1, 300, 7], [b"aaaa", b"bbbb", b"cccc"]
    format = FixedRecord(record_size=7, label_size=2, label_offset=1, byteorder="big", label_signed=True)
    files = [NamedBytes("first", records[:2].tobytes()), NamedBytes("second", records[2:].tobytes())]
    found = read_files(format, TimestampFrom("filename", "%Y"), files)
    assert found.labels.tolist() == [-1, 300, 7]
    assert found.samples == b"\1aaaa\2bbbb\3cccc"
    assert found.timestamps is None
    with pytest.raises(DatasetError, match="second has 6 bytes, not a multiple of record_size 7"):
        read_files(format, TimestampFrom(), [files[0], NamedBytes("second", bytes(6))])


def test_files_of_rows_are_read_as_a_scan_reads_them() -> None:
    format = Csv(label="class", header=True)
    content = b'time,class,text\n10,1,"a, b"\n20,2,"line\nend"\n30,3,last'
    found = read_files(format, TimestampFrom("column", column="time"), [NamedBytes("standard input", content)])
    assert found.labels.tolist() == [1, 2, 3]
    assert [bytes(sample) for sample in found.samples] == [b'10,"a, b"', b'20,"line\nend"', b"30,last"]
    assert found.timestamps is not None
    assert found.timestamps.tolist() == [10, 20, 30]
    with pytest.raises(DatasetError, match="standard input has"):
        read_files(format, TimestampFrom(), [NamedBytes("standard input", b"time,class\n1,x\n")])


def test_files_of_one_sample_have_their_label_beside_them() -> None:
    files = [NamedBytes("1.png", b"pixels", b"7\n"), NamedBytes("2.png", b"", b"-1")]
    found = read_files(SingleSample(".png", ".label"), TimestampFrom(), files)
    assert found.labels.tolist() == [7, -1]
    assert [bytes(sample) for sample in found.samples] == [b"pixels", b""]
    with pytest.raises(DatasetError, match=r"1\.png has a label file 'companion' that holds 'x'"):
        read_files(SingleSample(".png", ".label"), TimestampFrom(), [NamedBytes("1.png", b"pixels", b"x")])


def test_damaged_logs_are_an_error_that_names_the_file(growing: LocalStorage, tmp_path: Path) -> None:
    growing.append("growing", bytes(SIZE), [1])
    log = next(_folder(growing).glob("pushed/*.log"))
    log.write_bytes(log.read_bytes()[:200])
    fresh = LocalStorage(Database.in_file(tmp_path / "modyn.sqlite"), tmp_path / "datasets")
    with pytest.raises(CorruptFileError, match=r"00000001\.log' is damaged at byte 200: it ends there"):
        fresh.append("growing", bytes(SIZE), [1])


def samples_of(storage: LocalStorage, name: str, manifest: int | None = None) -> dict[int, bytes]:
    """Every sample of the newest manifest, or another, by its label."""
    ref = storage.pin(name, manifest=manifest)
    index = _native.Index.open(ref.folder, ref.manifest)
    labels, offsets, data = _native.Reader(index, ref.root).fetch_any(np.arange(index.summary.next_key))
    return {label: data[offsets[i] : offsets[i + 1]].tobytes() for i, label in enumerate(labels.tolist())}


def test_pushed_samples_are_read_like_all_others(growing: LocalStorage) -> None:
    first = {100 + i: bytes([i]) * SIZE for i in range(3)}
    growing.append("growing", list(first.values()), list(first), timestamps=[5, 3, 4])
    summary = growing.scan("growing")
    assert (summary.pushed_samples, summary.new_samples, summary.new_files) == (3, 3, 0)
    status = growing.status("growing")
    assert (status.samples, status.waiting, status.interval.start) == (23, 0, 3)
    sealed = growing.pin("growing").manifest
    assert samples_of(growing, "growing").items() >= first.items()

    # The log goes on under a reader of the first manifest, and pinning seals what was pushed.
    second = {200 + i: bytes([i]) * SIZE for i in range(50)}
    growing.append("growing", list(second.values()), list(second))
    assert samples_of(growing, "growing", sealed).items() >= first.items()
    everything = samples_of(growing, "growing")
    assert everything.items() >= (first | second).items()
    assert growing.status("growing").waiting == 0

    # A log that ends is cut to its end.
    appender = _native.Appender(_folder(growing), sample_size=SIZE, log_bytes=1)
    appender.append(bytes(SIZE), [300])
    assert samples_of(growing, "growing", sealed).items() >= first.items()
    assert samples_of(growing, "growing") == everything | {300: bytes(SIZE)}


def test_pushed_rows_are_read_like_all_others(rows: LocalStorage, tmp_path: Path) -> None:
    (tmp_path / "rows" / "a.csv").write_text("1,from a file\n")
    rows.append("rows", [b"pushed", b"", b"pushed,later"], [2, 3, 4])
    assert rows.scan("rows").new_samples == 4
    assert samples_of(rows, "rows") == {1: b"from a file", 2: b"pushed", 3: b"", 4: b"pushed,later"}
    rows.append("rows", [b"more"], [5])
    assert samples_of(rows, "rows")[5] == b"more"


def test_what_fills_a_log_is_sealed_by_the_append_that_finds_it_full(growing: LocalStorage) -> None:
    growing._appenders = Appenders(log_bytes=1)
    for label in range(40):
        growing.append("growing", bytes(2 * SIZE), [label, label])
    status = growing.status("growing")
    assert (status.samples, status.waiting) == (100, 0)  # the first of a log finds the one before full
    assert _native.merge_segments(_folder(growing)).segments < 20, "they are merged as after scans"


def test_an_append_does_not_wait_for_whoever_is_to_seal(
    growing: LocalStorage, caplog: pytest.LogCaptureFixture
) -> None:
    growing._appenders = Appenders(log_bytes=1)
    growing.append("growing", bytes(SIZE), [1])

    def append(done: int, total: int) -> None:
        if growing.status("growing").waiting < 5:
            growing.append("growing", bytes(SIZE), [2])

    assert growing.scan("growing", append).pushed_samples >= 1
    assert not caplog.records
    damaged = _folder(growing) / "pushed" / "00000001.log"
    damaged.write_bytes(bytes(100))
    receipt = growing.append("growing", bytes(SIZE), [3])
    assert receipt.samples == 1
    assert "could not be sealed yet" in caplog.text
    assert str(damaged) in caplog.text


def test_full_logs_are_sealed_while_others_push(growing: LocalStorage, caplog: pytest.LogCaptureFixture) -> None:
    growing._appenders = Appenders(log_bytes=20 * SIZE)

    def push(label: int) -> None:
        for _ in range(100):
            growing.append("growing", bytes(2 * SIZE), [label, label])

    threads = [threading.Thread(target=push, args=(label,)) for label in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not caplog.records
    assert growing.status("growing").samples > 20 + 400
    assert growing.scan("growing").status.samples == 20 + 800


def test_logs_of_deleted_samples_are_collected(growing: LocalStorage) -> None:
    growing._appenders = Appenders(log_bytes=1)
    for label in range(4):
        growing.append("growing", bytes([label]) * SIZE, [label], batch_id=str(label))
    growing.scan("growing")
    pushed = np.arange(20, 24)
    assert growing.collect("growing", grace_s=0).logs == 0
    growing.delete_samples("growing", pushed[:3])
    assert growing.collect("growing").logs == 0, "older states may still be read for a day"
    summary = growing.collect("growing", grace_s=0)
    assert (summary.logs, summary.bytes > 3 * SIZE) == (3, True)
    assert growing.append("growing", bytes([2]) * SIZE, [2], batch_id="2").duplicate
    assert bytes(growing.snapshot("growing").fetch([23])[0]) == bytes([3]) * SIZE
    assert not growing.check("growing").findings


def test_a_view_does_not_wait_for_a_scan_to_end(growing: LocalStorage) -> None:
    in_scan, go_on = threading.Event(), threading.Event()

    def slow(done: int, total: int) -> None:
        in_scan.set()
        go_on.wait(30)

    scan = threading.Thread(target=lambda: growing.scan("growing", slow))
    scan.start()
    assert in_scan.wait(30)
    growing.append("growing", bytes(SIZE), [100])
    assert len(growing.open_view(growing.pin("growing"))) == 20
    go_on.set()
    scan.join()
    assert len(growing.open_view(growing.pin("growing"))) == 21
