"""`kill -9` while trainings choose their samples, then `modyn resume`: the run ends as if nothing had happened.

One pipeline goes through all ways of downsampling, one for each trigger, and records histories besides. Trainings are
killed as soon as they have written a checkpoint of a certain batch, so a resumed one begins within an epoch, between
two choices, or after several of them.
"""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.fault.killing import (
    Moment,
    Victim,
    attempts,
    checkpointed,
    command,
    facts,
    held_out_digests,
    kill_when,
    run_until,
)
from tests.growing import pipeline, write_pipeline

IL_TRAINING = {
    "device": "cpu",
    "batch_size": 64,
    "shuffle": True,
    "use_previous_model": True,
    "optimizers": [
        {"name": "default", "algorithm": "SGD", "param_groups": [{"module": "model", "config": {"lr": 0.1}}]}
    ],
    "optimization_criterion": {"name": "BCEWithLogitsLoss"},
    "il_model_id": "model:Net",
    "il_model_config": {"hidden": 4},
}
OF_SET = {"strategy": "GradNorm", "ratio": 50, "sample_then_batch": True}
OF_BATCH = {"strategy": "Loss", "ratio": 20}
TWIN = {"strategy": "RHOLoss", "ratio": 20, "holdout_set_strategy": "Twin", "holdout_set_ratio": 50}
WAYS: list[dict[str, Any]] = [
    OF_SET | {"period": 1},
    OF_SET | {"period": 0},
    OF_SET | {"period": 2, "scores": "recorded"},
    OF_BATCH | {"forward_passes": "one"},
    OF_BATCH | {"forward_passes": "two"},
    TWIN | {"sample_then_batch": True, "il_training_config": IL_TRAINING},
    TWIN | {"sample_then_batch": False, "il_training_config": IL_TRAINING},
]
SELECTION = {
    "name": "CoresetStrategy",
    "tail_triggers": 1,
    "downsampling_config": {"downsampling_list": WAYS, "downsampling_thresholds": list(range(1, len(WAYS)))},
}
PIPELINE = pipeline(
    selection_strategy=SELECTION,
    training__record_history=True,
    training__epochs_per_trigger=4,
    training__batch_size=25,
    training__checkpointing={"activated": True, "interval": 2},
    training__lr_scheduler={
        "name": "CosineAnnealingLR",
        "step_every": "batch",
        "optimizers": ["default"],
        "config": {"T_max": "MODYN_NUM_BATCHES"},
    },
)
del PIPELINE["evaluation"]
DAYS = 5 * len(WAYS) + 1  # a trigger fires when the first sample after its days comes


def write(folder: Path) -> Path:
    return write_pipeline(folder, PIPELINE, days=DAYS, per_day=50)


def everything(workspace: Path) -> dict[str, Any]:
    return facts(workspace, "growing") | {"held out": held_out_digests(workspace)}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("undisturbed")
    subprocess.run(command(folder / "workspace", "run", write(folder)), check=True, stdout=subprocess.DEVNULL)
    found = everything(folder / "workspace")
    assert len(found["models"]) == len(WAYS)
    assert [len(models) for models in found["held out"]] == [0] * 5 + [2, 2]
    return found


def resume(workspace: Path) -> None:
    subprocess.run(command(workspace, "resume"), check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace of a run that was killed again and again."""
    folder = tmp_path_factory.mktemp("killed")
    workspace = folder / "workspace"
    kill_when(workspace, ["run", write(folder)], checkpointed(workspace, 0, 12), "group")
    kill_when(workspace, ["resume"], checkpointed(workspace, 2, 24), "group")
    kill_when(workspace, ["resume"], checkpointed(workspace, 4, 30), "supervisor")
    # After the first of two held-out models; then after both, while the model that they serve is trained.
    run_until(workspace, ["resume"], Moment("held out"), "group")
    kill_when(workspace, ["resume"], checkpointed(workspace, 5, 6), "group")
    resume(workspace)
    return workspace


def test_a_run_killed_in_its_trainings_resumes_to_the_same_end(undisturbed: dict[str, Any], killed: Path) -> None:
    assert everything(killed) == undisturbed
    # A training may end before it is killed, but hardly all of them.
    assert sum(kind == "training" for kind, _, _ in attempts(killed)) > len(WAYS)


def test_held_out_models_that_are_committed_are_not_trained_again(killed: Path) -> None:
    kinds = [kind for kind, trigger, _ in attempts(killed) if trigger == 5]

    assert kinds.count("held-out-0") == 1
    assert kinds.count("held-out-1") <= 2, "when the first kill came, the second one may have begun"


STATES = ["decided", "selected", "attempt", "held out", "trained", "stored", "attempt won"]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(6))
def test_a_run_killed_at_random_resumes_to_the_same_end(seed: int, undisturbed: dict[str, Any], tmp_path: Path) -> None:
    chance = random.Random(seed)
    workspace, arguments = tmp_path / "workspace", ["run", write(tmp_path)]
    story = []
    for _ in range(12):
        victim: Victim = chance.choices(["group", "supervisor", "trainer"], [5, 4, 1])[0]
        if chance.random() < 0.5:
            batch = 2 * chance.randint(1, 18)
            condition = checkpointed(workspace, None, batch)
            status, last = kill_when(workspace, arguments, condition, victim)
        else:
            batch = 0
            moment = Moment(chance.choice(STATES), chance.randint(0, 2), chance.random() / 20)
            status, last = run_until(workspace, arguments, moment, victim)
        story.append((victim, batch, status, last))
        arguments = ["resume"]
        if status == 0 or last == "run done":  # the kill may come after the end
            break
    else:
        resume(workspace)
    print(json.dumps(story))

    assert everything(workspace) == undisturbed
