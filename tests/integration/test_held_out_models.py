"""Runs with RHO-LOSS: which samples are held out, and what becomes of the models that are trained on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import modyn
from modyn import _native
from tests.fault.killing import attempts, held_out_digests, journal_states
from tests.integration.test_downsampling import IL_TRAINING, coreset, run

SIMPLE = {"strategy": "RHOLoss", "holdout_set_strategy": "Simple", "holdout_set_ratio": 30}
TWIN = {"strategy": "RHOLoss", "holdout_set_strategy": "Twin", "holdout_set_ratio": 50}


def run_with(folder: Path, section: dict[str, Any], triggers: int = 2, **training: Any) -> modyn.Run:
    return run(folder, coreset(section | {"il_training_config": IL_TRAINING | training}), triggers)


def keys(run: modyn.Run, pattern: str) -> list[set[int]]:
    """Keys of training sets of the run, by name."""
    index = _native.Index.open(next((run.folder.parents[1] / "datasets").iterdir()), 1)  # which the run has pinned
    view = _native.View.build(index, "time")
    paths = sorted((run.folder / "training-sets").glob(pattern))
    return [set(one.read(0, len(one))[0].tolist()) for one in (_native.TrainingSet.open(path, view) for path in paths)]


def test_twins_are_trained_on_the_two_halves_of_each_training_set(tmp_path: Path) -> None:
    done = run_with(tmp_path, TWIN)

    for trigger in (0, 1):
        (whole,) = keys(done, f"{trigger:05d}.trainingset")
        first, second = keys(done, f"{trigger:05d}.held-out-*.trainingset")
        assert not first & second
        assert first | second == whole
        assert len(first) == len(second) == 250 * (trigger + 1)
    assert [len(set(models)) for models in held_out_digests(tmp_path / "workspace")] == [2, 2]
    assert journal_states(tmp_path / "workspace").count("held out") == 4
    assert (done.triggers["hold_out_seconds"] > 0).all()
    assert [kind for kind, _, _ in attempts(tmp_path / "workspace")] == ["held-out-0", "held-out-1", "training"] * 2


def test_no_twin_judges_what_it_was_trained_on_at_any_trigger(tmp_path: Path) -> None:
    done = run_with(tmp_path, TWIN, triggers=3, use_previous_model=True)

    # A twin goes on from that of the trigger before, and judges what is in the other's training set.
    first, second = (set().union(*keys(done, f"*.held-out-{part}.trainingset")) for part in (0, 1))
    assert (len(first), len(second)) == (750, 750)
    assert not first & second


def test_a_twin_goes_on_from_twins_alone(tmp_path: Path) -> None:
    # A model that learns nothing stays what it began with; a single one has seen samples of both halves.
    optimizer = {"name": "default", "algorithm": "SGD", "param_groups": [{"module": "model", "config": {"lr": 0.0}}]}
    training = {"il_training_config": IL_TRAINING | {"use_previous_model": True, "optimizers": [optimizer]}}
    listed = [{"ratio": 25} | section | training for section in (SIMPLE, TWIN, SIMPLE, TWIN)]
    document = coreset({})
    document["selection_strategy"]["downsampling_config"] = {
        "downsampling_list": listed,
        "downsampling_thresholds": [1, 2, 3],
    }

    run(tmp_path, document, triggers=4)

    single, twins, again, of_twins = held_out_digests(tmp_path / "workspace")
    assert (single, twins) == (again, of_twins)
    assert not set(single) & set(twins)


def test_twins_that_would_have_no_samples_are_not_trained(tmp_path: Path) -> None:
    document = coreset(TWIN | {"il_training_config": IL_TRAINING})
    document["trigger"] = {"id": "DataAmountTrigger", "num_samples": 1}

    done = run(tmp_path, document, triggers=2)

    assert done.triggers["training_samples"].tolist() == [1, 2]
    assert len(done.models) == 2
    # One sample belongs to one half; of two neighbours each half has one.
    assert [len(models) for models in held_out_digests(tmp_path / "workspace")] == [0, 2]
    warnings = [event["message"] for event in done.events() if event["event"] == "warning"]
    assert [line for line in warnings if "held-out" in line] == [
        "trigger 0: nothing is left to train a held-out model on, so samples are chosen by their loss alone"
    ]


@pytest.mark.parametrize(("ratio", "ratio_max", "expected"), [(30, 100, 150), (1, 1000, 1), (0, 100, 1), (7, 7, 500)])
def test_one_model_is_trained_on_exactly_the_share(tmp_path: Path, ratio: int, ratio_max: int, expected: int) -> None:
    section = SIMPLE | {"holdout_set_ratio": ratio, "holdout_set_ratio_max": ratio_max}

    done = run_with(tmp_path, section, triggers=1)

    (whole,), (held_out,) = keys(done, "00000.trainingset"), keys(done, "00000.held-out-*.trainingset")
    assert len(held_out) == expected
    assert held_out <= whole
    assert [len(models) for models in held_out_digests(tmp_path / "workspace")] == [1]


def test_what_is_held_out_is_of_the_training_set_old_samples_included(tmp_path: Path) -> None:
    done = run_with(tmp_path, SIMPLE)

    of_second = np.array(sorted(keys(done, "00001.held-out-0.trainingset")[0]))
    assert len(of_second) == 300
    # A uniform choice among 500 old and 500 new ones: five deviations of 8 around 150.
    assert abs(int((of_second < 500).sum()) - 150) < 40


@pytest.mark.parametrize("continues", [True, False])
def test_they_go_on_from_those_of_the_trigger_before_if_asked_to(tmp_path: Path, continues: bool) -> None:
    # A model that learns nothing stays what it began with.
    optimizer = {"name": "default", "algorithm": "SGD", "param_groups": [{"module": "model", "config": {"lr": 0.0}}]}

    run_with(tmp_path, TWIN, use_previous_model=continues, optimizers=[optimizer])

    first, second = held_out_digests(tmp_path / "workspace")
    assert (first == second) == continues
    assert first[0] != first[1], "twins begin with weights of their own"


def fail_once(folder: Path, section: dict[str, Any], triggers: int = 2) -> None:
    """A run whose first held-out training fails; the next ones do not."""
    labels = f"""
from pathlib import Path

def label_transformer_function(labels):
    if Path({str(folder / "broken")!r}).exists():
        raise ValueError("the label server is down")
    return labels
"""
    document = coreset(section | {"il_training_config": IL_TRAINING})
    document["data"]["label_transformer_function"] = labels
    (folder / "broken").touch()
    with pytest.raises(modyn.errors.JobFailedError, match="the label server is down"):
        run(folder, document, triggers)
    (folder / "broken").unlink()


def test_a_held_out_training_that_fails_ends_the_run_and_can_be_tried_again(tmp_path: Path) -> None:
    """The reference system found a trigger without a model then, and never got over it."""
    fail_once(tmp_path, TWIN)

    with modyn.open(tmp_path / "workspace") as workspace:
        done = workspace.resume("growing").wait()

    assert done.state == "done"
    assert [len(models) for models in held_out_digests(tmp_path / "workspace")] == [2, 2]


def test_samples_that_were_deleted_meanwhile_are_not_held_out(tmp_path: Path) -> None:
    fail_once(tmp_path, SIMPLE | {"holdout_set_ratio": 1}, triggers=1)

    with modyn.open(tmp_path / "workspace") as workspace:
        (failed,) = workspace.runs()
        (held_out,) = keys(failed, "00000.held-out-0.trainingset")
        workspace.datasets.delete_samples("growing", sorted(held_out))
        done = workspace.resume("growing").wait()

    assert len(held_out) == 5
    assert done.state == "done"
    (others,) = keys(done, "00000.held-out-0.trainingset")
    assert len(others) == 495 // 100
    assert not held_out & others


def test_the_models_are_not_among_those_of_the_run(tmp_path: Path) -> None:
    done = run_with(tmp_path, TWIN)

    assert len(done.models) == 2
    assert not set(done.models["digest"]) & {one for of in held_out_digests(tmp_path / "workspace") for one in of}
