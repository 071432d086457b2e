"""Balanced choices: of every class, in every epoch anew, and from every batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.unit.trainer.downsampling.sections import EVERY, name_of, request_for
from tests.unit.trainer.workbench import Workbench, build_workbench

from modyn.metadata.history import TrainingHistory
from modyn.trainer.downsampling.api import Candidates, Draw
from modyn.trainer.downsampling.balanced import Balanced, class_numbers, positions_by_class
from modyn.trainer.downsampling.grad_match import GradMatch
from modyn.trainer.job import train

OF_SET = [section for section in EVERY if section.get("balance") and section["sample_then_batch"]]
OF_BATCH = [section for section in EVERY if section.get("balance") and not section["sample_then_batch"]]
PARSER = """
import torch


def bytes_parser_function(sample):
    numbers = torch.frombuffer(bytearray(sample[:12]), dtype=torch.float32)
    categories = torch.frombuffer(bytearray(sample[12:]), dtype=torch.int32)
    return torch.cat([numbers, categories.float()])


def label_transformer_function(labels):
    return labels.float()
"""


def test_classes_are_numbered_by_their_labels() -> None:
    labels = torch.tensor([5, 2, 5, 9, 2])

    assert class_numbers(Candidates(5, labels=labels)).tolist() == [1, 0, 1, 2, 0]
    assert class_numbers(Candidates(5, labels=labels.float()[:, None])).tolist() == [1, 0, 1, 2, 0]
    assert [one.tolist() for one in positions_by_class(Candidates(5, labels=labels))] == [[1, 4], [0, 2], [3]]


def test_of_several_labels_each_combination_is_a_class() -> None:
    labels = torch.tensor([[0.0, 1.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])

    assert class_numbers(Candidates(4, labels=labels)).tolist() == [1, 2, 1, 0]


@pytest.mark.parametrize("sizes", [(900, 100), (990, 10), (500, 300, 200)])
def test_matching_class_by_class_matches_the_mean_of_all(sizes: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(1)
    labels = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    directions = torch.randn(len(sizes), 10, generator=generator)
    gradients = directions[labels] + 0.5 * torch.randn(len(labels), 10, generator=generator)
    candidates = Candidates(len(labels), {"gradient": gradients}, labels)

    choice = Balanced(GradMatch()).choose(candidates, 50, Draw(1, 0, 0))

    assert choice.weights is not None
    assert float(choice.weights.sum()) == pytest.approx(len(labels), rel=0.02)
    mean = gradients.mean(dim=0)
    matched = choice.weights @ gradients[choice.positions] / choice.weights.sum()
    assert float((matched - mean).norm()) < 0.05 * float(mean.norm())


@pytest.mark.parametrize("section", OF_SET, ids=name_of)
def test_choices_do_not_pile_up_over_epochs(workbench: Workbench, section: dict[str, object]) -> None:
    changes = {"training.epochs_per_trigger": 4, "training.batch_size": 25, "training.record_history": True}

    result = train(request_for(workbench, section, changes), lambda event: None)

    assert result.samples == 4 * 75
    assert result.history is not None
    frame = TrainingHistory.open(result.history).frame()
    assert frame["seen"].max() <= 4, "no sample twice in an epoch"
    labels = workbench.records["label"][frame["key"].to_numpy()]
    share = float(np.average(labels, weights=frame["seen"]))
    assert abs(share - float(workbench.records["label"].mean())) < 1 / 75, "each of the choices keeps the shares"


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("section", OF_SET, ids=name_of)
def test_a_rare_class_is_kept_whatever_the_workers_and_the_last_batch(
    workbench: Workbench, section: dict[str, object], workers: int
) -> None:
    # Whole batches hold 290 of the 300 samples; the two of the rare class are among the last ten.
    records = workbench.records.copy()
    records["label"] = 0
    records["label"][[297, 299]] = 1
    folder = workbench.folder / "rare"
    folder.mkdir()
    bench = build_workbench(folder, records)
    changes = {
        "training.epochs_per_trigger": 1,
        "training.batch_size": 29,
        "training.record_history": True,
        "training.dataloader_workers": workers,
        "training.drop_last_batch": True,
        "data.decoder": None,
        "data.bytes_parser_function": PARSER,
        "data.label_transformer_function": PARSER,
    }

    result = train(request_for(bench, section | {"ratio": 29, "ratio_max": 300}, changes), lambda event: None)

    assert result.history is not None
    assert {297, 299} & set(TrainingHistory.open(result.history).keys.tolist())
