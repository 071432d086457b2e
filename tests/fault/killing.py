"""Runs a pipeline by the CLI in processes of its own, kills some of them at a chosen moment, and compares runs."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import modyn

Victim = Literal["group", "supervisor", "trainer"]

# What a run must not lose: everything that does not tell the time.
TRIGGER_FACTS = [
    "trigger",
    "state",
    "position_start",
    "position_end",
    "first_timestamp",
    "last_timestamp",
    "training_samples",
    "training_set_digest",
    "model",
]
MODEL_FACTS = ["model", "trigger", "digest", "bytes", "parent", "samples", "batches", "epochs", "final_loss"]


@dataclass(frozen=True)
class Moment:
    """Right after the `occurrence`-th commit (from 0) of `state`, and `delay` seconds."""

    state: str
    occurrence: int = 0
    delay: float = 0.0


def command(workspace: Path, *arguments: str | Path) -> list[str]:
    """The CLI's command line."""
    return [sys.executable, "-m", "modyn.cli", "--workspace", str(workspace), *map(str, arguments)]


def facts(workspace: Path, run: str) -> dict[str, Any]:
    """Everything that an undisturbed and a resumed run must have in common."""
    with modyn.open(workspace) as opened:
        found = opened.find_run(run)
        return {
            "state": found.state,
            "triggers": json.loads(found.triggers[TRIGGER_FACTS].to_json(orient="records")),
            "models": json.loads(found.models[MODEL_FACTS].to_json(orient="records", double_precision=15)),
            "history": json.loads(found.history.to_json(orient="records", double_precision=15)),
            "evaluations": json.loads(found.evaluations.to_json(orient="records", double_precision=15)),
        }


def journal_states(workspace: Path) -> list[str]:
    """The states committed so far, read beside the running process."""
    return [state for (state,) in _read(workspace, "SELECT state FROM journal ORDER BY id")]


def attempts(workspace: Path) -> list[tuple[str, int | None, Path]]:
    """Kind, trigger and folder of all attempts so far, read beside the running process."""
    query = "SELECT kind, trigger, folder FROM attempts ORDER BY token"
    return [(kind, trigger, Path(folder)) for kind, trigger, folder in _read(workspace, query)]


def held_out_digests(workspace: Path) -> list[list[str]]:
    """SHA-256 of the auxiliary models of each trigger."""
    rows = _read(workspace, "SELECT held_out FROM triggers ORDER BY trigger")
    found = [json.loads(held_out)["models"] if held_out not in (None, "null") else [] for (held_out,) in rows]
    return [[hashlib.sha256(Path(one["model"]).read_bytes()).hexdigest() for one in models] for models in found]


def checkpointed(workspace: Path, trigger: int | None, batch: int) -> Callable[[], bool]:
    """Whether, from now on, a training has written a checkpoint after `batch` batches or more; None: of any trigger."""

    def found() -> set[Path]:
        return {
            path
            for kind, of, folder in attempts(workspace)
            if kind == "training" and (trigger is None or of == trigger)
            for path in (folder / "checkpoints").glob("*.json")
            if path.stem.isdecimal() and int(path.stem) >= batch
        }

    before = found()
    return lambda: not found() <= before


def _read(workspace: Path, query: str) -> list[Any]:
    file = workspace / "modyn.sqlite"
    if not file.exists():
        return []
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(query).fetchall()
    except sqlite3.OperationalError:  # the tables are about to be created
        return []
    finally:
        connection.close()


def run_until(workspace: Path, arguments: list[str | Path], moment: Moment, victim: Victim) -> tuple[int, str]:
    """Start the CLI, kill `victim` at `moment`; the exit status and the last state that was committed."""
    before = journal_states(workspace).count(moment.state)

    def condition() -> bool:
        return journal_states(workspace).count(moment.state) > before + moment.occurrence

    return kill_when(workspace, arguments, condition, victim, moment.delay)


def kill_when(
    workspace: Path,
    arguments: list[str | Path],
    condition: Callable[[], bool],
    victim: Victim,
    delay: float = 0.0,
) -> tuple[int, str]:
    """Start the CLI, kill `victim` as soon as the condition holds, and `delay` seconds; answers as `run_until`."""
    with (workspace.parent / "output.txt").open("ab") as output:
        process = subprocess.Popen(
            command(workspace, *arguments),
            start_new_session=True,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
        )
        wait_for(lambda: process.poll() is not None or condition(), "the moment to kill")
        time.sleep(delay)
        # A job may have answered just before it is killed; then the next one is.
        failures = journal_states(workspace).count("attempt failed")
        wait_for(
            lambda: (
                (
                    kill(process, victim)
                    and (victim != "trainer" or journal_states(workspace).count("attempt failed") > failures)
                )
                or process.poll() is not None
            ),
            "a victim",
        )
        status = process.wait(timeout=120)
    wait_for(lambda: victim == "trainer" or not processes_of(process.pid), "the end of all processes")
    return status, (journal_states(workspace) or ["nothing"])[-1]


def kill(process: subprocess.Popen[bytes], victim: Victim) -> bool:
    """SIGKILL to the whole process group, to the supervisor alone, or to the processes that train or evaluate."""
    if victim == "trainer":
        for job in jobs_of(process.pid):
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                os.kill(job, signal.SIGKILL)
    elif process.poll() is None:
        (os.killpg if victim == "group" else os.kill)(process.pid, signal.SIGKILL)
    return True


def jobs_of(supervisor: int) -> list[int]:
    """Trainings and evaluations: the supervisor's child is the warm parent, and that one's children are the jobs."""
    return [job for child in children(supervisor) for job in children(child)]


def children(pid: int) -> list[int]:
    """Processes whose parent this is."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def processes_of(group: int) -> list[int]:
    """Living processes of a process group."""
    found = subprocess.run(["ps", "-A", "-o", "pid=,pgid=,stat="], capture_output=True, text=True, check=True)
    rows = [line.split() for line in found.stdout.splitlines()]
    return [int(pid) for pid, pgid, state in rows if int(pgid) == group and not state.startswith("Z")]


def wait_for(condition: Callable[[], bool], what: str, timeout: float = 120) -> None:
    """Poll every millisecond."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout} s for {what}"
        time.sleep(0.001)
