"""Runs with downsampling: every strategy in every mode on real files, schedules, held-out models, and crashes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import modyn
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
