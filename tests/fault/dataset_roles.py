"""The processes that change one dataset at the same time, each to be killed at any moment.

    python -m tests.fault.dataset_roles ROLE FOLDER SEED

Each says on its standard output what it is about to do and what is done, a line each; a line counts when it is whole.
"""

from __future__ import annotations

import itertools
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from modyn import _native
from modyn.errors import ConflictError
from tests.fault.dataset_samples import (
    BATCH,
    FILE,
    FORMAT,
    PUSHED,
    RECORD_SIZE,
    SAMPLE_SIZE,
    label,
    numbers,
    record,
    sample,
)

DATASET, ROOT = "dataset", "data"
_LARGEST_FILE = 400
_LOG_BYTES = 1 << 15


def scan(folder: Path) -> _native.ScanReport:
    """Ingest what is new in the source files and the pushed logs."""
    return _native.scan(folder / DATASET, folder / ROOT, format=FORMAT, file_extension=".bin")


def _say(*words: object) -> None:
    print(*words, flush=True)


def _whole_records(path: Path) -> int:
    return path.stat().st_size // RECORD_SIZE


def _write_more(path: Path, file: int, count: int) -> None:
    """Append records; a tail that a killed predecessor left unfinished is cut off before."""
    first = _whole_records(path) if path.exists() else 0
    with path.open("ab") as out:
        out.truncate(first * RECORD_SIZE)
        content = b"".join(record(file * FILE + number) for number in range(first, first + count))
        for start in range(0, len(content), 1000):  # torn on purpose: a scan may look between two writes
            out.write(content[start : start + 1000])
            out.flush()


def ingest(folder: Path, chance: random.Random) -> Iterator[None]:
    """New files, grown files, and scans."""
    while True:
        files = sorted((folder / ROOT).glob("*.bin"))
        growing = [path for path in files if _whole_records(path) < _LARGEST_FILE]
        for path in chance.sample(growing, min(2, len(growing))):
            _write_more(path, int(path.stem), chance.randrange(1, 40))
        new = folder / ROOT / f"{len(files):06d}.bin"
        temporary = new.with_suffix(".part")
        temporary.unlink(missing_ok=True)
        _write_more(temporary, len(files), chance.randrange(1, 60))
        temporary.rename(new)
        scan(folder)
        yield


def append(folder: Path, chance: random.Random) -> Iterator[None]:
    """Batches of pushed samples, each under an id; some are sent again. Full logs are sealed, as the storage does."""
    appender = _native.Appender(folder / DATASET, sample_size=SAMPLE_SIZE, log_bytes=_LOG_BYTES)
    start = int.from_bytes(os.urandom(5), "little")  # batches of different lives have different numbers
    for batch in itertools.count(start):
        ids = [PUSHED + batch * BATCH + place for place in range(chance.randrange(1, 30))]
        data = np.frombuffer(b"".join(map(sample, ids)), np.uint8)
        labels = np.array([label(number) for number in ids])
        _say("appending", *ids)
        for _ in range(chance.choice((1, 1, 2))):
            receipt = appender.append(data, labels, labels, batch_id=str(batch))
            if receipt.log_is_full:
                _native.seal(folder / DATASET, format=FORMAT)
        _say("appended", *ids)
        yield


def delete(folder: Path, chance: random.Random) -> Iterator[None]:
    """A few samples, wherever they came from, or some of the oldest: so that whole logs become free."""
    while True:
        index = _native.Index.open(folder / DATASET)
        view = _native.View.build(index, "sequence")
        if len(view):
            if chance.random() < 0.3:
                positions = np.arange(min(len(view), 100), dtype=np.uint64)
            else:
                positions = np.array([chance.randrange(len(view)) for _ in range(chance.randrange(1, 20))], np.uint64)
            keys = np.unique(view.keys_at(positions))
            ids = numbers(*_native.Reader(index, folder / ROOT).fetch(keys))
            _say("deleting", *ids)
            _native.delete_samples(folder / DATASET, keys)
            _say("deleted", *ids)
        yield


def maintain(folder: Path, chance: random.Random) -> Iterator[None]:
    """Merges segments, and removes what no manifest needs that is younger than nothing."""
    while True:
        _native.merge_segments(folder / DATASET)
        if chance.random() < 0.5:
            _native.collect(folder / DATASET, 2.0)
            _native.collect_logs(folder / DATASET)
        yield


ROLES = {"ingest": ingest, "append": append, "delete": delete, "maintain": maintain}


def main() -> None:
    role, folder, seed = sys.argv[1:]
    steps = ROLES[role](Path(folder), random.Random(int(seed)))
    _say("ready")
    while True:
        try:
            next(steps)
        except ConflictError:
            steps = ROLES[role](Path(folder), random.Random(int(seed)))  # another process held the lock for long


if __name__ == "__main__":
    main()
