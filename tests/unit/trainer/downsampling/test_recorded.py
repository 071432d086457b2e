"""Choosing by what the steps of a training have seen, compared with the same written out over tensors in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.unit.trainer.downsampling.test_whole_set import ByHand, uncertainty
from tests.unit.trainer.workbench import Workbench

from modyn import _native
from modyn.metadata.history import TrainingHistory
from modyn.trainer.downsampling.quotas import class_quotas
from modyn.trainer.downsampling.recorded import RecordedScores
from modyn.trainer.seeding import seed_generators

RECORDED = uncertainty(scores="recorded")


class Remembering(ByHand):
    """Keeps the last logit of each sample: of the first pass, or of the step that trained on it last."""

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self.logits = self.outputs()

    def epoch(self, number: int, chosen: torch.Tensor) -> None:
        permutation = _native.Permutation(7, 0, _native.PURPOSE_SHUFFLE, number, len(chosen))
        order = chosen[torch.from_numpy(permutation.apply(0, len(chosen)).astype(np.int64))]
        for first in range(0, len(chosen) - 31, 32):
            rows = order[first : first + 32]
            seed_generators(_native.random_bits(7, 0, _native.PURPOSE_TRAINING_STEP, self.step))
            self.optimizer.zero_grad()
            output = self.model({name: part[rows] for name, part in self.inputs.items()})
            torch.nn.functional.binary_cross_entropy_with_logits(output, self.labels[rows]).backward()
            self.optimizer.step()
            self.logits[rows] = output.detach()
            self.step += 1

    def margins(self) -> torch.Tensor:
        return (2 * torch.sigmoid(self.logits) - 1).abs()


def assert_trains_like(workbench: Workbench, by_hand: ByHand, section: dict[str, Any], epochs: int) -> None:
    result = workbench.train({"training.epochs_per_trigger": epochs}, downsampling=section)
    for name, tensor in load_file(result.model).items():
        torch.testing.assert_close(tensor, by_hand.model.state_dict()[name], rtol=0, atol=0, msg=name)
    assert result.scored_samples == 300, "one pass, before the first choice"


@pytest.mark.parametrize("period", [0, 1, 2])
def test_later_choices_go_by_the_outputs_of_the_steps(workbench: Workbench, period: int) -> None:
    by_hand = Remembering(workbench)
    chosen = torch.empty(0, dtype=torch.int64)
    for epoch in range(4):
        if epoch == 0 or (period and epoch % period == 0):
            chosen = torch.argsort(by_hand.margins(), stable=True)[:120].sort().values
        by_hand.epoch(epoch, chosen)

    assert_trains_like(workbench, by_hand, RECORDED | {"period": period}, 4)


def test_classes_keep_their_shares(workbench: Workbench) -> None:
    by_hand = Remembering(workbench)
    classes = [(by_hand.labels == label).nonzero().flatten() for label in (0, 1)]
    quotas = class_quotas([len(places) for places in classes], 120)
    for epoch in range(3):
        margins = by_hand.margins()
        chosen = [
            places[torch.argsort(margins[places], stable=True)[:quota]]
            for places, quota in zip(classes, quotas, strict=True)
        ]
        by_hand.epoch(epoch, torch.cat(chosen).sort().values)

    assert_trains_like(workbench, by_hand, RECORDED | {"balance": True}, 3)


def test_what_is_no_number_is_not_known() -> None:
    recorded = RecordedScores(5)
    recorded.enter(torch.arange(4), {"loss": torch.tensor([1.0, torch.nan, 2.0, torch.inf])}, torch.zeros(4))

    assert recorded.unknown().tolist() == [1, 3, 4]
    recorded.leave_out_unknown()
    assert recorded.unknown().tolist() == [1, 3], "they are candidates, and may be scored again"
    assert recorded.candidates()[1].tolist() == [0, 1, 2, 3]


def test_fresh_scores_are_of_all_samples_for_each_choice(workbench: Workbench) -> None:
    result = workbench.train({"training.epochs_per_trigger": 3}, downsampling=uncertainty())

    assert result.scored_samples == 3 * 300


def test_they_are_scored_in_batches_of_the_training(workbench: Workbench) -> None:
    """The passes that a model really makes, counted by itself."""
    (workbench.folder / "counting.py").write_text(COUNTING)

    workbench.train({"training.epochs_per_trigger": 3, "model.id": "counting:Counting"}, downsampling=RECORDED)

    counted = (workbench.folder / "counts.txt").read_text().splitlines()
    assert sum(int(line.removeprefix("scored ")) for line in counted if line.startswith("scored")) == 300
    assert sum(int(line.removeprefix("trained ")) for line in counted if line.startswith("trained")) == 3 * 96


def test_what_earlier_trainings_saw_is_not_scored_again(workbench: Workbench) -> None:
    """Known are the first 150 samples; of these the last ten have the weight 0 by now, and so has one new sample."""
    changes = {"training.record_history": True, "training.batch_size": 30, "training.epochs_per_trigger": 1}
    earlier = workbench.train(changes, training_set=workbench.training_set(150))
    assert earlier.history is not None
    weights = np.ones(300, np.float32)
    weights[140:150] = weights[299] = 0
    section = {"strategy": "Uncertainty", "score_metric": "Entropy", "ratio": 10, "sample_then_batch": True}

    result = workbench.train(
        changes,
        downsampling=section | {"scores": "recorded"},
        training_set=workbench.training_set(300, weights),
        history=earlier.history,
    )

    assert result.scored_samples == 160
    entropies = torch.distributions.Bernoulli(logits=ByHand(workbench).outputs()).entropy()
    known = TrainingHistory.open(earlier.history).frame().set_index("key")["entropy"]
    entropies[:140] = torch.tensor(known.loc[range(140)].to_numpy(), dtype=torch.float32)
    entropies[weights == 0] = -1
    chosen = torch.argsort(entropies, descending=True, stable=True)[:30]
    assert result.history is not None
    assert set(TrainingHistory.open(result.history).keys.tolist()) == set(chosen.tolist())


COUNTING = """
from pathlib import Path

import torch
from model import Small


class Counting(Small):
    def forward(self, data):
        kind = "trained" if torch.is_grad_enabled() else "scored"
        with (Path(__file__).parent / "counts.txt").open("a") as file:
            file.write(f"{kind} {len(data['numbers'])}\\n")
        return super().forward(data)
"""
