"""Trainings that are cut off and continued."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.unit.trainer.workbench import Workbench

from modyn.errors import ModelError
from modyn.trainer import job
from modyn.trainer.api import TrainingRequest, TrainingResult
from modyn.trainer.checkpoints import Checkpoint, CheckpointFolder
from modyn.trainer.job import train

CHECKPOINTING = {"activated": True, "interval": 3}


def changes(workbench: Workbench, **more: Any) -> dict[str, Any]:
    """A training with all kinds of state that raises at the batch whose number is in the file `stop-at`."""
    source = f"""
from pathlib import Path

calls = 0

def label_transformer_function(labels):
    global calls
    calls += 1
    stop = Path({str(workbench.folder / "stop-at")!r})
    if stop.exists() and calls == int(stop.read_text()):
        raise KeyboardInterrupt
    return labels
"""
    return {
        "data.label_transformer_function": source,
        "training.checkpointing": CHECKPOINTING,
        "training.record_loss_every": 4,
        "training.optimizers": [
            {
                "name": "default",
                "algorithm": "SGD",
                "param_groups": [{"module": "model.layers", "config": {"lr": 0.1, "momentum": 0.9}}],
            },
            {
                "name": "embeddings",
                "algorithm": "Adam",
                "param_groups": [{"module": "model.embedding", "config": {"lr": 0.01}}],
            },
        ],
        "training.lr_scheduler": {
            "name": "OneCycleLR",
            "step_every": "batch",
            "optimizers": ["default"],
            "config": {"max_lr": 0.2, "total_steps": "MODYN_NUM_BATCHES"},
        },
        "training.amp": True,
        "training.grad_scaler_config": {"init_scale": 8.0, "growth_interval": 2},
    } | more


def interrupted(workbench: Workbench, at: int, **fields: Any) -> TrainingRequest:
    """An attempt that ended before its batch number `at`."""
    (workbench.folder / "stop-at").write_text(str(at))
    request = workbench.request(changes(workbench), **fields)
    with pytest.raises(KeyboardInterrupt):
        train(request, lambda event: None)
    (workbench.folder / "stop-at").unlink()
    return request


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "checkpoints").iterdir())


def continued(workbench: Workbench, earlier: TrainingRequest) -> TrainingResult:
    """Continue, counting the batches that this took in `events`."""
    return workbench.train(changes(workbench), resume_folder=earlier.folder)


@pytest.mark.parametrize("at", [2, 4, 5, 9, 11, 18])
def test_a_continued_training_gives_the_same_model(workbench: Workbench, at: int) -> None:
    undisturbed = workbench.train(changes(workbench))
    result = continued(workbench, interrupted(workbench, at))
    assert result.digest == undisturbed.digest
    assert (result.samples, result.batches, result.epochs) == (576, 18, 2)
    assert (result.final_loss, result.losses) == (undisturbed.final_loss, undisturbed.losses)


def test_checkpoints_are_kept_until_the_training_is_done(workbench: Workbench) -> None:
    earlier = interrupted(workbench, 17)
    assert names(earlier.folder) == [
        "0000000012.json",
        "0000000012.safetensors",
        "0000000015.json",
        "0000000015.safetensors",
    ]
    result = continued(workbench, earlier)
    assert workbench.events[0]["batch"] == 16
    assert names(result.model.parent) == []


def test_a_third_attempt_continues_where_the_first_was_cut_off(workbench: Workbench) -> None:
    first = interrupted(workbench, 17)
    second = interrupted(workbench, 1, resume_folder=first.folder)  # before its own first checkpoint
    result = continued(workbench, second)
    assert workbench.events[0]["batch"] == 16
    assert result.digest == workbench.train(changes(workbench)).digest


def test_a_training_that_died_while_it_wrote_its_model_need_not_train_again(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = workbench.request(changes(workbench))
    with monkeypatch.context() as patch:
        patch.setattr(job, "save_weights", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train(earlier, lambda event: None)
    result = continued(workbench, earlier)
    assert workbench.events == []
    undisturbed = workbench.train(changes(workbench))
    assert (result.digest, result.final_loss) == (undisturbed.digest, undisturbed.final_loss)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [truncate, flip, Path.unlink])
@pytest.mark.parametrize("suffix", ["json", "safetensors"])
def test_a_torn_checkpoint_is_passed_over(workbench: Workbench, damage: Callable[[Path], None], suffix: str) -> None:
    earlier = interrupted(workbench, 17)
    damage(earlier.folder / "checkpoints" / f"0000000015.{suffix}")
    result = continued(workbench, earlier)
    assert workbench.events[0]["batch"] == 13
    assert result.digest == workbench.train(changes(workbench)).digest


def test_checkpoints_of_another_training_are_not_continued(workbench: Workbench) -> None:
    earlier = interrupted(workbench, 17)
    workbench.train(changes(workbench), resume_folder=earlier.folder, trigger=5)
    assert workbench.events[0]["batch"] == 1


def test_without_checkpointing_nothing_is_written(workbench: Workbench) -> None:
    result = workbench.train()
    assert not (result.model.parent / "checkpoints").exists()


@pytest.mark.parametrize("absolute", [False, True])
def test_the_path_is_below_the_attempt_unless_it_is_absolute(workbench: Workbench, absolute: bool) -> None:
    path = workbench.folder / "elsewhere" if absolute else Path("here/too")
    checkpointing = CHECKPOINTING | {"path": str(path)}
    (workbench.folder / "stop-at").write_text("5")
    request = workbench.request(changes(workbench, **{"training.checkpointing": checkpointing}))
    with pytest.raises(KeyboardInterrupt):
        train(request, lambda event: None)
    (workbench.folder / "stop-at").unlink()
    written = list((path if absolute else request.folder / path).rglob("*.json"))
    assert [file.stem for file in written] == ["0000000003"]
    workbench.train(changes(workbench, **{"training.checkpointing": checkpointing}), resume_folder=request.folder)
    assert workbench.events[0]["batch"] == 4


def test_what_cannot_be_stored_is_an_error(tmp_path: Path) -> None:
    sparse = torch.zeros(2, 2).to_sparse()
    with pytest.raises(ModelError, match=r"'state' is a torch.sparse_coo tensor"):
        CheckpointFolder(tmp_path, {}).save(Checkpoint(1, {}, {"state": sparse}))


def test_a_checkpoint_of_a_later_version_is_passed_over(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path, {})
    folder.save(Checkpoint(1, {"x": 1}, {"t": torch.ones(2)}))
    assert folder.newest() is not None
    path = tmp_path / "0000000001.json"
    content = json.loads(path.read_text())["content"] | {"version": 2}
    path.write_text(json.dumps({"checksum": "", "content": content}))
    assert folder.newest() is None
