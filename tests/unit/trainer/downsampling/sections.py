"""Downsampling sections, one for each strategy, for tests that train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.unit.trainer.workbench import PIPELINE, Workbench

from modyn import _native
from modyn.selector.holdout import write_half, write_share
from modyn.trainer.api import HeldOutModel, TrainingRequest

EMBEDDED = {"full_grad_approximation": "LastLayerWithEmbedding"}
IL_TRAINING: dict[str, Any] = PIPELINE["training"] | {
    "epochs_per_trigger": 1,
    "il_model_id": "model:Small",
    "il_model_config": {"hidden": 4},
}
RHO_LOSS = {"strategy": "RHOLoss", "holdout_set_ratio": 50, "il_training_config": IL_TRAINING}
SECTIONS: list[dict[str, Any]] = [
    {"strategy": "Loss"},
    {"strategy": "GradNorm"},
    {"strategy": "Uncertainty", "score_metric": "LeastConfidence"},
    {"strategy": "Uncertainty", "score_metric": "Margin", "balance": True},
    {"strategy": "KcenterGreedy"},
    {"strategy": "GradMatch"},
    {"strategy": "GradMatch", **EMBEDDED, "balance": True},
    {"strategy": "Craig"},
    {"strategy": "Craig", **EMBEDDED, "balance": True},
    {"strategy": "Submodular", "submodular_function": "FacilityLocation", **EMBEDDED},
    {"strategy": "Submodular", "submodular_function": "GraphCut", "balance": True},
    {"strategy": "Submodular", "submodular_function": "LogDeterminant"},
    RHO_LOSS | {"holdout_set_strategy": "Simple"},
    RHO_LOSS | {"holdout_set_strategy": "Twin"},
]
OF_SET: list[dict[str, Any]] = [
    *(section | {"sample_then_batch": True} for section in SECTIONS),
    {"strategy": "RS2", "with_replacement": False},
    {"strategy": "Loss", "sample_then_batch": True, "scores": "recorded"},
    {"strategy": "Uncertainty", "score_metric": "Entropy", "sample_then_batch": True, "scores": "recorded"},
]
OF_BATCH: list[dict[str, Any]] = [
    section | {"sample_then_batch": False, "forward_passes": passes}
    for section in SECTIONS
    for passes in ("one", "two")
]
EVERY = OF_SET + OF_BATCH


def name_of(section: dict[str, Any]) -> str:
    """For pytest's ids."""
    return "-".join(f"{key}={value}" for key, value in section.items() if key != "il_training_config")


def request_for(
    workbench: Workbench, section: dict[str, Any], changes: dict[str, Any], **fields: Any
) -> TrainingRequest:
    """A request for the standard pipeline with this downsampling, held-out models included."""
    section = {"ratio": 25} | section
    request = workbench.request(changes, downsampling=section, **fields)
    if section["strategy"] == "RHOLoss":
        request.held_out.extend(held_out_models(workbench, request))
    return request


def held_out_models(workbench: Workbench, request: TrainingRequest) -> list[HeldOutModel]:
    """Small models that were trained on held-out samples; none if there is no sample for one of them."""
    section = request.downsampling
    assert section is not None
    view, whole, seed = workbench.view, request.training_set, request.seed
    paths = [request.folder / f"held-out-{part}.set" for part in range(2)]
    if section["holdout_set_strategy"] == "Twin":
        sizes = [write_half(path, view, whole, seed, half) for half, path in enumerate(paths)]
    else:
        share = (section["holdout_set_ratio"], 100)
        sizes = [write_share(paths[0], view, whole, seed, request.trigger, share)]
    if not all(sizes):
        return []
    changes = {"model.config": IL_TRAINING["il_model_config"], "training.epochs_per_trigger": 1}
    results = [
        workbench.train(changes, training_set=path, seed=100 + part) for part, path in enumerate(paths[: len(sizes)])
    ]
    return [HeldOutModel(result.model, path, result.seconds) for result, path in zip(results, paths, strict=False)]


def native_set(workbench: Workbench, path: Path) -> _native.TrainingSet:
    """A training set as the native library opens it."""
    index = _native.Index.open(workbench.view.folder, workbench.view.manifest)
    return _native.TrainingSet.open(path, _native.View.build(index, workbench.view.order))
