"""`modyn dataset watch` as a process: it follows a folder, and ends when it is told to."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_commands import COMMAND, call
from tests.growing import write_days

LONG_S = 60


class Watching:
    """A running command, and what it prints."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        command = [*COMMAND, "dataset", "watch", "days", *arguments]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
        )
        self._late = threading.Timer(LONG_S, self.process.kill)
        self._late.start()

    def until(self, wanted: Callable[[str], bool]) -> str:
        assert self.process.stdout is not None
        seen = []
        for line in self.process.stdout:
            seen.append(line)
            if wanted(line):
                return line
        raise AssertionError(f"it ended after {seen}")

    def until_event(self, **values: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.until(lambda line: values.items() <= json.loads(line).items()))
        return found

    def end(self, number: signal.Signals) -> str:
        """Ask it to end; returns what it printed on stderr."""
        self.process.send_signal(number)
        _, errors = self.process.communicate()
        self._late.cancel()
        assert self.process.returncode == 0, errors
        assert "Traceback" not in errors
        return errors

    def kill(self) -> None:
        self._late.cancel()
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_days(tmp_path / "days", range(3), 10)
    arguments = ["days", tmp_path / "days", "--record-size", "24", "--label-size", "4"]
    call(tmp_path, "dataset", "add", *arguments, "--timestamp-pattern", "%Y-%m-%d")
    return tmp_path


@pytest.fixture
def watch(folder: Path) -> Iterator[Callable[..., Watching]]:
    started = []

    def start(*arguments: str) -> Watching:
        started.append(Watching(folder, *arguments))
        return started[-1]

    yield start
    for watching in started:
        watching.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_follows_a_folder_until_it_is_told_to_end(
    folder: Path, watch: Callable[..., Watching], number: signal.Signals
) -> None:
    watching = watch("--interval", "0.5")
    assert watching.until(lambda line: "watching" in line) == f"days: watching '{folder / 'days'}', 30 samples\n"
    write_days(folder / "days", range(3, 5), 10)
    watching.until(lambda line: "50 in all" in line)
    (folder / "days" / "2013-02-01.bin").write_bytes(b"x" * 25)
    watching.until(lambda line: line.startswith("days: not taken: 2013-02-01.bin: ") and "25 bytes" in line)
    (folder / "days" / "2013-02-01.bin").write_bytes(b"x" * 48)
    watching.until(lambda line: "52 in all" in line)
    watching.until(lambda line: line == "days: in order again: 2013-02-01.bin\n")
    (folder / "days").rename(folder / "away")
    watching.process.poll()
    (folder / "away").rename(folder / "days")
    watching.end(number)
    assert "52" in call(folder, "dataset", "status", "days").stdout


def test_programs_read_its_events_as_json_lines(folder: Path, watch: Callable[..., Watching]) -> None:
    watching = watch("--interval", "0.3", "--json")
    first = watching.until_event(event="scanned", because="start")
    assert (first["dataset"], first["samples"], first["new_samples"], first["quarantined"]) == ("days", 30, 0, [])
    write_days(folder / "days", range(3, 4), 10)
    assert watching.until_event(event="scanned", samples=40)["new_files"] == 1
    (folder / "days").rename(folder / "away")
    failed = watching.until_event(event="failed")
    assert (failed["error"]["kind"], failed["retry_in_s"]) == ("DatasetError", 1)
    (folder / "away").rename(folder / "days")
    write_days(folder / "days", range(4, 5), 10)
    watching.until_event(event="scanned", samples=50)
    assert "the scan failed and is tried again in 1 s" in watching.end(signal.SIGTERM)


def test_a_single_scan_says_what_it_found(folder: Path) -> None:
    write_days(folder / "days", range(3, 4), 10)
    (folder / "days" / "2013-02-01.bin").write_bytes(b"too short")
    done = call(folder, "dataset", "scan", "days")
    assert "days: 10 new samples (new files: 1), 40 in all\n" in done.stdout
    assert "days: not taken: 2013-02-01.bin: " in done.stdout
    assert "days: nothing new, 40 in all\n" in call(folder, "dataset", "scan", "days").stdout
    told = json.loads(call(folder, "dataset", "scan", "days", "--json").stdout)
    assert (told["new_samples"], told["samples"], len(told["quarantined"])) == (0, 40, 1)
    (folder / "days").rename(folder / "away")
    assert "has vanished" in call(folder, "dataset", "scan", "days", expect=1).stderr


def test_samples_are_listed_with_their_keys(folder: Path) -> None:
    first, *_ = lines = call(folder, "dataset", "samples", "days", "--from", "2013-01-02").stdout.splitlines()
    assert len(lines) == 20
    assert first.split("\t")[:2] == ["10", "2013-01-02"]
    limited = call(folder, "dataset", "samples", "days", "--limit", "3", "--json")
    assert [json.loads(line)["key"] for line in limited.stdout.splitlines()] == [0, 1, 2]
    assert "--limit 0 lists all" in limited.stderr
    label = json.loads(limited.stdout.splitlines()[0])["label"]
    alike = call(folder, "dataset", "samples", "days", "--label", str(label), "--json", "--limit", "0").stdout
    assert {json.loads(line)["label"] for line in alike.splitlines()} == {label}
    keys = [line.split("\t")[0] for line in lines[:2]]
    assert "deleted: 2 samples" in call(folder, "dataset", "delete-samples", "days", *keys).stdout
    assert "deleted: 1 sample\n" in call(folder, "dataset", "delete-samples", "days", "15").stdout


def test_mistakes_are_explained(folder: Path) -> None:
    assert "'other' is not registered" in call(folder, "dataset", "watch", "other", expect=1).stderr
    for interval in ("0", "nan"):
        assert "positive" in call(folder, "dataset", "watch", "days", f"--interval={interval}", expect=2).stderr
