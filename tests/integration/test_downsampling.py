"""Runs with downsampling: every strategy in every mode on real files, schedules, held-out models, and crashes."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import modyn
from modyn.errors import JobFailedError
from tests.growing import pipeline, write_pipeline

IL_TRAINING = {
    "device": "cpu",
    "batch_size": 64,
    "shuffle": True,
    "use_previous_model": False,
    "epochs_per_trigger": 1,
    "optimizers": [
        {"name": "default", "algorithm": "SGD", "param_groups": [{"module": "model", "config": {"lr": 0.1}}]}
    ],
    "optimization_criterion": {"name": "BCEWithLogitsLoss"},
    "il_model_id": "model:Net",
    "il_model_config": {"hidden": 4},
}
EMBEDDED = {"full_grad_approximation": "LastLayerWithEmbedding"}
SECTIONS: list[dict[str, Any]] = [
    {"strategy": "Loss"},
    {"strategy": "GradNorm"},
    {"strategy": "Uncertainty", "score_metric": "Entropy"},
    {"strategy": "KcenterGreedy"},
    {"strategy": "GradMatch", **EMBEDDED},
    {"strategy": "Craig", "greedy": "LazyGreedy", **EMBEDDED},
    {"strategy": "Submodular", "submodular_function": "FacilityLocation", **EMBEDDED},
    {"strategy": "Submodular", "submodular_function": "GraphCut", **EMBEDDED},
    {"strategy": "Submodular", "submodular_function": "LogDeterminant", **EMBEDDED},
    {
        "strategy": "RHOLoss",
        "holdout_set_strategy": "Simple",
        "holdout_set_ratio": 30,
        "il_training_config": IL_TRAINING,
    },
    {"strategy": "RHOLoss", "holdout_set_strategy": "Twin", "holdout_set_ratio": 50, "il_training_config": IL_TRAINING},
]
CASES = [section | {"sample_then_batch": mode} for section in SECTIONS for mode in (True, False)]
CASES.append({"strategy": "RS2", "with_replacement": False})


def coreset(section: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A pipeline of two triggers of 500 samples each that keeps a quarter of them."""
    strategy = {"name": "CoresetStrategy", "tail_triggers": None, "downsampling_config": {"ratio": 25} | section} | more
    document = pipeline(selection_strategy=strategy)
    del document["evaluation"]
    return document


def run(folder: Path, document: dict[str, Any], triggers: int = 2) -> modyn.Run:
    folder.mkdir(exist_ok=True)
    return modyn.open(folder / "workspace").run(write_pipeline(folder, document), max_triggers=triggers).wait()


def name_of(section: dict[str, Any]) -> str:
    return "-".join(str(value) for key, value in section.items() if key != "il_training_config")


@pytest.mark.parametrize("section", CASES, ids=name_of)
def test_every_downsampler_trains_on_the_share_it_promises(section: dict[str, Any], tmp_path: Path) -> None:
    done = run(tmp_path, coreset(section))

    # Two epochs. Of the whole set a quarter is chosen, 125 and 250, of which whole batches of 64 are trained on. Of
    # batches, there are 2 * 7 and 2 * 15, and a quarter of each four is a step of 64.
    whole = section.get("sample_then_batch", True)
    assert done.triggers["training_samples"].tolist() == [500, 1000]
    assert done.models["samples"].tolist() == ([2 * 64, 2 * 192] if whole else [3 * 64, 7 * 64])
    assert done.models["final_loss"].between(0.01, 5).all()


@pytest.mark.parametrize("metric", ["Loss", "GradNorm", "Entropy", "Margin"])
def test_recorded_scores_begin_with_what_earlier_trainings_saw(metric: str, tmp_path: Path) -> None:
    section: dict[str, Any] = {"strategy": metric, "ratio": 100, "sample_then_batch": True, "scores": "recorded"}
    if metric in ("Entropy", "Margin"):
        section |= {"strategy": "Uncertainty", "score_metric": metric, "balance": True}
    document = coreset(section)
    document["training"] |= {"record_history": True, "drop_last_batch": False}

    done = run(tmp_path, document)

    # The first trigger scores its 500 samples once. All are trained on, so the second one knows half of its 1,000,
    # unless it goes by margins between classes, which a history does not hold.
    assert done.triggers["scored_samples"].tolist() == [500, 1000 if metric == "Margin" else 500]
    assert (done.history["seen"] >= 2).all()


def committed(workspace: Path) -> list[dict[str, Any] | None]:
    """The section that each trigger's training used, as the journal has it."""
    connection = sqlite3.connect(f"file:{workspace / 'modyn.sqlite'}?mode=ro", uri=True)
    rows = connection.execute("SELECT downsampling FROM triggers ORDER BY trigger").fetchall()
    connection.close()
    return [None if section is None else json.loads(section) for (section,) in rows]


def test_a_schedule_and_a_warm_up_go_by_the_number_of_the_trigger(tmp_path: Path) -> None:
    sections = [
        {"strategy": "Loss", "ratio": 50, "sample_then_batch": True},
        {"strategy": "GradNorm", "ratio": 25},
        {"strategy": "RS2", "ratio": 100, "ratio_max": 1000, "with_replacement": True},
    ]
    config = {"downsampling_list": sections, "downsampling_thresholds": [2, 3]}
    document = coreset({}, tail_triggers=0, warmup_triggers=1, downsampling_config=config)

    done = run(tmp_path, document, triggers=5)

    found = committed(tmp_path / "workspace")
    assert [section and section["strategy"] for section in found] == [None, "Loss", "Loss", "GradNorm", "RS2"]
    assert done.triggers["training_samples"].tolist() == [500] * 5
    # Two epochs: whole batches of 64 of 500; of 250; steps of four batches of which there are 14; of 50, in one batch.
    assert done.models["samples"].tolist() == [2 * 448, 2 * 192, 2 * 192, 3 * 64, 2 * 50]


def test_no_downsampling_trains_on_everything(tmp_path: Path) -> None:
    done = run(tmp_path, coreset({"strategy": "No", "ratio": 100}), triggers=1)

    assert done.models["samples"].tolist() == [2 * 448]


def test_weights_without_downsampling(tmp_path: Path) -> None:
    """The reference system looked for an attribute that only downsampling set."""
    document = coreset({"strategy": "No", "ratio": 100}, uses_weights=True)

    done = run(tmp_path, document, triggers=1)

    assert done.models["final_loss"].between(0.01, 5).all()


DOWNSAMPLER = """
import torch

from modyn.trainer.downsampling.api import BOTH_MODES, Choice, Stateless


class Newest(Stateless):
    needs = "outputs"
    modes = BOTH_MODES
    weighted = False

    def __init__(self, wrong=False):
        self.wrong = wrong

    def measure(self, outputs):
        return {"key": torch.from_numpy(outputs.keys)}

    def choose(self, candidates, count, draw):
        newest = candidates.columns["key"].argsort(descending=True)
        return Choice(newest[: count - self.wrong])
"""


@pytest.mark.parametrize("whole", [True, False])
def test_a_downsampler_of_the_pipelines_own(tmp_path: Path, whole: bool) -> None:
    (tmp_path / "own.py").write_text(DOWNSAMPLER)

    done = run(tmp_path, coreset({"strategy": "own:Newest", "sample_then_batch": whole}))

    assert done.models["samples"].tolist() == ([2 * 64, 2 * 192] if whole else [3 * 64, 7 * 64])


def test_a_downsampler_that_goes_wrong_ends_the_run_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(DOWNSAMPLER)
    section = {"strategy": "own:Newest", "config": {"wrong": True}}

    with pytest.raises(JobFailedError, match="downsampler Newest: 15 samples were chosen, expected exactly 16 of 64"):
        run(tmp_path, coreset(section))
