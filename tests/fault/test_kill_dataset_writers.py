"""`kill -9` of processes that ingest, append, delete and merge at the same time, at random moments.

Afterwards no sample is lost, doubled, torn or paired with the label of another, every append that returned is there
as a whole, every other one as a whole or not at all, and every delete that returned is done.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from modyn import _native
from tests.fault.dataset_roles import DATASET, ROLES, ROOT, scan
from tests.fault.dataset_samples import BATCH, FILE, PUSHED, RECORD_SIZE, numbers


class Process:
    """One role, as often as it is killed."""

    def __init__(self, role: str, folder: Path, chance: random.Random) -> None:
        self.role = role
        self._folder = folder
        self._chance = chance
        self._lives = 0
        self.lines: list[list[str]] = []
        self.start()

    def start(self) -> None:
        """A new life, with a seed of its own."""
        self._lives += 1
        self._output = self._folder / f"{self.role}-{self._lives}.txt"
        arguments = [sys.executable, "-m", "tests.fault.dataset_roles", self.role, self._folder]
        with self._output.open("wb") as output, self._output.with_suffix(".err").open("wb") as errors:
            self._process = subprocess.Popen(
                [*arguments, str(self._chance.randrange(1 << 30))], stdout=output, stderr=errors
            )

    def is_ready(self) -> bool:
        """Whether its work has begun."""
        return b"ready\n" in self._output.read_bytes()

    def kill(self) -> None:
        """End this life, and remember what it said."""
        died = self._process.poll()
        assert died is None, f"{self.role} ended by itself: {self._output.with_suffix('.err').read_text()}"
        self._process.kill()
        self._process.wait()
        whole_lines = self._output.read_text().split("\n")[:-1]
        self.lines += [line.split() for line in whole_lines]

    def said(self, word: str) -> list[list[int]]:
        """The numbers of all lines that begin with `word`."""
        return [list(map(int, line[1:])) for line in self.lines if line[0] == word]


def live_numbers(folder: Path) -> list[int]:
    """The samples that the newest manifest holds, each compared with what it should be."""
    index = _native.Index.open(folder / DATASET)
    view = _native.View.build(index, "time")
    keys = view.keys(0, len(view))
    assert len(np.unique(keys)) == len(keys) == index.summary.samples
    timestamps = view.timestamps(0, len(view))
    assert (np.diff(timestamps) >= 0).all()
    return numbers(*_native.Reader(index, folder / ROOT).fetch(keys))


def in_files(folder: Path) -> set[int]:
    """The samples of all whole records in the source files."""
    counts = {int(path.stem): path.stat().st_size // RECORD_SIZE for path in (folder / ROOT).glob("*.bin")}
    return {file * FILE + record for file, count in counts.items() for record in range(count)}


def check(folder: Path, processes: dict[str, Process]) -> None:
    """Compare what is there with what was said."""
    for path in (folder / ROOT).glob("*.bin"):  # as a writer that goes on would do
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size // RECORD_SIZE * RECORD_SIZE)
    report = scan(folder)
    assert not report.conflicts, report.conflicts[0].reason
    assert not report.quarantined, report.quarantined[0].reason
    findings = _native.check(folder / DATASET, folder / ROOT).findings
    assert not findings, f"{findings[0].path!r}: {findings[0].what}"

    live = live_numbers(folder)
    assert not [number for number, times in Counter(live).items() if times > 1], "doubled"
    live_set = set(live)
    appending = {number for batch in processes["append"].said("appending") for number in batch}
    appended = {number for batch in processes["append"].said("appended") for number in batch}
    deleting = {number for keys in processes["delete"].said("deleting") for number in keys}
    deleted = {number for keys in processes["delete"].said("deleted") for number in keys}
    files = in_files(folder)

    assert not live_set - files - appending, "made up"
    assert not (files | appended) - live_set - deleting, "lost"
    assert not live_set & deleted, "deleted, and back again"
    for batch in processes["append"].said("appending"):
        left = [number for number in batch if number not in deleting]
        assert len({number in live_set for number in left}) <= 1, f"torn batch {(batch[0] - PUSHED) // BATCH}"


def kill_at_random(folder: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    (folder / ROOT).mkdir()
    scan(folder)
    processes = {role: Process(role, folder, chance) for role in ROLES}
    killed = Counter[str]()
    for number in range(kills):
        role = chance.choice(list(ROLES))
        victim = processes[role]
        deadline = time.monotonic() + 60
        while not victim.is_ready():
            assert time.monotonic() < deadline, f"{role} does not begin"
            time.sleep(0.005)
        time.sleep(chance.random() ** 2 * 0.3)
        victim.kill()
        killed[role] += 1
        victim.start()
        if number % 100 == 99:
            for process in processes.values():
                process.kill()
            check(folder, processes)
            for process in processes.values():
                process.start()
    for process in processes.values():
        process.kill()
    check(folder, processes)
    said = {role: len(process.lines) for role, process in processes.items()}
    print(f"{kills} kills {dict(killed)}, lines said {said}, samples {len(live_numbers(folder)):,}")
    assert all(process.lines for process in processes.values())


def test_twenty_kills_lose_nothing(tmp_path: Path) -> None:
    kill_at_random(tmp_path, 20, seed=1)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_five_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    kill_at_random(tmp_path, 500, seed=2)
