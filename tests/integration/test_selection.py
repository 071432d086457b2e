"""Runs with every selection strategy, on real files: what triggers train on, and that a crash changes nothing of it."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import modyn
from modyn import _native
from modyn.errors import JobFailedError
from tests.fault.killing import Moment, command, facts, journal_states, run_until
from tests.growing import pipeline, write_pipeline

POLICY = '''
import os
import signal
from pathlib import Path

import numpy as np

from modyn.selector.api import Selection, SelectionRequest, SelectionStrategy


class NewHalf(SelectionStrategy):
    """Half of the new samples, and as many of the old ones as it has been called before. Dies where it is told to."""

    def __init__(self, share: float = 0.5, die_at: int = -1) -> None:
        self.share, self.die_at, self.calls = share, die_at, 0

    def select(self, request: SelectionRequest) -> Selection:
        marker = Path(__file__).parent / "has-died"
        if request.trigger == self.die_at and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        window = request.window(None)
        new = np.arange(window.end_of(request.trigger), len(window))
        chosen = np.concatenate([np.arange(self.calls), new[: int(len(new) * self.share)]])
        self.calls += 1
        return window.take(chosen, weights=np.full(len(chosen), 2.0))

    def state_dict(self):
        return {"calls": self.calls}

    def load_state_dict(self, state):
        self.calls = state["calls"]


class Outside(NewHalf):
    """Selects what is not there."""

    def select(self, request: SelectionRequest) -> Selection:
        window = request.window(0)
        return window.take([0, len(window)])
'''


def document(selection: dict[str, Any], **changes: Any) -> dict[str, Any]:
    made = pipeline(selection_strategy=selection, training__epochs_per_trigger=1, **changes)
    del made["evaluation"]
    return made


def run(folder: Path, selection: dict[str, Any], per_day: int = 20, **changes: Any) -> modyn.Run:
    file = write_pipeline(folder, document(selection, **changes), per_day=per_day)
    (folder / "policy.py").write_text(POLICY)
    return modyn.open(folder / "workspace").run(file).wait()


def training_sets(run: modyn.Run) -> list[np.ndarray]:
    """The keys of each training set. The dataset's keys are its positions: files arrive in the order of their dates."""
    index = _native.Index.open(next((run.folder.parents[1] / "datasets").iterdir()))
    view = _native.View.build(index, "time")
    opened = [
        _native.TrainingSet.open(path, view) for path in sorted((run.folder / "training-sets").glob("*.trainingset"))
    ]
    return [one.read(0, len(one))[0] for one in opened]


PRESAMPLING = ["No", "Random", "RandomNoReplacement", "LabelBalanced", "TriggerBalanced"]


@pytest.mark.parametrize("strategy", PRESAMPLING)
def test_a_run_with_each_presampling(tmp_path: Path, strategy: str) -> None:
    ratio = 100 if strategy == "No" else 30
    presampling = {"strategy": strategy, "ratio": ratio, "force_required_target_size": True}
    selection = {"name": "CoresetStrategy", "presampling_config": presampling, "limit": 130, "tail_triggers": 2}
    done = run(tmp_path, selection)
    # Five triggers of 100 samples, windows of up to 300.
    expected = [100, 130, 130, 130, 130] if strategy == "No" else [30, 60, 90, 90, 90]
    assert done.triggers["training_samples"].tolist() == expected
    sets = training_sets(done)
    assert [len(set(one.tolist())) for one in sets] == expected
    for trigger, chosen in enumerate(sets):
        assert chosen.min() >= max(0, 100 * (trigger - 2))
        assert chosen.max() < 100 * (trigger + 1)
        if strategy == "TriggerBalanced" and trigger >= 2:
            assert set(Counter((chosen // 100).tolist()).values()) == {30}
    if strategy == "No":
        assert sets[-1].tolist() == list(range(370, 500))


def test_a_run_with_freshness(tmp_path: Path) -> None:
    done = run(tmp_path, {"name": "FreshnessSamplingStrategy", "unused_data_ratio": 40})
    used = set[int]()
    for trigger, chosen in enumerate(training_sets(done)):
        unused = set(range(100 * (trigger + 1))) - used
        fresh = set(chosen.tolist()) - used
        if trigger > 0:
            assert len(chosen) == min(len(unused) * 100 // 40, len(used) * 100 // 60)
            assert abs(len(fresh) - 0.4 * len(chosen)) < 1
        used |= fresh
    assert done.triggers["training_samples"].tolist()[0] == 100


def test_warm_up_triggers_train_on_everything(tmp_path: Path) -> None:
    presampling = {"strategy": "Random", "ratio": 10}
    done = run(tmp_path, {"name": "CoresetStrategy", "warmup_triggers": 2, "presampling_config": presampling})
    assert done.triggers["training_samples"].tolist() == [100, 200, 30, 40, 50]


KILLED = {
    "name": "CoresetStrategy",
    "presampling_config": {"strategy": "RandomNoReplacement", "ratio": 40},
}
FRESH = {"name": "FreshnessSamplingStrategy", "unused_data_ratio": 30, "limit": 90}
OTHERS = {"name": "policy:NewHalf", "config": {"share": 0.25}}


@pytest.mark.parametrize("selection", [KILLED, FRESH, OTHERS], ids=["no-replacement", "freshness", "plugin"])
def test_runs_that_are_killed_around_selections_end_like_others(tmp_path: Path, selection: dict[str, Any]) -> None:
    undisturbed = run(tmp_path / "undisturbed", selection)
    file = write_pipeline(tmp_path / "killed", document(selection), per_day=20)
    (file.parent / "policy.py").write_text(POLICY)
    workspace = file.parent / "workspace"
    # Right before a selection, which may or may not have written its file then, and right after another.
    run_until(workspace, ["run", file], Moment("decided", 1, 0.003), "group")
    run_until(workspace, ["resume"], Moment("selected", 1), "group")
    subprocess.run(command(workspace, "resume"), check=True, stdout=subprocess.DEVNULL)
    assert facts(workspace, "growing") == facts(undisturbed.folder.parents[1], "growing")


def test_a_file_that_a_killed_selection_left_is_written_again(tmp_path: Path) -> None:
    done = run(tmp_path / "undisturbed", KILLED)
    file = write_pipeline(tmp_path / "killed", document(KILLED), per_day=20)
    workspace = file.parent / "workspace"
    run_until(workspace, ["run", file], Moment("decided", 2), "group")
    # The kill may come late; what is not committed has the next number.
    selected = journal_states(workspace).count("selected")
    assert 2 <= selected < 5
    (first,) = (workspace / "runs").glob("*/training-sets/00000.trainingset")
    first.with_name(f"{selected:05d}.trainingset").write_bytes(b"torn")
    subprocess.run(command(workspace, "resume"), check=True, stdout=subprocess.DEVNULL)
    assert facts(workspace, "growing") == facts(done.folder.parents[1], "growing")


def test_a_policy_of_the_pipeline_selects_in_a_process_of_its_own(tmp_path: Path) -> None:
    done = run(tmp_path, {"name": "policy:NewHalf", "config": {"share": 0.25, "die_at": 2}})
    assert (tmp_path / "has-died").exists()
    sets = training_sets(done)
    # Its state goes on, and the process that died at trigger 2 left no trace in it.
    assert [one[: len(one) - 25].tolist() for one in sets] == [list(range(trigger)) for trigger in range(5)]
    assert [one[-25:].tolist() for one in sets] == [list(range(100 * t, 100 * t + 25)) for t in range(5)]
    states = journal_states(tmp_path / "workspace")
    assert states.count("attempt failed") == 1
    assert states.count("selected") == 5
    losses = done.models["final_loss"]
    assert np.isfinite(losses).all()


def test_a_policy_that_goes_wrong_ends_the_run_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(JobFailedError, match="index 100 is outside the window, whose indices are 0 to 99"):
        run(tmp_path, {"name": "policy:Outside"})


def test_a_policy_that_is_not_there_ends_the_run_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(JobFailedError, match=r"there is no class 'Half' in .*policy.py, which has"):
        run(tmp_path, {"name": "policy:Half"})
