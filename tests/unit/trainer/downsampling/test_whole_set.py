"""Sample-then-batch trainings, compared with the same written out over tensors in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.unit.trainer.workbench import Workbench

from modyn import _native
from modyn.models.user_modules import import_user_module
from modyn.trainer.api import TrainingRequest
from modyn.trainer.data.source import TrainingSamples
from modyn.trainer.downsampling.api import Candidates, Draw
from modyn.trainer.downsampling.rs2 import RS2
from modyn.trainer.job import train
from modyn.trainer.seeding import seed_generators

SEED = 7
RS2_QUARTER = {"strategy": "RS2", "ratio": 25, "with_replacement": False}


def uncertainty(**options: Any) -> dict[str, Any]:
    return {"strategy": "Uncertainty", "ratio": 40, "score_metric": "Margin", "sample_then_batch": True} | options


class ByHand:
    """The standard pipeline over tensors; what is trained on is chosen by `choose(epoch)`."""

    def __init__(self, workbench: Workbench) -> None:
        records = workbench.records
        self.inputs = {"numbers": torch.tensor(records["numbers"]), "categories": torch.tensor(records["categories"])}
        self.labels = torch.tensor(records["label"].astype(np.float32))
        seed_generators(_native.random_bits(SEED, 0, _native.PURPOSE_MODEL_INIT, 0))
        self.model = import_user_module("model", workbench.folder).Small()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=0.01)
        self.step = 0

    def outputs(self) -> torch.Tensor:
        """Of all samples, in evaluation mode, in batches as the training has them."""
        self.model.eval()
        with torch.no_grad():
            parts = [
                self.model({name: part[first : first + 32] for name, part in self.inputs.items()})
                for first in range(0, 300, 32)
            ]
        self.model.train()
        return torch.cat(parts)

    def epoch(self, number: int, chosen: torch.Tensor) -> None:
        """One epoch over the chosen samples."""
        permutation = _native.Permutation(SEED, 0, _native.PURPOSE_SHUFFLE, number, len(chosen))
        order = chosen[torch.from_numpy(permutation.apply(0, len(chosen)).astype(np.int64))]
        for first in range(0, len(chosen) - 31, 32):
            rows = order[first : first + 32]
            seed_generators(_native.random_bits(SEED, 0, _native.PURPOSE_TRAINING_STEP, self.step))
            self.optimizer.zero_grad()
            output = self.model({name: part[rows] for name, part in self.inputs.items()})
            torch.nn.functional.binary_cross_entropy_with_logits(output, self.labels[rows]).backward()
            self.optimizer.step()
            self.step += 1


def assert_same_weights(workbench: Workbench, by_hand: ByHand, **request: Any) -> None:
    result = workbench.train(**request)
    for name, tensor in load_file(result.model).items():
        torch.testing.assert_close(tensor, by_hand.model.state_dict()[name], rtol=0, atol=0, msg=name)


def test_rs2_trains_each_epoch_on_another_subset(workbench: Workbench) -> None:
    by_hand, rs2 = ByHand(workbench), RS2(with_replacement=False)
    for epoch in range(3):
        by_hand.epoch(epoch, rs2.choose(Candidates(300), 75, Draw(SEED, 0, epoch)).positions.sort().values)

    assert_same_weights(workbench, by_hand, changes={"training.epochs_per_trigger": 3}, downsampling=RS2_QUARTER)


@pytest.mark.parametrize("period", [0, 1, 2])
def test_scores_are_taken_anew_every_period(workbench: Workbench, period: int) -> None:
    by_hand = ByHand(workbench)
    for epoch in range(4):
        if epoch == 0 or (period and epoch % period == 0):
            margin = (2 * torch.sigmoid(by_hand.outputs()) - 1).abs()
            chosen = torch.argsort(margin, stable=True)[:120].sort().values
        by_hand.epoch(epoch, chosen)

    changes = {"training.epochs_per_trigger": 4}
    assert_same_weights(workbench, by_hand, changes=changes, downsampling=uncertainty(period=period))


def test_a_result_tells_how_many_samples_were_trained_on(workbench: Workbench) -> None:
    result = workbench.train(downsampling=uncertainty())

    assert result.samples == 2 * 96  # 40 % of 300 are 120, three full batches an epoch
    assert result.batches == 2 * 3


@pytest.mark.parametrize(
    "downsampling",
    [
        RS2_QUARTER,
        uncertainty(),
        uncertainty(scores="recorded", balance=True),
        {"strategy": "Loss", "ratio": 50, "forward_passes": "one"},
        {"strategy": "Loss", "ratio": 50, "forward_passes": "two"},
    ],
    ids=lambda section: "-".join(map(str, section.values())),
)
def test_any_number_of_loader_workers_gives_the_same_model(workbench: Workbench, downsampling: dict[str, Any]) -> None:
    parser = """
def bytes_parser_function(sample):
    import torch
    numbers = torch.frombuffer(bytearray(sample[:12]), dtype=torch.float32)
    categories = torch.frombuffer(bytearray(sample[12:]), dtype=torch.int32)
    return torch.cat([numbers + torch.randn(3), categories.float()])
"""
    # A parser that augments: each pass over the data has random numbers of its own, wherever it is decoded.
    changes = {"data": {"dataset_id": "numbers", "bytes_parser_function": parser, "label_transformer_function": FLOATS}}

    results = [
        workbench.train(changes | {"training.dataloader_workers": workers}, downsampling=downsampling)
        for workers in (0, 1, 2)
    ]

    assert len({result.digest for result in results}) == 1


FLOATS = "def label_transformer_function(labels):\n    return labels.float()\n"


@pytest.mark.parametrize(
    "downsampling",
    [
        RS2_QUARTER,
        uncertainty(),
        uncertainty(period=2),
        uncertainty(period=0),
        uncertainty(scores="recorded"),
        uncertainty(scores="recorded", period=2, balance=True),
        {"strategy": "Loss", "ratio": 40, "sample_then_batch": True, "scores": "recorded"},
    ],
    ids=lambda section: "-".join(map(str, section.values())),
)
@pytest.mark.parametrize("at", [2, 4, 6, 9])
def test_a_training_that_was_cut_off_continues_with_its_choice(
    workbench: Workbench, downsampling: dict[str, Any], at: int
) -> None:
    changes = _changes(workbench, at)
    undisturbed = workbench.train(changes, downsampling=downsampling)
    earlier = _cut_off(workbench, changes, downsampling)

    result = workbench.train(changes, downsampling=downsampling, resume_folder=earlier.folder)

    assert result.digest == undisturbed.digest
    assert (result.samples, result.batches) == (undisturbed.samples, undisturbed.batches)


STATEFUL = '''
import torch

from modyn.trainer.downsampling.api import BOTH_MODES, Choice


class Rotating:
    """Each choice begins where the last one ended."""

    needs = "outputs"
    modes = BOTH_MODES
    weighted = False

    def __init__(self):
        self.first = 0

    def measure(self, outputs):
        return {}

    def choose(self, candidates, count, draw):
        first, self.first = self.first, self.first + count
        return Choice((torch.arange(count) + first) % candidates.size)

    def state_dict(self):
        return {"first": self.first}

    def load_state_dict(self, state):
        self.first = state["first"]
'''


@pytest.mark.parametrize(
    "options",
    [{"sample_then_batch": True}, {"forward_passes": "one"}, {"forward_passes": "two"}],
    ids=lambda options: "-".join(map(str, options.values())),
)
def test_what_a_downsampler_keeps_outlives_an_attempt(workbench: Workbench, options: dict[str, Any]) -> None:
    (workbench.folder / "own.py").write_text(STATEFUL)
    section = {"strategy": "own:Rotating", "ratio": 40} | {"sample_then_batch": False} | options
    changes = _changes(workbench, 9)
    undisturbed = workbench.train(changes, downsampling=section)
    earlier = _cut_off(workbench, changes, section)

    result = workbench.train(changes, downsampling=section, resume_folder=earlier.folder)

    assert result.digest == undisturbed.digest


@pytest.mark.parametrize("interval", [3, 4])
def test_a_model_that_draws_in_evaluation_mode_is_scored_alike_after_a_restart(
    workbench: Workbench, interval: int
) -> None:
    (workbench.folder / "noisy.py").write_text(
        "import torch\nfrom model import Small\n\n\nclass Noisy(Small):\n    def forward(self, data):\n"
        "        return torch.nn.functional.dropout(super().forward(data)[:, None].expand(-1, 9), 0.3).mean(1)\n"
    )
    changes = _changes(workbench, 6) | {"model.id": "noisy:Noisy"}
    changes["training.checkpointing"] = {"activated": True, "interval": interval}
    undisturbed = workbench.train(changes, downsampling=uncertainty())
    earlier = _cut_off(workbench, changes, uncertainty())

    result = workbench.train(changes, downsampling=uncertainty(), resume_folder=earlier.folder)

    assert result.digest == undisturbed.digest


def test_an_attempt_that_dies_while_it_takes_over_leaves_nothing_half(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = _changes(workbench, 9)
    undisturbed = workbench.train(changes, downsampling=uncertainty())
    first = _cut_off(workbench, changes, uncertainty())
    copied: list[str] = []

    def die_at_the_second_file(source: Path, target: Path) -> None:
        if copied:
            target.write_bytes(source.read_bytes()[:100])
            raise KeyboardInterrupt
        copied.append(source.name)
        target.write_bytes(source.read_bytes())

    with monkeypatch.context() as patch:
        patch.setattr("modyn.trainer.downsampling.whole_set.shutil.copyfile", die_at_the_second_file)
        second = workbench.request(changes, downsampling=uncertainty(), resume_folder=first.folder)
        with pytest.raises(KeyboardInterrupt):
            train(second, lambda event: None)
    assert copied == ["00000.trainingset"]

    third = workbench.train(changes, downsampling=uncertainty(), resume_folder=second.folder)

    assert third.digest == undisturbed.digest


def _changes(workbench: Workbench, at: int) -> dict[str, Any]:
    return {
        "training.checkpointing": {"activated": True, "interval": 2},
        "training.epochs_per_trigger": 4,
        "training.batch_size": 25,
        "data.label_transformer_function": _stop_at(workbench, at),
    }


def _cut_off(workbench: Workbench, changes: dict[str, Any], downsampling: dict[str, Any]) -> TrainingRequest:
    """An attempt that ended before its batch number `at`."""
    (workbench.folder / "stop").touch()
    request = workbench.request(changes, downsampling=downsampling)
    with pytest.raises(KeyboardInterrupt):
        train(request, lambda event: None)
    (workbench.folder / "stop").unlink()
    return request


def _stop_at(workbench: Workbench, batch: int) -> str:
    """Code that, while there is a file `stop`, raises at training batch number `batch`."""
    return f"""
from pathlib import Path

import torch

steps = 0

def label_transformer_function(labels):
    global steps
    steps += torch.is_grad_enabled()
    if steps == {batch} and Path({str(workbench.folder / "stop")!r}).exists():
        raise KeyboardInterrupt
    return labels
"""


def test_the_files_of_choices_are_removed_in_the_end(workbench: Workbench) -> None:
    request = workbench.request(downsampling=RS2_QUARTER)

    train(request, lambda event: None)

    assert sorted(path.name for path in request.folder.iterdir()) == ["model.safetensors"]


@pytest.mark.parametrize("scores", ["fresh", "recorded"])
def test_what_was_deleted_between_attempts_is_no_candidate(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch, scores: str
) -> None:
    section = uncertainty(scores=scores)
    earlier = _cut_off(workbench, _changes(workbench, 7), section)
    _delete(workbench, 0, 150)
    choices: list[set[int]] = []
    write = TrainingSamples.write_choice

    def note(self: TrainingSamples, path: Path, positions: Any, weights: Any) -> None:
        if path.parent.name == "choices":
            choices.append(set(positions.tolist()))
        write(self, path, positions, weights)

    monkeypatch.setattr(TrainingSamples, "write_choice", note)
    workbench.train(_changes(workbench, 7), downsampling=section, resume_folder=earlier.folder)

    # The choice that was in use stays; later ones have none of the 150.
    assert len(choices) == 2
    assert all(len(choice) == 120 and min(choice) >= 150 for choice in choices)


def _delete(workbench: Workbench, first: int, count: int) -> None:
    index = _native.Index.open(workbench.view.folder)
    gone = _native.View.build(index, workbench.view.order).keys(first, count)
    _native.delete_samples(workbench.view.folder, gone)


def test_a_subset_is_of_what_is_left(workbench: Workbench) -> None:
    """One of three samples: two are deleted, so a subset that looks at nothing would mostly be of these."""
    training_set = workbench.training_set(3)
    _delete(workbench, 0, 2)
    section = {"strategy": "RS2", "ratio": 34, "with_replacement": True}

    result = workbench.train({"training.epochs_per_trigger": 8}, downsampling=section, training_set=training_set)

    assert result.samples == 8
    assert result.final_loss is not None
    assert result.final_loss > 0


def test_a_transformer_of_labels_may_work_in_place(workbench: Workbench) -> None:
    section = {"strategy": "Loss", "ratio": 40, "sample_then_batch": False, "forward_passes": "two"}
    pure = "def label_transformer_function(labels):\n    return 1 - labels.float()\n"
    in_place = "def label_transformer_function(labels):\n    labels -= 1\n    return labels.neg_().float()\n"

    results = [
        workbench.train({"data.label_transformer_function": code}, downsampling=section) for code in (pure, in_place)
    ]

    assert results[0].digest == results[1].digest


def test_deleted_samples_are_no_candidates(workbench: Workbench) -> None:
    index = _native.Index.open(workbench.view.folder)
    view = _native.View.build(index, workbench.view.order)
    gone = view.keys(0, 250)
    _native.delete_samples(workbench.view.folder, gone)

    result = workbench.train({"training.batch_size": 30}, downsampling=uncertainty())

    # 120 are promised and 50 are left: the batches stay as they are, filled up with samples of weight 0.
    assert result.samples == 2 * 120
    assert "250 of the 300 samples" in result.warnings[0]
