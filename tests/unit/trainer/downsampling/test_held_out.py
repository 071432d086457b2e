"""Irreducible losses: those of each sample under a model that has not seen it."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file
from tests.unit.trainer.downsampling.sections import RHO_LOSS, native_set, request_for
from tests.unit.trainer.workbench import Workbench
from torch import Tensor

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


@pytest.mark.parametrize("whole", [True, False])
def test_twins_judge_what_the_other_was_trained_on(workbench: Workbench, compared: list[Tensor], whole: bool) -> None:
    request = request_for(workbench, TWIN | {"sample_then_batch": whole}, {})
    first, second = request.held_out
    trained_on = [
        set(native_set(workbench, one.training_set).read(0, 150)[0].tolist()) for one in (first, second)
    ]  # the keys are the places in the files
    assert not trained_on[0] & trained_on[1]

    train(request, lambda event: None)

    of_first, of_second = losses_by_hand(workbench, first), losses_by_hand(workbench, second)
    expected = torch.tensor([float((of_second if key in trained_on[0] else of_first)[key]) for key in range(300)])
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
