"""A watch finds what appears, survives what fails, and ends when it is told to."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.growing import RECORD, write_days

from modyn import _native
from modyn.errors import ConflictError, DatasetError
from modyn.metadata.database import Database
from modyn.storage.api import DatasetOptions, FixedRecord, ScanSummary, SingleSample, TimestampFrom
from modyn.storage.local import LocalStorage
from modyn.storage.watcher import DatasetWatch, OnlyScanning, ScanFailed, Scanned, WatchEvent

FORMAT = FixedRecord(record_size=RECORD.itemsize, label_size=4)
BY_NAME = TimestampFrom("filename", "%Y-%m-%d")
LONG_S = 30.0  # for a loaded machine; no test waits for it where all is well
MIN_INTERVAL_S = 0.05


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    database = Database.in_file(tmp_path / "modyn.sqlite")
    database.upgrade()
    return LocalStorage(database, tmp_path / "datasets")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_days(tmp_path / "data", range(3), per_day=10)
    return tmp_path / "data"


@pytest.fixture
def growing(storage: LocalStorage, data: Path) -> LocalStorage:
    storage.add("growing", data, FORMAT, BY_NAME)
    return storage


class Events:
    """The events of a watch in the background."""

    def __init__(self, watch: DatasetWatch) -> None:
        self.watch = watch
        self._queue: queue.SimpleQueue[WatchEvent] = queue.SimpleQueue()
        watch.start(self._queue.put)

    def until(self, wanted: Callable[[Any], bool]) -> Any:
        """The first event that is wanted."""
        deadline = time.monotonic() + LONG_S
        while True:
            event = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            if wanted(event):
                return event

    def until_samples(self, samples: int) -> Scanned:
        found: Scanned = self.until(lambda event: isinstance(event, Scanned) and samples_of(event) == samples)
        return found


def samples_of(event: Scanned) -> int:
    return event.summary.status.samples


@pytest.fixture
def watching() -> Iterator[Callable[[DatasetWatch], Events]]:
    watches = []

    def start(watch: DatasetWatch) -> Events:
        watches.append(watch)
        return Events(watch)

    yield start
    for watch in watches:
        watch.close(LONG_S)
        assert not watch.running


def notified(folder: Path) -> bool:
    return not _native.Watcher([_native.WatchedFolder(folder)]).scans_because


def test_what_appears_and_grows_is_found_long_before_the_interval(
    growing: LocalStorage, data: Path, watching: Callable[[DatasetWatch], Events]
) -> None:
    if not notified(data):
        pytest.skip("the system tells of no changes here")
    events = watching(growing.watch("growing", scan_interval_s=1000, min_interval_s=MIN_INTERVAL_S))
    assert events.until_samples(30).because == "start"
    write_days(data / "later" / "deep", range(3, 5), per_day=10)
    assert events.until_samples(50).because == "changes"
    file = next(iter(data.glob("*.bin")))
    with file.open("ab") as held_open:
        held_open.write(file.read_bytes()[: RECORD.itemsize])
        held_open.flush()
        grown = events.until_samples(51)
        assert grown.summary.grown_files == 1


def test_the_interval_bounds_what_nobody_told_of(
    growing: LocalStorage, data: Path, tmp_path: Path, watching: Callable[[DatasetWatch], Events]
) -> None:
    # A watcher that listens elsewhere stands for events that are lost.
    deaf = _native.Watcher([_native.WatchedFolder(tmp_path / "elsewhere")])
    watch = DatasetWatch(lambda progress: growing.scan("growing", progress), deaf, 0.1)
    events = watching(watch)
    events.until_samples(30)
    write_days(data, range(3, 4), per_day=10)
    assert events.until_samples(40).because == "interval"


def test_a_file_in_quarantine_enters_when_it_is_whole(
    growing: LocalStorage, data: Path, watching: Callable[[DatasetWatch], Events]
) -> None:
    file = data / "2013-01-20.bin"
    file.write_bytes(b"x" * (RECORD.itemsize + 5))
    events = watching(growing.watch("growing", scan_interval_s=0.2, min_interval_s=MIN_INTERVAL_S))
    first = events.until_samples(30)
    assert [bad.path for bad in first.summary.status.quarantined] == [file.name]
    with file.open("ab") as more:
        more.write(b"x" * (RECORD.itemsize - 5))
    assert events.until_samples(32).summary.status.quarantined == ()


def test_a_sample_without_its_label_enters_when_the_label_comes(
    storage: LocalStorage, tmp_path: Path, watching: Callable[[DatasetWatch], Events]
) -> None:
    images = tmp_path / "images"
    images.mkdir()
    (images / "1.png").write_bytes(b"pixels")
    storage.add("images", images, SingleSample(".png", ".label"), TimestampFrom())
    events = watching(storage.watch("images", scan_interval_s=0.2, min_interval_s=MIN_INTERVAL_S))
    first = events.until_samples(0)
    assert [bad.path for bad in first.summary.status.quarantined] == ["1.png"]
    (images / "1.label").write_text("7")
    assert events.until_samples(1).summary.status.quarantined == ()


def test_a_folder_that_vanishes_and_comes_back_only_interrupts(
    growing: LocalStorage, data: Path, tmp_path: Path, watching: Callable[[DatasetWatch], Events]
) -> None:
    events = watching(growing.watch("growing", scan_interval_s=0.2, min_interval_s=MIN_INTERVAL_S))
    events.until_samples(30)
    data.rename(tmp_path / "away")
    failed = events.until(lambda event: isinstance(event, ScanFailed))
    assert isinstance(failed.error, DatasetError)
    assert "has vanished" in str(failed.error)
    (tmp_path / "away").rename(data)
    write_days(data, range(3, 4), per_day=10)
    events.until_samples(40)
    write_days(data, range(4, 5), per_day=10)
    events.until_samples(50)


def test_a_failing_scan_is_tried_again_ever_more_seldom(tmp_path: Path) -> None:
    scans: list[float] = []
    problems: list[Exception] = [OSError("first"), ConflictError("second"), RuntimeError("a defect")]

    def scan(progress: Callable[[int, int], None]) -> ScanSummary:
        scans.append(time.monotonic())
        raise problems[len(scans) - 1]

    watch = DatasetWatch(scan, _native.Watcher([_native.WatchedFolder(tmp_path)]), 0.1)
    seen = []
    for event in watch.events():
        if isinstance(event, ScanFailed):
            seen.append((str(event.error), event.retry_in_s))
        if len(seen) == 3:
            watch.stop()
    assert seen == [("first", 1.0), ("second", 2.0), ("a defect", 4.0)]
    assert scans[1] - scans[0] >= 0.9
    assert scans[2] - scans[1] >= 1.9


@pytest.mark.parametrize("interval", [0, -1, float("nan"), float("inf")])
def test_an_interval_that_would_spin_or_never_end_is_refused(growing: LocalStorage, interval: float) -> None:
    with pytest.raises(ValueError, match="must be a positive number"):
        growing.watch("growing", scan_interval_s=interval)


def test_the_interval_is_the_datasets_own_if_none_is_given(storage: LocalStorage, data: Path) -> None:
    storage.add("growing", data, FORMAT, BY_NAME, DatasetOptions(scan_interval_s=0.1))
    watch = storage.watch("growing")
    scanned = (event for event in watch.events() if isinstance(event, Scanned))
    assert [next(scanned).because for _ in range(3)] == ["start", "interval", "interval"]
    with pytest.raises(DatasetError, match="'other' is not registered"):
        storage.watch("other")


def test_stopping_ends_a_long_wait_at_once(growing: LocalStorage) -> None:
    watch = growing.watch("growing", scan_interval_s=1000)
    events = Events(watch)
    events.until_samples(30)
    assert watch.running
    start = time.monotonic()
    watch.close(LONG_S)
    assert time.monotonic() - start < 5
    assert not watch.running
    assert watch.failure is None
    watch.close()


def test_stopping_abandons_the_scan_that_is_being_made(growing: LocalStorage, tmp_path: Path) -> None:
    in_scan, go_on = threading.Event(), threading.Event()

    def scan(progress: Callable[[int, int], None]) -> ScanSummary:
        def slow(done: int, total: int) -> None:
            in_scan.set()
            go_on.wait(LONG_S)
            progress(done, total)

        return growing.scan("growing", slow)

    watch = DatasetWatch(scan, _native.Watcher([_native.WatchedFolder(tmp_path)]), 1000).start()
    assert in_scan.wait(LONG_S)
    watch.stop()
    with pytest.raises(TimeoutError, match="in the middle of a scan"):
        watch.close(0.1)
    go_on.set()
    watch.close(LONG_S)
    assert watch.failure is None
    assert growing.status("growing").samples in (0, 30)  # abandoned, or its last call came after the commit


def test_a_watch_that_died_does_not_look_alive(growing: LocalStorage) -> None:
    def report(event: WatchEvent) -> None:
        raise KeyError("no such listener")

    watch = growing.watch("growing").start(report)
    deadline = time.monotonic() + LONG_S
    while watch.running and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not watch.running
    assert isinstance(watch.failure, KeyError)
    with pytest.raises(RuntimeError, match="started before"):
        watch.start()


def test_a_signal_interrupts_a_wait_in_the_main_thread(tmp_path: Path) -> None:
    watcher = _native.Watcher([_native.WatchedFolder(tmp_path)])
    before = signal.signal(signal.SIGUSR1, lambda number, frame: watcher.stop())
    try:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        start = time.monotonic()
        assert watcher.wait(LONG_S) == "stop"
        assert time.monotonic() - start < 10
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_another_scan_is_not_waited_for_long(growing: LocalStorage) -> None:
    in_scan, go_on = threading.Event(), threading.Event()

    def slow(done: int, total: int) -> None:
        in_scan.set()
        go_on.wait(LONG_S)

    other = threading.Thread(target=lambda: growing.scan("growing", slow))
    other.start()
    assert in_scan.wait(LONG_S)
    watch = growing.watch("growing", scan_interval_s=0.1)
    events = Events(watch)
    failed = events.until(lambda event: isinstance(event, ScanFailed))
    assert isinstance(failed.error, ConflictError)
    go_on.set()
    other.join()
    events.until_samples(30)
    watch.close(LONG_S)


def test_where_no_changes_are_told_the_reason_is_and_scanning_goes_on(
    growing: LocalStorage, data: Path, watching: Callable[[DatasetWatch], Events]
) -> None:
    class Silent:
        scans_because = "'/data' lies on a file system (nfs) that does not tell of all changes"

        def __init__(self) -> None:
            self._stop = threading.Event()

        def wait(self, timeout_s: float) -> str:
            return "stop" if self._stop.wait(timeout_s) else "timeout"

        def stop(self) -> None:
            self._stop.set()

    watch = DatasetWatch(lambda progress: growing.scan("growing", progress), Silent(), 0.1)  # type: ignore[arg-type]
    events = watching(watch)
    assert "nfs" in events.until(lambda event: isinstance(event, OnlyScanning)).reason
    write_days(data, range(3, 4), per_day=10)
    later = events.until(lambda event: isinstance(event, OnlyScanning) or samples_of(event) == 40)
    assert isinstance(later, Scanned), "the reason is told once"


def test_the_datasets_own_folder_below_the_root_wakes_nobody(tmp_path: Path) -> None:
    root = tmp_path / "data"
    write_days(root, range(2), per_day=10)
    if not notified(root):
        pytest.skip("the system tells of no changes here")
    database = Database.in_file(tmp_path / "modyn.sqlite")
    database.upgrade()
    storage = LocalStorage(database, root / "datasets")
    storage.add("growing", root, FORMAT, BY_NAME)
    watch = storage.watch("growing", scan_interval_s=0.5, min_interval_s=0.01)
    scanned = (event for event in watch.events() if isinstance(event, Scanned))
    assert [next(scanned).because for _ in range(4)] == ["start", "interval", "interval", "interval"]
    shutil.rmtree(root)
