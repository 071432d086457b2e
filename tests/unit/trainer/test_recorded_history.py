"""What trainings record of their samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
import torch.nn.functional as F
from tests.unit.trainer.test_checkpoints import changes, continued, interrupted
from tests.unit.trainer.test_deleted_samples import DELETED, delete
from tests.unit.trainer.workbench import Workbench

from modyn import _native
from modyn.config.training import OptimizationCriterion
from modyn.errors import ModelError
from modyn.metadata.history import TrainingHistory
from modyn.models.user_modules import import_user_module
from modyn.trainer import job
from modyn.trainer.batch_plan import Span
from modyn.trainer.data.batch import Batch
from modyn.trainer.history import HistoryRecorder, read_records
from modyn.trainer.observation import HistoryObserver
from modyn.trainer.seeding import seed_generators

RECORDING = {"training.record_history": True}


def history_of(result: job.TrainingResult) -> TrainingHistory:
    assert result.history is not None
    return TrainingHistory.open(result.history)


def outputs_by_hand(workbench: Workbench) -> list[tuple[npt.NDArray[Any], torch.Tensor]]:
    """Keys and outputs of each step of the standard pipeline, written out over tensors in memory."""
    records = workbench.records
    numbers, categories = torch.tensor(records["numbers"]), torch.tensor(records["categories"])
    labels = torch.tensor(records["label"].astype(np.float32))
    seed_generators(_native.random_bits(7, 0, _native.PURPOSE_MODEL_INIT, 0))
    model = import_user_module("model", workbench.folder).Small()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    found = []
    for epoch in range(2):
        order = _native.Permutation(7, 0, _native.PURPOSE_SHUFFLE, epoch, 300).apply(0, 300).astype(np.int64)
        for first in range(0, 288, 32):
            rows = torch.from_numpy(order[first : first + 32])
            seed_generators(_native.random_bits(7, 0, _native.PURPOSE_TRAINING_STEP, len(found)))
            optimizer.zero_grad()
            output = model({"numbers": numbers[rows], "categories": categories[rows]})
            F.binary_cross_entropy_with_logits(output, labels[rows]).backward()
            optimizer.step()
            found.append((rows.numpy(), output.detach()))
    return found


def test_a_training_records_what_its_model_gave_for_each_batch(workbench: Workbench) -> None:
    history = history_of(workbench.train(RECORDING))
    labels = workbench.records["label"].astype(np.float32)  # the keys are the places in the files
    logits: dict[int, list[float]] = {}
    for keys, output in outputs_by_hand(workbench):
        for key, logit in zip(keys.tolist(), output.tolist(), strict=True):
            logits.setdefault(key, []).append(logit)
    frame = history.frame().set_index("key")
    assert sorted(frame.index) == sorted(logits)
    for key, of_key in logits.items():
        margins = [logit if labels[key] else -logit for logit in of_key]
        row = frame.loc[key]
        assert row["seen"] == len(of_key)
        np.testing.assert_allclose(row["margin"], margins[-1], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(row["mean_margin"], np.mean(margins), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(row["loss"], np.log1p(np.exp(-margins[-1])), rtol=1e-4)
        np.testing.assert_allclose(row["gradient_norm"], 1 / (1 + np.exp(margins[-1])), rtol=1e-4)
        assert row["correct"] == (margins[-1] > 0)
        assert row["forgotten"] == (len(of_key) == 2 and margins[0] > 0 >= margins[1])


def test_recording_changes_nothing_about_the_model(workbench: Workbench) -> None:
    recorded, plain = workbench.train(RECORDING), workbench.train()
    assert recorded.digest == plain.digest
    assert plain.history is None
    assert not list(Path(plain.model.parent).glob("history*"))


@pytest.mark.parametrize("at", [2, 6, 7, 17])
def test_a_continued_training_has_the_same_history(
    workbench: Workbench, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.unit.trainer.test_checkpoints.changes", lambda bench: changes(bench, **RECORDING))
    undisturbed = workbench.train(changes(workbench, **RECORDING))
    earlier = interrupted(workbench, at)
    result = continued(workbench, earlier)
    assert history_of(result).path.read_bytes() == history_of(undisturbed).path.read_bytes()
    assert not (result.model.parent / job.RECORDS_FILE).exists()


@pytest.mark.parametrize("damage", ["missing", "torn", "wrong"])
def test_without_its_records_a_checkpoint_is_not_continued(
    workbench: Workbench, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.unit.trainer.test_checkpoints.changes", lambda bench: changes(bench, **RECORDING))
    undisturbed = workbench.train(changes(workbench, **RECORDING))
    earlier = interrupted(workbench, 8)
    records = earlier.folder / job.RECORDS_FILE
    content = records.read_bytes()
    if damage == "missing":
        records.unlink()
    else:
        records.write_bytes(content[:100] if damage == "torn" else content[:100] + b"?" + content[101:])
    result = continued(workbench, earlier)
    assert workbench.events[0]["batch"] == 1
    assert result.digest == undisturbed.digest
    assert history_of(result).path.read_bytes() == history_of(undisturbed).path.read_bytes()


def test_deleted_samples_are_not_in_the_history(workbench: Workbench) -> None:
    training_set = workbench.training_set()
    delete(workbench, DELETED)
    history = history_of(workbench.train(RECORDING, training_set=training_set))
    assert not np.isin(DELETED, history.keys).any()
    assert len(history) > 280


def observed(
    folder: Path,
    name: str,
    output: torch.Tensor,
    labels: torch.Tensor,
    weights: torch.Tensor | None = None,
    **config: Any,
) -> dict[str, torch.Tensor]:
    recorder = HistoryRecorder(folder / "records")
    observer = HistoryObserver(recorder, OptimizationCriterion(name=name, config=config), torch.device("cpu"))
    count = len(output)
    batch = Batch(Span(0, 0, 0, count), np.arange(count), torch.zeros(count), labels, weights)
    observer(batch, output, labels)
    recorder.close()
    (frame,) = read_records(folder / "records")
    return {column: torch.from_numpy(values.copy()) for column, values in frame.columns.items()}


@pytest.mark.parametrize("name", ["CrossEntropyLoss", "NLLLoss"])
def test_scores_of_classes(tmp_path: Path, name: str) -> None:
    torch.manual_seed(1)
    logits, labels = torch.randn(20, 5), torch.randint(0, 5, (20,))
    output = logits.log_softmax(1) if name == "NLLLoss" else logits
    columns = observed(tmp_path, name, output, labels)
    probabilities = logits.softmax(1)
    of_label = logits.gather(1, labels[:, None])[:, 0]
    others = logits.scatter(1, labels[:, None], -torch.inf).amax(1)
    torch.testing.assert_close(columns["loss"], F.cross_entropy(logits, labels, reduction="none"))
    torch.testing.assert_close(columns["margin"], of_label - others)
    torch.testing.assert_close(columns["probability"], probabilities.gather(1, labels[:, None])[:, 0])
    torch.testing.assert_close(columns["entropy"], -(probabilities * probabilities.log()).sum(1))
    torch.testing.assert_close(columns["gradient_norm"], (probabilities - F.one_hot(labels, 5)).norm(dim=1))
    assert columns["correct"].tolist() == (logits.argmax(1) == labels).int().tolist()


def test_losses_are_those_of_the_criterion(tmp_path: Path) -> None:
    torch.manual_seed(1)
    logits, labels = torch.randn(20, 3), torch.randint(0, 3, (20,))
    options: dict[str, Any] = {"weight": [0.5, 1.0, 2.0], "label_smoothing": 0.1}
    columns = observed(tmp_path, "CrossEntropyLoss", logits, labels, **options)
    expected = F.cross_entropy(logits, labels, torch.tensor(options["weight"]), reduction="none", label_smoothing=0.1)
    torch.testing.assert_close(columns["loss"], expected)
    single, binary = torch.randn(20, 1), torch.rand(20, 1).round()
    columns = observed(tmp_path, "BCEWithLogitsLoss", single, binary, pos_weight=[3.0])
    expected = F.binary_cross_entropy_with_logits(single, binary, pos_weight=torch.tensor([3.0]), reduction="none")
    torch.testing.assert_close(columns["loss"], expected[:, 0])


def test_what_is_ignored_or_weighs_nothing_does_not_count(tmp_path: Path) -> None:
    labels, weights = torch.tensor([0, 9, 2, 1]), torch.tensor([1.0, 1.0, 0.0, 0.5])
    columns = observed(tmp_path, "CrossEntropyLoss", torch.randn(4, 3), labels, weights, ignore_index=9)
    assert (columns["correct"] == 2).tolist() == [False, True, True, False]


def test_a_sample_with_several_labels_is_right_if_all_are(tmp_path: Path) -> None:
    logits, labels = torch.tensor([[2.0, -1.0], [2.0, 1.0]]), torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    columns = observed(tmp_path, "BCEWithLogitsLoss", logits, labels)
    assert columns["correct"].tolist() == [1, 0]
    torch.testing.assert_close(columns["margin"], torch.tensor([1.0, -1.0]))
    expected = F.binary_cross_entropy_with_logits(logits, labels, reduction="none").sum(1)
    torch.testing.assert_close(columns["loss"], expected)


def test_outputs_that_are_not_one_prediction_each_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"record_history: the model's output has the shape \[4, 3, 2\]"):
        observed(tmp_path, "CrossEntropyLoss", torch.randn(4, 3, 2), torch.zeros(4, 2, dtype=torch.int64))
