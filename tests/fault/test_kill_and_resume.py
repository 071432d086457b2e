"""`kill -9` at every state of the journal, then `modyn resume`: the run ends as if nothing had happened."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.fault.killing import Moment, Victim, command, facts, journal_states, run_until
from tests.growing import pipeline, write_pipeline

# Every state that a run of this pipeline commits before its end, in the order of the first occurrence.
STATES = [
    "pinned",
    "streaming",
    "decided",
    "selected",
    "attempt",
    "trained",
    "stored",
    "attempt won",
    "done",
    "evaluating",
    "evaluated",
]
PIPELINE = pipeline(training__record_history=True)
QUICK: list[tuple[Moment, Victim]] = [
    (Moment("attempt", 2), "trainer"),
    (Moment("stored", 1), "group"),
    (Moment("decided", 3), "supervisor"),
]
THOROUGH: list[tuple[Moment, Victim]] = [
    *((Moment(state), "group") for state in STATES),
    *((Moment(state), "supervisor") for state in STATES),
    *((Moment("attempt", occurrence), "trainer") for occurrence in range(6)),
    (Moment("evaluating"), "trainer"),
    (Moment("evaluating", 0, 0.05), "group"),
]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("undisturbed")
    file = write_pipeline(folder, PIPELINE)
    subprocess.run(command(folder / "workspace", "run", file), check=True, stdout=subprocess.DEVNULL)
    assert list(dict.fromkeys(journal_states(folder / "workspace"))) == [*STATES, "run done"]
    found = facts(folder / "workspace", "growing")
    assert sum(row["seen"] for row in found["history"]) == sum(row["samples"] for row in found["models"])
    return found


def _check(folder: Path, moment: Moment, victim: Victim, undisturbed: dict[str, Any]) -> None:
    file = write_pipeline(folder, PIPELINE)
    workspace = folder / "workspace"
    status, last = run_until(workspace, ["run", file], moment, victim)
    print(f"killed {victim} after '{moment.state}' #{moment.occurrence} + {moment.delay} s; last commit '{last}'")
    if status != 0:  # a killed trainer is started again by the supervisor itself
        subprocess.run(command(workspace, "resume"), check=True, stdout=subprocess.DEVNULL)
    assert facts(workspace, "growing") == undisturbed
    assert victim != "trainer" or "attempt failed" in journal_states(workspace)


@pytest.mark.parametrize(("moment", "victim"), QUICK, ids=str)
def test_a_killed_run_resumes_to_the_same_end(
    moment: Moment, victim: Victim, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    _check(tmp_path, moment, victim, undisturbed)


@pytest.mark.long
@pytest.mark.parametrize(("moment", "victim"), THOROUGH, ids=str)
def test_a_run_killed_at_any_state_resumes_to_the_same_end(
    moment: Moment, victim: Victim, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    _check(tmp_path, moment, victim, undisturbed)


def test_a_run_survives_being_killed_again_and_again(undisturbed: dict[str, Any], tmp_path: Path) -> None:
    file = write_pipeline(tmp_path, PIPELINE)
    workspace = tmp_path / "workspace"
    run_until(workspace, ["run", file], Moment("selected"), "group")
    for state in ("trained", "decided", "evaluating"):
        run_until(workspace, ["resume"], Moment(state), "group")
    subprocess.run(command(workspace, "resume"), check=True, stdout=subprocess.DEVNULL)
    assert facts(workspace, "growing") == undisturbed
