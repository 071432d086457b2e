"""What trainings with downsampling record of their samples: each as often as it was trained on, or read."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from tests.unit.trainer.downsampling.test_whole_set import RS2_QUARTER, uncertainty
from tests.unit.trainer.workbench import Workbench

from modyn.metadata.history import TrainingHistory
from modyn.trainer.job import train

# Writes the keys of every forward pass down; while there is a file `stop`, a training ends at that pass of its.
LOGGING = """
from pathlib import Path

from model import Small

HERE = Path(__file__).parent


class Logging(Small):
    passes = 0

    def forward(self, data, sample_ids):
        self.passes += self.training
        stop = HERE / "stop"
        if stop.exists() and self.passes == int(stop.read_text()):
            raise KeyboardInterrupt
        with (HERE / "passes.txt").open("a") as file:
            print("train" if self.training else "score", *sample_ids, file=file)
        return super().forward(data)
"""
GRADIENTS = {"strategy": "GradNorm", "ratio": 50}
SET: list[dict[str, Any]] = [
    RS2_QUARTER,
    uncertainty(),
    uncertainty(period=2),
    uncertainty(period=0),
    uncertainty(scores="recorded"),
    uncertainty(scores="recorded", balance=True, period=2),
    GRADIENTS | {"sample_then_batch": True},
    GRADIENTS | {"sample_then_batch": True, "scores": "recorded"},
]
BATCH: list[dict[str, Any]] = [GRADIENTS | {"forward_passes": passes} for passes in ("one", "two")]


def name_of(section: dict[str, Any]) -> str:
    return "-".join(map(str, section.values()))


@pytest.fixture
def bench(workbench: Workbench) -> Workbench:
    (workbench.folder / "logging_model.py").write_text(LOGGING)
    return workbench


def changes(**more: Any) -> dict[str, Any]:
    return {
        "model.id": "logging_model:Logging",
        "training.record_history": True,
        "training.epochs_per_trigger": 4,
        "training.checkpointing": {"activated": True, "interval": 2},
    } | more


def passes(bench: Workbench, kind: str) -> Counter[int]:
    """How often each key went through the model."""
    lines = [line.split() for line in (bench.folder / "passes.txt").read_text().splitlines()]
    return Counter(int(key) for found, *keys in lines for key in keys if found == kind)


def seen(history: TrainingHistory) -> Counter[int]:
    frame = history.frame()
    return Counter(dict(zip(frame["key"].tolist(), frame["seen"].tolist(), strict=True)))


def recorded(bench: Workbench, section: dict[str, Any], **fields: Any) -> TrainingHistory:
    result = bench.train(changes(), downsampling=section, **fields)
    assert result.history is not None
    return TrainingHistory.open(result.history)


@pytest.mark.parametrize("section", SET, ids=name_of)
def test_what_was_chosen_counts_as_often_as_it_was_trained_on(bench: Workbench, section: dict[str, Any]) -> None:
    history = recorded(bench, section)

    assert seen(history) == passes(bench, "train")


@pytest.mark.parametrize("section", BATCH, ids=name_of)
def test_of_batches_all_samples_count_whether_they_are_kept_or_not(bench: Workbench, section: dict[str, Any]) -> None:
    history = recorded(bench, section)

    # In two passes, the first one of each batch is in evaluation mode.
    assert seen(history) == passes(bench, "train" if section["forward_passes"] == "one" else "score")
    assert seen(history).total() == 4 * 288


@pytest.mark.parametrize("section", [*SET, *BATCH], ids=name_of)
@pytest.mark.parametrize("at", [2, 4, 7])
def test_a_continued_training_has_the_same_history(bench: Workbench, section: dict[str, Any], at: int) -> None:
    undisturbed = recorded(bench, section)
    earlier = bench.request(changes(), downsampling=section)
    (bench.folder / "stop").write_text(str(at))
    with pytest.raises(KeyboardInterrupt):
        train(earlier, lambda event: None)
    (bench.folder / "stop").unlink()

    history = recorded(bench, section, resume_folder=earlier.folder)

    assert history.path.read_bytes() == undisturbed.path.read_bytes()
