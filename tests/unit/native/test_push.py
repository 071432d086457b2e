"""Appending from threads and processes of Python, killed ones among them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from modyn import _native
from modyn.errors import ConflictError, CorruptFileError

SAMPLE_SIZE = 64


def batch(number: int, samples: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Samples and labels that follow from the batch's number."""
    labels = np.arange(number * samples, (number + 1) * samples)
    return np.repeat(labels.astype(np.uint64)[:, None], SAMPLE_SIZE // 8, axis=1), labels


def count(folder: Path) -> int:
    _native.verify_pushed(folder)
    return sum(log.samples for log in _native.pushed_logs(folder))


def append_many(folder: Path, first: int, batches: int) -> None:
    appender = _native.Appender(folder, sample_size=SAMPLE_SIZE)
    for number in range(first, first + batches):
        appender.append(*batch(number), batch_id=f"{number}")


def test_samples_may_be_bytes_or_any_array(tmp_path: Path) -> None:
    appender = _native.Appender(tmp_path, sample_size=SAMPLE_SIZE)
    samples, labels = batch(0)
    receipt = appender.append(samples, labels)
    assert (receipt.samples, receipt.duplicate, len(receipt.batch_id)) == (5, False, 32)
    for same in (samples.tobytes(), bytearray(samples.tobytes()), memoryview(samples), samples.view(np.float32)):
        assert appender.append(same, labels.tolist(), batch_id=receipt.batch_id).duplicate
    with pytest.raises(ConflictError, match="was used before"):
        appender.append(samples, labels, timestamps=[1] * 5, batch_id=receipt.batch_id)
    with pytest.raises(ValueError, match="320 bytes and 4 labels do not fit samples of 64 bytes"):
        appender.append(samples, labels[:-1])
    with pytest.raises(ValueError, match="not C-contiguous"):
        appender.append(samples[:, ::2], labels)
    with pytest.raises(TypeError):
        appender.append(samples, labels.astype(float))
    assert count(tmp_path) == 5


def test_samples_of_any_length_come_with_their_lengths(tmp_path: Path) -> None:
    appender = _native.Appender(tmp_path)
    appender.append(b"abbccc", [1, 2, 3], [10, 20, 30], lengths=[1, 2, 3])
    with pytest.raises(ValueError, match="1 bytes follow the last sample"):
        appender.append(b"abbccc", [1, 2], lengths=[2, 3])
    (log,) = _native.pushed_logs(tmp_path)
    assert (log.path, log.samples, log.sample_size) == ("pushed/00000001.log", 3, 0)


def test_threads_share_one_appender(tmp_path: Path) -> None:
    appender = _native.Appender(tmp_path, sample_size=SAMPLE_SIZE)

    def work(first: int) -> None:
        for number in range(first, first + 25):
            appender.append(*batch(number), batch_id=f"{number}")

    threads = [threading.Thread(target=work, args=(25 * i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(tmp_path) == 8 * 25 * 5
    assert all(appender.append(*batch(number), batch_id=f"{number}").duplicate for number in range(200))


def test_processes_take_turns(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    # Overlapping numbers: what two processes send is there once.
    processes = [context.Process(target=append_many, args=(tmp_path, 30 * i, 60)) for i in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert count(tmp_path) == 120 * 5


def test_an_appender_does_not_outlive_a_fork(tmp_path: Path) -> None:
    appender = _native.Appender(tmp_path, sample_size=SAMPLE_SIZE)
    appender.append(*batch(0))
    child = os.fork()
    if child == 0:
        try:
            appender.append(*batch(1))
            os._exit(1)
        except ValueError:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    appender.append(*batch(1))
    assert count(tmp_path) == 10


CHILD = """
import sys
from pathlib import Path
from tests.unit.native.test_push import SAMPLE_SIZE, batch
from modyn import _native
appender = _native.Appender(Path(sys.argv[1]), sample_size=SAMPLE_SIZE)
number = int(sys.argv[2])
while True:
    appender.append(*batch(number), batch_id=str(number))
    print(number, flush=True)
    number += 1
"""


def test_what_a_killed_process_was_told_is_there_and_can_be_sent_again(tmp_path: Path) -> None:
    acknowledged: set[int] = set()
    for round_ in range(4):
        first = 100_000 * round_
        command = [sys.executable, "-c", CHILD, str(tmp_path), str(first)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
        assert child.stdout is not None
        child.stdout.readline()
        acknowledged.add(first)
        time.sleep(0.03)
        child.send_signal(signal.SIGKILL)
        acknowledged.update(int(line) for line in child.stdout.read().split())
        child.wait()
        appender = _native.Appender(tmp_path, sample_size=SAMPLE_SIZE)
        assert all(appender.append(*batch(number), batch_id=f"{number}").duplicate for number in acknowledged)
        before = count(tmp_path)
        # The one that it was about to be told of is there or not; sent again, it is there once.
        next_ = max(acknowledged) + 1
        duplicate = appender.append(*batch(next_), batch_id=f"{next_}").duplicate
        assert count(tmp_path) == before + (0 if duplicate else 5)
        acknowledged.add(next_)


def test_damage_is_named(tmp_path: Path) -> None:
    append_many(tmp_path, 0, 3)
    log = tmp_path / "pushed" / "00000001.log"
    data = bytearray(log.read_bytes())
    data[500] ^= 1
    log.write_bytes(data)
    with pytest.raises(CorruptFileError, match=r"00000001\.log' is damaged at byte 128: no valid frame is there"):
        _native.verify_pushed(tmp_path)
