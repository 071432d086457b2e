"""Irreducible losses: those of each sample under a model that has not seen it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.unit.trainer.downsampling.sections import RHO_LOSS, native_set, request_for
from tests.unit.trainer.workbench import Workbench
from torch import Tensor

from modyn import _native
from modyn.metadata.history import TrainingHistory
from modyn.models.user_modules import import_user_module
from modyn.trainer.api import HeldOutModel
from modyn.trainer.downsampling.rho_loss import RHOLoss
from modyn.trainer.job import train

TWIN = RHO_LOSS | {"holdout_set_strategy": "Twin"}
SIMPLE = RHO_LOSS | {"holdout_set_strategy": "Simple"}


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """The losses that trainings compare with."""
    found: list[Tensor] = []
    compare_with = RHOLoss.compare_with

    def watched(self: RHOLoss, irreducible: Tensor) -> None:
        found.append(irreducible)
        compare_with(self, irreducible)

    monkeypatch.setattr(RHOLoss, "compare_with", watched)
    return found


def losses_by_hand(workbench: Workbench, model: HeldOutModel) -> Tensor:
    """Of all 300 samples under a stored model."""
    small = import_user_module("model", workbench.folder).Small(hidden=4)
    small.load_state_dict(load_file(model.model))
    small.eval()
    records = workbench.records
    data = {"numbers": torch.tensor(records["numbers"]), "categories": torch.tensor(records["categories"])}
    with torch.no_grad():
        output = small(data)
    labels = torch.tensor(records["label"].astype("float32"))
    return torch.nn.functional.binary_cross_entropy_with_logits(output, labels, reduction="none")


def trained_on_by(workbench: Workbench, model: HeldOutModel) -> set[int]:
    """Keys, which are the places in the files."""
    found = native_set(workbench, model.training_set)
    return set(found.read(0, len(found))[0].tolist())


@pytest.mark.parametrize("whole", [True, False])
def test_twins_judge_what_the_other_was_trained_on(workbench: Workbench, compared: list[Tensor], whole: bool) -> None:
    request = request_for(workbench, TWIN | {"sample_then_batch": whole}, {})
    first, second = request.held_out
    trained_on = [trained_on_by(workbench, one) for one in (first, second)]
    assert not trained_on[0] & trained_on[1]

    train(request, lambda event: None)

    of_first, of_second = losses_by_hand(workbench, first), losses_by_hand(workbench, second)
    expected = torch.tensor([float((of_second if key in trained_on[0] else of_first)[key]) for key in range(300)])
    torch.testing.assert_close(compared[0], expected)


COUNTING = """
from model import Small

judged = []


class Counting(Small):
    def forward(self, data):
        if not self.training:
            judged.append(len(data["numbers"]))
        return super().forward(data)
"""


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("section", [TWIN, SIMPLE], ids=lambda section: section["holdout_set_strategy"])
def test_every_sample_is_judged_once(workbench: Workbench, section: dict[str, Any], whole: bool) -> None:
    (workbench.folder / "counting.py").write_text(COUNTING)
    il_training = section["il_training_config"] | {"il_model_id": "counting:Counting"}
    request = request_for(workbench, section | {"il_training_config": il_training, "sample_then_batch": whole}, {})

    result = train(request, lambda event: None)

    judged = sum(import_user_module("counting", workbench.folder).judged)
    assert judged == 300
    assert result.scored_samples == 300 * (3 if whole else 1), "besides, one pass for each of two choices"


def test_a_twin_whose_samples_were_all_deleted_has_no_say(workbench: Workbench, compared: list[Tensor]) -> None:
    request = request_for(workbench, TWIN, {})
    first, second = request.held_out
    gone, left = trained_on_by(workbench, first), trained_on_by(workbench, second)
    _native.delete_samples(workbench.view.folder, np.array(sorted(gone)))

    train(request, lambda event: None)

    of_first = losses_by_hand(workbench, first)
    expected = torch.tensor([float(of_first[key]) if key in left else 0.0 for key in range(300)])
    torch.testing.assert_close(compared[0], expected)


def test_samples_that_no_twin_may_judge_have_no_irreducible_loss(workbench: Workbench, compared: list[Tensor]) -> None:
    """The other twin was never trained, for all of its samples were deleted before."""
    request = request_for(workbench, TWIN, {})
    first, _ = request.held_out
    del request.held_out[1]
    seen = trained_on_by(workbench, first)

    train(request, lambda event: None)

    of_first = losses_by_hand(workbench, first)
    expected = torch.tensor([0.0 if key in seen else float(of_first[key]) for key in range(300)])
    torch.testing.assert_close(compared[0], expected)


def test_one_model_judges_all(workbench: Workbench, compared: list[Tensor]) -> None:
    request = request_for(workbench, SIMPLE, {})

    train(request, lambda event: None)

    torch.testing.assert_close(compared[0], losses_by_hand(workbench, request.held_out[0]))


def test_of_equal_differences_the_first_samples_are_trained_on(workbench: Workbench) -> None:
    # The previous model is the held-out one itself, so all differences are 0.
    changes = {"model.config": {"hidden": 4}, "training.epochs_per_trigger": 1, "training.record_history": True}
    request = request_for(workbench, SIMPLE | {"sample_then_batch": True, "ratio": 32, "ratio_max": 300}, changes)
    again = workbench.request(
        changes,
        downsampling=request.downsampling,
        previous_model=request.held_out[0].model,
        held_out=request.held_out,
    )

    result = train(again, lambda event: None)

    assert result.history is not None
    assert TrainingHistory.open(result.history).keys.tolist() == list(range(32))


def test_samples_of_weight_0_are_not_judged(workbench: Workbench, compared: list[Tensor]) -> None:
    weights = torch.ones(300)
    weights[10:20] = 0
    training_set = workbench.training_set(300, weights.numpy())
    request = request_for(workbench, SIMPLE, {}, training_set=training_set)

    train(request, lambda event: None)

    expected = losses_by_hand(workbench, request.held_out[0])
    expected[10:20] = 0
    torch.testing.assert_close(compared[0], expected)
