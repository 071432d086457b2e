"""Trainings with every strategy, from whole sets and from batches, under whatever else a pipeline may ask for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.unit.trainer.downsampling.sections import EVERY, OF_BATCH, OF_SET, SECTIONS, name_of, request_for
from tests.unit.trainer.workbench import Workbench

from modyn import _native
from modyn.trainer.api import TrainingResult
from modyn.trainer.job import train

CHANNEL_LABELS = """
def label_transformer_function(labels):
    return labels.float()[:, None]
"""
CHANNEL_MODEL = """
from model import Small


class Channel(Small):
    \"\"\"Logits [B, 1].\"\"\"

    def forward(self, data):
        return super().forward(data)[:, None]
"""
TWO_CLASSES = {
    "model.id": "classes:Classes",
    "data.label_transformer_function": "def label_transformer_function(labels):\n    return labels.long()\n",
}
CLASSES_MODEL = """
import torch
from safetensors.torch import load_file
from model import Small


class Classes(Small):
    \"\"\"Logits [B, 2].\"\"\"

    def forward(self, data):
        logit = super().forward(data)
        return torch.stack([torch.zeros_like(logit), logit], dim=1)
"""


def trained(
    workbench: Workbench, section: dict[str, Any], changes: dict[str, Any] | None = None, **fields: Any
) -> TrainingResult:
    """Train in this process; held-out models are trained before."""
    return train(request_for(workbench, section, changes or {}, **fields), lambda event: None)


def is_whole(section: dict[str, Any]) -> bool:
    return bool(section.get("sample_then_batch", True))


@pytest.mark.parametrize("section", EVERY, ids=name_of)
def test_mixed_precision(workbench: Workbench, section: dict[str, Any]) -> None:
    result = trained(workbench, section, {"training.amp": True})

    assert result.final_loss is not None


@pytest.mark.parametrize("section", EVERY, ids=name_of)
def test_outputs_with_a_dimension_of_one(workbench: Workbench, section: dict[str, Any]) -> None:
    (workbench.folder / "channel.py").write_text(CHANNEL_MODEL)
    changes = {"model.id": "channel:Channel", "data.label_transformer_function": CHANNEL_LABELS}
    if section["strategy"] == "RHOLoss":
        section = section | {"il_training_config": section["il_training_config"] | {"il_model_id": "channel:Channel"}}

    result = trained(workbench, section, changes)

    assert result.digest == trained(workbench, section, changes).digest
    assert result.final_loss is not None


@pytest.mark.parametrize("section", EVERY, ids=name_of)
@pytest.mark.parametrize("samples", [1, 31])
def test_a_training_set_smaller_than_a_batch(workbench: Workbench, section: dict[str, Any], samples: int) -> None:
    result = trained(workbench, section, training_set=workbench.training_set(samples))

    kept = max(1, samples // 4)
    # One batch in each of two epochs, and from batches at least one step is made.
    assert result.samples == 2 * kept
    assert result.final_loss is not None


@pytest.mark.parametrize("section", EVERY, ids=name_of)
@pytest.mark.parametrize("drop_last", [True, False])
def test_keeping_everything(workbench: Workbench, section: dict[str, Any], drop_last: bool) -> None:
    result = trained(workbench, section | {"ratio": 100}, {"training.drop_last_batch": drop_last})

    assert result.samples == 2 * (288 if drop_last else 300)


@pytest.mark.parametrize("section", OF_BATCH, ids=name_of)
def test_the_last_batch_of_an_epoch_gives_its_share(workbench: Workbench, section: dict[str, Any]) -> None:
    result = trained(workbench, section, {"training.drop_last_batch": False})

    assert result.samples == 2 * (9 * 8 + 12 // 4)


@pytest.mark.parametrize("section", EVERY, ids=name_of)
@pytest.mark.parametrize("drop_last", [True, False])
def test_a_schedule_is_told_the_steps_that_are_made(
    workbench: Workbench, section: dict[str, Any], drop_last: bool
) -> None:
    changes = {
        "training.epochs_per_trigger": 3,
        "training.drop_last_batch": drop_last,
        "training.lr_scheduler": {
            "name": "OneCycleLR",
            "step_every": "batch",
            "optimizers": ["default"],
            # It raises if it makes one step more than it was told of.
            "config": {"max_lr": 0.01, "total_steps": "MODYN_NUM_BATCHES"},
        },
    }

    assert trained(workbench, section, changes).final_loss is not None


@pytest.mark.parametrize("section", EVERY, ids=name_of)
@pytest.mark.parametrize("num_samples", [1, 333])
def test_so_many_samples_are_passed(workbench: Workbench, section: dict[str, Any], num_samples: int) -> None:
    result = trained(workbench, section, num_samples=num_samples)

    if is_whole(section):
        assert result.samples == num_samples
    else:  # so many are read; what is kept of them fills whole steps, but at least one is made
        assert result.samples <= max(1, num_samples // 4)
        assert result.samples == max(1, num_samples // 4) or result.samples % 32 == 0


@pytest.mark.parametrize("section", EVERY, ids=name_of)
def test_a_training_set_with_weights(workbench: Workbench, section: dict[str, Any]) -> None:
    ones, weights = np.ones(300, np.float32), np.ones(300, np.float32)
    weights[::3] = 0

    plain = trained(workbench, section)
    of_ones = trained(workbench, section, training_set=workbench.training_set(300, ones))
    weighted = trained(workbench, section, training_set=workbench.training_set(300, weights))

    assert of_ones.samples == plain.samples
    torch.testing.assert_close(of_ones.final_loss, plain.final_loss, rtol=1e-4, atol=1e-5)
    assert weighted.final_loss is not None
    assert weighted.digest != plain.digest


@pytest.mark.parametrize("section", EVERY, ids=name_of)
def test_a_training_set_without_any_weight(workbench: Workbench, section: dict[str, Any]) -> None:
    result = trained(workbench, section, training_set=workbench.training_set(300, np.zeros(300, np.float32)))

    assert result.final_loss == 0


@pytest.mark.parametrize("section", EVERY, ids=name_of)
def test_some_samples_were_deleted(workbench: Workbench, section: dict[str, Any]) -> None:
    training_set = workbench.training_set()
    request = request_for(workbench, section, {}, training_set=training_set)
    index = _native.Index.open(workbench.view.folder)
    _native.delete_samples(workbench.view.folder, _native.View.build(index, workbench.view.order).keys(40, 20))

    result = train(request, lambda event: None)

    assert result.final_loss is not None
    assert "20 of the 300 samples" in result.warnings[0]


@pytest.mark.parametrize("section", EVERY, ids=name_of)
def test_threads_change_nothing(workbench: Workbench, section: dict[str, Any]) -> None:
    one = trained(workbench, section, threads=1)

    try:
        assert trained(workbench, section, threads=2).digest == one.digest
    finally:
        torch.set_num_threads(1)


@pytest.mark.parametrize("section", EVERY, ids=name_of)
@pytest.mark.parametrize("options", [{"weight": [0.2, 3.0], "label_smoothing": 0.3}, {"reduction": "sum"}], ids=str)
def test_any_options_of_the_criterion(workbench: Workbench, section: dict[str, Any], options: dict[str, Any]) -> None:
    (workbench.folder / "classes.py").write_text(CLASSES_MODEL)
    changes = TWO_CLASSES | {"training.optimization_criterion": {"name": "CrossEntropyLoss", "config": options}}
    if section["strategy"] == "RHOLoss":
        section = section | {"il_training_config": section["il_training_config"] | {"il_model_id": "classes:Classes"}}

    assert trained(workbench, section, changes).final_loss is not None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("section", EVERY, ids=name_of)
def test_on_a_gpu(workbench: Workbench, section: dict[str, Any]) -> None:
    result = trained(workbench, section, {"training.device": "cuda"})

    assert result.final_loss is not None
    assert result.samples == trained(workbench, section).samples


def test_all_of_these_are_different_trainings() -> None:
    assert len({name_of(section) for section in EVERY}) == len(EVERY) == len(OF_SET) + len(OF_BATCH)


@pytest.mark.parametrize("section", SECTIONS, ids=name_of)
def test_a_batch_that_is_the_whole_set_is_chosen_from_alike(workbench: Workbench, section: dict[str, Any]) -> None:
    changes = {
        "model.config": {"dropout": 0.0},
        "training.batch_size": 300,
        "training.epochs_per_trigger": 1,
        "training.shuffle": False,
    }

    of_set = trained(workbench, section | {"sample_then_batch": True}, changes)
    of_batch = trained(workbench, section | {"sample_then_batch": False, "forward_passes": "one"}, changes)

    assert of_set.samples == of_batch.samples == 75
    weights = load_file(of_batch.model)
    for name, tensor in load_file(of_set.model).items():
        torch.testing.assert_close(tensor, weights[name], rtol=1e-3, atol=1e-4, msg=name)
