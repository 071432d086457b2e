"""Push: batches of samples from many threads, each durable before its caller hears of it.

Every figure is samples per second, on the disk that the repository lies on. What we compare with writes the same bytes
to one file with one fsync for each batch: callers take turns, as they must where one file has one writer, or all call
fsync at once and leave it to the file system to join them. A tenth of the batches is enough for them: they take ten
times as long, and all batches take the same.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
from benchmarks.report import Row, interleaved, write_rows

from modyn import _native

REPEATS = 9
CALLERS = 8
SAMPLES = 100_000
SAMPLE_BYTES = 1024
BATCH = 10
PEER_SHARE = 10


@contextmanager
def scratch() -> Iterator[Path]:
    """Beside the results, because the temporary folder may lie in memory, where nothing is ever durable."""
    place = Path("build/bench")
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


def rate(callers: int, samples: int, append: Callable[[], object]) -> float:
    """Samples per second of so many threads that append batches until all are there."""
    batches = samples // BATCH // callers
    gate = threading.Barrier(callers + 1)

    def work() -> None:
        gate.wait()
        for _ in range(batches):
            append()

    threads = [threading.Thread(target=work) for _ in range(callers)]
    for thread in threads:
        thread.start()
    gate.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    return callers * batches * BATCH / (time.perf_counter() - start)


def push(callers: int, samples: int = SAMPLES) -> float:
    """Ours: one appender for all threads. The samples are counted, and every byte read, afterwards."""
    data, labels = os.urandom(BATCH * SAMPLE_BYTES), np.arange(BATCH)
    with scratch() as folder:
        appender = _native.Appender(folder, sample_size=SAMPLE_BYTES)
        found = rate(callers, samples, lambda: appender.append(data, labels))
        _native.verify_pushed(folder)
        assert sum(log.samples for log in _native.pushed_logs(folder)) == samples // BATCH // callers * callers * BATCH
    return found


def fsync_each(callers: int, *, in_turn: bool) -> float:
    """The peer: append to one file and fsync it, for each batch."""
    data = os.urandom(BATCH * SAMPLE_BYTES)
    turn = threading.Lock() if in_turn else nullcontext()
    with scratch() as folder:
        file = os.open(folder / "samples", os.O_CREAT | os.O_WRONLY | os.O_APPEND)

        def append() -> None:
            with turn:
                os.write(file, data)
                os.fsync(file)

        try:
            return rate(callers, SAMPLES // PEER_SHARE, append)
        finally:
            os.close(file)


def rows() -> list[Row]:
    """Eight callers against one fsync for each batch; and one caller alone."""
    figures = interleaved(
        {
            "push": lambda: push(CALLERS),
            "in turn": lambda: fsync_each(CALLERS, in_turn=True),
            "at once": lambda: fsync_each(CALLERS, in_turn=False),
            "push alone": lambda: push(1, SAMPLES // PEER_SHARE),
            "fsync alone": lambda: fsync_each(1, in_turn=True),
        },
        REPEATS,
    )
    work = f"push samples of 1 KiB in batches of {BATCH}, durable: "
    many, one = f"{SAMPLES:,} by {CALLERS} callers", f"{SAMPLES // PEER_SHARE:,} by 1 caller"

    def row(name: str, ours: str, other: str, against: str, reach: float | None) -> Row:
        ratio = figures[ours] / figures[other]
        return Row(work + name, "samples/s", figures[ours], figures[other], against, ratio, reach)

    return [
        row(many, "push", "in turn", "one fsync per batch to one file", 5),
        row(many, "push", "at once", "the same, all threads in fsync at once", None),
        row(one, "push alone", "fsync alone", "one fsync per batch to one file", None),
    ]


if __name__ == "__main__":
    write_rows("data_push", rows())
