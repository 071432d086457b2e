"""A full disk while Modyn writes: an error that says so and names the place, and afterwards all goes on.

Each case runs where files may not grow and where the file system is full, with room for nothing, for a part, and for
almost all of what is written, so that the error strikes at every step.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from modyn import _native
from modyn.storage.sample_format import FixedRecord, TimestampFrom, settings_text
from tests.fault.small_disks import Disk, LimitedFiles, on_small_file_system

ROOMS = [0, 1, 4096, 10_000, 50_000, 100_000, 170_000]
RECORD = np.dtype([("label", "<u8"), ("number", "<u8")])
FORMAT = settings_text(FixedRecord(record_size=16, label_size=8), TimestampFrom())


def expect_full(disk: Disk, room: int, action: Callable[[], object]) -> bool:
    """Whether the action found too little room; if so, its error said it."""
    with disk.full(room):
        try:
            action()
        except OSError as error:
            assert error.errno in (errno.ENOSPC, errno.EFBIG, None), error  # noqa: PT017
            assert disk.reason in str(error), error  # noqa: PT017
            assert str(disk.folder) in str(error), f"names no file: {error}"  # noqa: PT017
            return True
    return False


def files_below(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def write_source(folder: Path, number: int, records: int) -> None:
    """Source file `number`, whose labels are random and as wide as labels may be."""
    rows = np.zeros(records, RECORD)
    rows["label"] = np.random.default_rng(number).integers(0, 2**62, records)
    rows["number"] = np.arange(records)
    folder.mkdir(exist_ok=True)
    rows.tofile(folder / f"{number}.bin")
    os.utime(folder / f"{number}.bin", (number, number))


def scan(dataset: Path, root: Path) -> _native.ScanReport:
    return _native.scan(dataset, root, format=FORMAT, file_extension=".bin")


def ingest(disk: Disk) -> None:
    """A scan publishes all or nothing, and takes all when there is room."""
    root, dataset = disk.folder.parent / f"{disk.folder.name}-data", disk.folder / "dataset"
    write_source(root, 0, 100)
    (root / "torn.bin").write_bytes(b"x")  # so that the quarantine list is written as well
    scan(dataset, root)
    failures = 0
    for number, room in enumerate(ROOMS, start=1):
        write_source(root, number, 20_000)
        before, known = _native.Index.open(dataset).summary, files_below(dataset)
        if expect_full(disk, room, lambda: scan(dataset, root)):
            failures += 1
            after = _native.Index.open(dataset).summary
            assert (after.manifest, after.samples) == (before.manifest, before.samples)
            unnamed = files_below(dataset) - known
            scan(dataset, root)
            assert not files_below(dataset) & unnamed, "what a writer leaves that failed, the next one removes"
        index = _native.Index.open(dataset)
        index.verify()
        assert index.summary.samples == before.samples + 20_000
        source = np.fromfile(root / f"{number}.bin", RECORD)
        labels, data = _native.Reader(index, root).fetch(np.arange(before.next_key, index.summary.next_key))
        np.testing.assert_array_equal(labels, source["label"].astype(np.int64))
        np.testing.assert_array_equal(data.view("<u8")[:, 0], source["number"])
    assert failures >= 5


def delete_and_merge(disk: Disk) -> None:
    """Neither changes anything before it is durable."""
    root, dataset = disk.folder.parent / f"{disk.folder.name}-data", disk.folder / "dataset"
    for number in range(12):
        write_source(root, number, 3_000)
        scan(dataset, root)
    left = np.arange(36_000)
    failures = 0

    def expect_left() -> None:
        index = _native.Index.open(dataset)
        index.verify()
        assert _native.View.build(index, "sequence").keys(0, index.summary.samples).tolist() == left.tolist()

    for room in ROOMS:
        gone = left[np.random.default_rng(room).permutation(len(left))[:1_000]]
        known = files_below(dataset)
        if expect_full(disk, room, lambda: _native.delete_samples(dataset, gone)):  # noqa: B023
            failures += 1
            expect_left()
            unnamed = files_below(dataset) - known
            _native.delete_samples(dataset, gone)
            assert not files_below(dataset) & unnamed, "what a writer leaves that failed, the next one removes"
        left = np.setdiff1d(left, gone)
        expect_left()
    assert failures >= 3

    failures = 0
    known = files_below(dataset)
    unnamed = set()
    for room in ROOMS:
        if expect_full(disk, room, lambda: _native.merge_segments(dataset)):
            failures += 1
            expect_left()
            unnamed |= files_below(dataset) - known
    assert failures >= 4
    assert _native.merge_segments(dataset).merged > 1
    expect_left()
    assert not files_below(dataset) & unnamed


def push(disk: Disk) -> None:
    """What could not be written was not acknowledged and is not there; the same appender goes on."""
    dataset = disk.folder / "dataset"
    appender = _native.Appender(dataset, sample_size=1000)
    count = 0
    failures = 0

    def append(samples: int) -> _native.AppendReceipt:
        data = np.repeat(np.arange(count, count + samples)[:, None], 125, axis=1)
        return appender.append(data, np.arange(count, count + samples), batch_id=f"{count}")

    def there() -> int:
        _native.verify_pushed(dataset)
        return sum(log.samples for log in _native.pushed_logs(dataset))

    for room in ROOMS:
        if expect_full(disk, room, lambda: append(3_000)):
            failures += 1
            assert there() == count
        assert not append(3_000).duplicate
        count += 3_000
        assert there() == count
    assert failures >= 5


def seal(disk: Disk) -> None:
    """Pushed samples that could not be sealed are sealed by the next scan, each once."""
    root, dataset = disk.folder.parent / f"{disk.folder.name}-data", disk.folder / "dataset"
    root.mkdir()
    appender = _native.Appender(dataset, sample_size=8)
    labels: list[int] = []
    failures = 0
    for number, room in enumerate(ROOMS):
        new = np.random.default_rng(number).integers(0, 2**62, 20_000)
        appender.append(new, new)
        labels += new.tolist()
        before = _native.Index.open(dataset).summary.samples if number else 0
        if expect_full(disk, room, lambda: scan(dataset, root)):
            failures += 1
            assert _native.Index.open(dataset).summary.samples == before
            scan(dataset, root)
        index = _native.Index.open(dataset)
        assert index.labels(np.arange(index.summary.next_key)).tolist() == labels
        found, data = _native.Reader(index, root).fetch(np.arange(before, len(labels)))
        np.testing.assert_array_equal(data.view("<i8")[:, 0], found)
    assert failures >= 5


def training_set(disk: Disk) -> None:
    """No half-written set under its name, nor beside it."""
    root, dataset = disk.folder.parent / f"{disk.folder.name}-sets", disk.folder / "dataset"
    write_source(root, 0, 20_000)
    scan(dataset, root)
    view = _native.View.build(_native.Index.open(dataset), "time")
    keys = np.random.default_rng(0).permutation(20_000)
    weights = np.linspace(0, 1, len(keys), dtype=np.float32)
    failures = 0
    for room in ROOMS:
        sets = disk.folder / f"sets-{room}"
        sets.mkdir()
        if expect_full(disk, room, lambda: _native.TrainingSet.write_keys(sets / "set", view, keys, weights)):  # noqa: B023
            failures += 1
            assert files_below(sets) == set(), "something was left behind"
            _native.TrainingSet.write_keys(sets / "set", view, keys, weights)
        found, found_weights = _native.TrainingSet.open(sets / "set", view).read(0, len(keys))
        np.testing.assert_array_equal(found, keys)
        np.testing.assert_array_equal(found_weights, weights)
    assert failures >= 5


def ledger(disk: Disk) -> None:
    """What could not be written is not there, also not when the ledger is opened again; the same writer goes on."""
    path = disk.folder / "ledger"
    writer = _native.LedgerWriter(path)
    keys = np.random.default_rng(0).integers(0, 2**40, 20_000)
    informed = 0
    failures = 0

    def inform() -> None:
        writer.inform(0, informed, keys + informed, keys, keys)
        writer.sync()

    def expect_informed() -> None:
        seen = _native.Ledger.open(path).samples(0, 1)
        assert len(seen) == informed * len(keys)
        for batch in range(informed):
            np.testing.assert_array_equal(seen.keys(batch * len(keys), len(keys)), keys + batch)

    for room in ROOMS:
        if expect_full(disk, room, inform):
            failures += 1
            expect_informed()
        inform()
        informed += 1
        expect_informed()
    assert failures >= 5
    writer.end_trigger(0)
    assert _native.Ledger.open(path).triggers == 1
    expect_informed()


def stored_view(disk: Disk) -> None:
    """A view that finds no room is held in memory: reading needs no disk."""
    root, dataset = disk.folder.parent / f"{disk.folder.name}-view", disk.folder / "dataset"
    samples = (1 << 20) + 10_000
    record = np.dtype([("label", "u1"), ("time", "<i4")])
    rows = np.zeros(samples, record)
    rows["time"] = np.random.default_rng(0).permutation(samples)
    root.mkdir()
    rows.tofile(root / "all.bin")
    format = settings_text(FixedRecord(record_size=5, label_size=1), TimestampFrom("column", column=1, size=4))
    _native.scan(dataset, root, format=format, file_extension=".bin", timestamp_source="column")
    index = _native.Index.open(dataset)
    with disk.full(1_000_000):
        view = _native.View.build(index, "time")
        assert not files_below(dataset / "views")
        np.testing.assert_array_equal(view.timestamps(0, samples), np.arange(samples))
    np.testing.assert_array_equal(_native.View.build(index, "time").keys(0, samples), view.keys(0, samples))
    assert len(files_below(dataset / "views")) == 1


CASES = [ingest, delete_and_merge, push, seal, training_set, ledger, stored_view]


@pytest.mark.parametrize("case", CASES)
def test_where_files_may_not_grow(case: Callable[[Disk], None], tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    case(LimitedFiles(tmp_path / "disk"))


@pytest.mark.skipif(sys.platform != "linux", reason="needs tmpfs")
@pytest.mark.parametrize("case", CASES)
def test_where_the_file_system_is_full(case: Callable[[Disk], None], tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    on_small_file_system(tmp_path / "disk", f"{__name__}:{case.__name__}")
