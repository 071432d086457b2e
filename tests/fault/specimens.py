"""One file of every format that Modyn writes, small and large, each with a way to read all of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from modyn import _native
from modyn.storage.sample_format import Csv, FixedRecord, SampleFormat, TimestampFrom, settings_text

WORDS = np.array(["ab", "c", "defgh", "ijklmnopqrstuvwxyz"])


@dataclass(frozen=True)
class Specimen:
    """A file whose bytes [0, size) matter.

    `read` opens it and reads all that it holds; equal bytes give equal answers.
    """

    kind: str
    path: Path
    size: int
    read: Callable[[], object]


def specimens(folder: Path) -> list[Specimen]:
    """Files of every kind that have to be right: a wrong byte in one of them is an error."""
    records = _records(folder / "records", files=3, per_file=7)
    grown = _records(folder / "grown", files=40, per_file=25, commits=12)
    rows = _rows(folder / "rows", files=4, per_file=2_000)
    scattered = _scattered(folder / "scattered", samples=(1 << 20) + 20_000)
    found = _of_training_sets(folder / "sets", records, few=True)
    found += _of_training_sets(folder / "sets", rows, few=False)
    _delete(grown, rows)
    for dataset in (records, grown, rows):
        found += _of_index(dataset)
    found += _of_pushed(folder / "pushed", sample_size=32, batches=3)
    found += _of_pushed(folder / "pushed-rows", sample_size=0, batches=40)
    found.append(_of_view(scattered))
    found += [_of_ledger(folder / "small", rows, batches=4), _of_ledger(folder / "large", rows, batches=300)]
    return found


def _scan(dataset: Path, root: Path, format: SampleFormat, timestamp: TimestampFrom) -> None:
    report = _native.scan(
        dataset,
        root,
        format=settings_text(format, timestamp),
        file_extension=format.file_extension,
        timestamp_source=timestamp.source,
        quiet_s=0,
    )
    assert not report.quarantined, report.quarantined[0].reason


def _records(folder: Path, files: int, per_file: int, commits: int = 1) -> Path:
    """Fixed records, in several commits: a manifest of several segments."""
    random = np.random.default_rng(0)
    (folder / "data").mkdir(parents=True)
    for commit in range(commits):
        for number in range(commit, files, commits):
            path = folder / "data" / f"{number:04}.bin"
            path.write_bytes(random.bytes(16 * per_file))
            os.utime(path, (number, number))
        _scan(folder / "dataset", folder / "data", FixedRecord(record_size=16, label_size=2), TimestampFrom())
    return folder / "dataset"


def _rows(folder: Path, files: int, per_file: int) -> Path:
    """Rows of a CSV file with times of their own: a segment with all columns that there are."""
    random = np.random.default_rng(1)
    (folder / "data").mkdir(parents=True)
    for number in range(files):
        rows = zip(
            random.choice(WORDS, per_file), random.integers(0, 99, per_file), random.integers(0, 9999, per_file),
            strict=True,
        )  # fmt: skip
        text = "".join(f"{word},{label},{time}\n" for word, label, time in rows)
        (folder / "data" / f"{number}.csv").write_text(text)
    _scan(folder / "dataset", folder / "data", Csv(label=1), TimestampFrom("column", column=2))
    return folder / "dataset"


def _scattered(folder: Path, samples: int) -> Path:
    """Samples whose times are in another order than their keys, so many that the view is stored."""
    record = np.dtype([("label", "u1"), ("time", "<i4"), ("rest", "u1")])
    records = np.zeros(samples, record)
    records["time"] = np.random.default_rng(2).permutation(samples)
    (folder / "data").mkdir(parents=True)
    records.tofile(folder / "data" / "all.bin")
    format = FixedRecord(record_size=record.itemsize, label_size=1)
    _scan(folder / "dataset", folder / "data", format, TimestampFrom("column", column=1, size=4))
    return folder / "dataset"


def _delete(scattered: Path, in_ranges: Path) -> None:
    """Some of the samples here and there, which are kept as bits, and most of them there, which are kept as ranges."""
    _native.delete_samples(scattered, np.random.default_rng(5).permutation(900)[:100])
    _native.delete_samples(in_ranges, np.arange(100, 7_000))


def _answers(dataset: Path) -> object:
    """All that the newest manifest says, and the one before it, which has what was deleted last."""
    newest = _native.Index.open(dataset).summary.manifest
    return [_answers_of(_native.Index.open(dataset, number)) for number in (newest, newest - 1) if number > 0]


def _answers_of(index: _native.Index) -> object:
    keys = _native.View.build(index, "sequence").keys(0, index.summary.samples)
    columns = [index.labels(keys), index.timestamps(keys), *index.places(keys)]
    files = [index.source_file(number) for number in range(index.source_files)]
    states = [
        (file.path, file.size, file.mtime_ns, file.inode, file.ingested_bytes, file.fingerprint) for file in files
    ]
    return index.format, keys.tobytes(), [column.tobytes() for column in columns], states


def _of_index(dataset: Path) -> list[Specimen]:
    newest = max((dataset / "manifests").iterdir())
    found = [("manifest", newest), *(("segment", path) for path in sorted((dataset / "segments").iterdir())[:3])]
    if (dataset / "deleted").is_dir():
        found += [("deletions", path) for path in sorted((dataset / "deleted").iterdir())[:3]]
    return [Specimen(kind, path, path.stat().st_size, lambda: _answers(dataset)) for kind, path in found]


def _of_training_sets(folder: Path, dataset: Path, few: bool) -> list[Specimen]:
    """As ranges without weights, and as keys with them."""
    folder.mkdir(exist_ok=True)
    view = _native.View.build(_native.Index.open(dataset), "time")
    ranges = np.array([(first, 2) for first in range(0, len(view) - 2, 3)])
    keys = np.random.default_rng(3).integers(0, len(view), 10 if few else 20_000)
    by_ranges, by_keys = (folder / f"{how}-{'few' if few else 'many'}" for how in ("ranges", "keys"))
    _native.TrainingSet.write_ranges(by_ranges, view, ranges)
    _native.TrainingSet.write_keys(by_keys, view, keys, np.linspace(0, 1, len(keys), dtype=np.float32))

    def read(path: Path) -> object:
        opened = _native.TrainingSet.open(path, view)
        keys, weights = opened.read(0, len(opened))
        return keys.tobytes(), weights is not None and weights.tobytes()

    return [
        Specimen("training set", path, path.stat().st_size, lambda path=path: read(path))
        for path in (by_ranges, by_keys)
    ]


def _of_view(dataset: Path) -> Specimen:
    index = _native.Index.open(dataset)

    def read() -> object:
        view = _native.View.build(index, "time")
        return view.keys(0, len(view)).tobytes(), view.timestamps(0, len(view)).tobytes()

    read()  # the first one writes it
    [path] = (dataset / "views").iterdir()
    return Specimen("view", path, path.stat().st_size, read)


def _of_ledger(path: Path, dataset: Path, batches: int) -> Specimen:
    """What two triggers saw, as samples and as ranges of a view."""
    view = _native.View.build(_native.Index.open(dataset), "time")
    keys = np.arange(100)
    writer = _native.LedgerWriter(path)
    for batch in range(batches):
        trigger = int(batch >= batches // 2)
        if batch == batches // 2:
            writer.end_trigger(0)
        if batch % 3 == 2:
            writer.inform_ranges(trigger, batch, view, [(batch, 20)])
        else:
            writer.inform(trigger, batch, keys * batch, keys + batch, keys % 7)
    writer.sync()
    size = path.stat().st_size

    def read() -> object:
        ledger = _native.Ledger.open(path, view)
        seen = [ledger.samples(trigger, trigger + 1) for trigger in range(2)]
        return [
            (samples.keys(0, len(samples)).tobytes(), samples.timestamps(0, len(samples)).tobytes()) for samples in seen
        ], [samples.labels(0, len(samples)).tobytes() for samples in seen]

    return Specimen("ledger", path, size, read)


def _of_pushed(dataset: Path, sample_size: int, batches: int) -> list[Specimen]:
    """The logs up to their committed ends: bytes behind those were promised to nobody."""
    appender = _native.Appender(dataset, sample_size=sample_size, log_bytes=4096)
    random = np.random.default_rng(4)
    for number in range(batches):
        lengths = None if sample_size else random.integers(0, 90, 5)
        data = random.bytes(5 * sample_size if lengths is None else int(lengths.sum()))
        appender.append(data, np.arange(5), np.arange(5), lengths, batch_id=f"{number}")

    def read() -> object:
        _native.verify_pushed(dataset)
        return [(log.path, log.begin, log.end, log.samples) for log in _native.pushed_logs(dataset)]

    logs = _native.pushed_logs(dataset)
    return [Specimen("log of pushed samples", dataset / log.path, log.end, read) for log in (logs[0], logs[-1])]


def dispensable(folder: Path) -> list[Specimen]:
    """Files that can be lost without harm: a wrong byte is an error, or makes no difference to what is answered."""
    dataset = folder / "dataset"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "whole.bin").write_bytes(bytes(64))
    (folder / "data" / "torn.bin").write_bytes(bytes(63))
    format = settings_text(FixedRecord(record_size=16, label_size=2), TimestampFrom())
    scan = {"format": format, "file_extension": ".bin"}
    _native.scan(dataset, folder / "data", **scan)

    def scanned() -> object:
        summary = _native.scan(dataset, folder / "data", **scan).summary
        return summary.samples, [(file.path, file.reason) for file in _native.quarantine(dataset).quarantined]

    pinned = folder / "pinned"
    _records(pinned, files=3, per_file=2, commits=3)
    _native.pin_manifest(pinned / "dataset", 1, "run-7")

    def kept() -> object:
        _native.collect(pinned / "dataset", 0)
        return _native.Index.open(pinned / "dataset", 1).summary.samples

    pushed = folder / "pushed"
    appender = _native.Appender(pushed, sample_size=8, log_bytes=4096)
    for number in range(60):
        appender.append(bytes(80), np.zeros(10, np.int64), np.zeros(10, np.int64), batch_id=f"{number}")

    def sent_again() -> object:
        again = _native.Appender(pushed, sample_size=8, log_bytes=4096)
        receipts = [
            again.append(bytes(80), np.zeros(10, np.int64), np.zeros(10, np.int64), batch_id=f"{number}")
            for number in range(60)
        ]
        return [receipt.duplicate for receipt in receipts], sum(log.samples for log in _native.pushed_logs(pushed))

    found = [
        ("quarantine list", dataset / "quarantine", scanned),
        ("epoch in the lock", dataset / "lock", scanned),
        *(("pin", path, kept) for path in (pinned / "dataset" / "pins").glob("*.pin")),
        ("mark of the end", pushed / "pushed" / "committed", sent_again),
        *(("run of batch ids", path, sent_again) for path in sorted((pushed / "pushed" / "batches").iterdir())),
    ]
    return [Specimen(kind, path, path.stat().st_size, read) for kind, path, read in found]
