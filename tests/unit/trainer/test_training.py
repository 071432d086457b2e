"""Whole trainings on real files, in this process."""

from __future__ import annotations

import hashlib
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.unit.trainer.workbench import Workbench

from modyn import _native
from modyn.errors import DatasetError, ModelError
from modyn.models.user_modules import import_user_module
from modyn.trainer.seeding import Shuffle, seed_generators

SEED = 7
GLOBAL = Shuffle("global")


def by_hand(
    workbench: Workbench, *, epochs: int = 2, batch_size: int = 32, shuffle: Shuffle = GLOBAL, samples: int = 300
) -> dict[str, torch.Tensor]:
    """The standard pipeline's training, written out over tensors in memory."""
    records = workbench.records[:samples]
    numbers, categories = torch.tensor(records["numbers"]), torch.tensor(records["categories"])
    labels = torch.tensor(records["label"].astype(np.float32))
    seed_generators(_native.random_bits(SEED, 0, _native.PURPOSE_MODEL_INIT, 0))
    model = import_user_module("model", workbench.folder).Small()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    criterion = torch.nn.BCEWithLogitsLoss()
    step = 0
    for epoch in range(epochs):
        if shuffle.mode == "none":
            order = np.arange(samples)
        elif shuffle.mode == "global":
            permutation = _native.Permutation(SEED, 0, _native.PURPOSE_SHUFFLE, epoch, samples)
            order = permutation.apply(0, samples).astype(np.int64)
        else:
            blockwise = _native.Order.blockwise_shuffle(SEED, 0, epoch, samples, shuffle.block_size)
            order = blockwise.apply(0, samples).astype(np.int64)
        for first in range(0, samples - batch_size + 1, batch_size):
            rows = torch.from_numpy(order[first : first + batch_size])
            seed_generators(_native.random_bits(SEED, 0, _native.PURPOSE_TRAINING_STEP, step))
            optimizer.zero_grad()
            output = model({"numbers": numbers[rows], "categories": categories[rows]})
            criterion(output, labels[rows]).backward()
            optimizer.step()
            step += 1
    return dict(model.state_dict())


@pytest.mark.parametrize(
    "shuffle", [Shuffle("none"), GLOBAL, Shuffle("blockwise", 7)], ids=lambda shuffle: shuffle.mode
)
@pytest.mark.parametrize("workers", [0, 2])
def test_the_trainer_does_what_a_plain_loop_does_bit_by_bit(
    workbench: Workbench, shuffle: Shuffle, workers: int
) -> None:
    changes: dict[str, Any] = {"training.shuffle": shuffle.mode != "none", "training.dataloader_workers": workers}
    if shuffle.mode != "none":
        changes |= {"training.shuffle_mode": shuffle.mode, "training.shuffle_block_size": shuffle.block_size}
    result = workbench.train(changes)
    expected = by_hand(workbench, shuffle=shuffle)
    trained = load_file(result.model)
    assert trained.keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(trained[name], tensor), name


def test_the_result_tells_what_was_done(workbench: Workbench) -> None:
    result = workbench.train({"training.record_loss_every": 4})
    assert (result.samples, result.batches, result.epochs) == (2 * 288, 18, 2)
    assert result.digest == hashlib.sha256(result.model.read_bytes()).hexdigest()
    assert [path.name for path in result.model.parent.iterdir()] == ["model.safetensors"]
    assert [batch for batch, _ in result.losses] == [4, 8, 12, 16]
    assert result.final_loss is not None
    assert 0 < result.final_loss < result.losses[0][1]
    assert result.seconds > 0
    assert result.setup_seconds > 0
    assert result.warnings == []


def test_equal_requests_give_equal_bytes_and_other_addresses_others(workbench: Workbench) -> None:
    first = workbench.train()
    assert workbench.train().model.read_bytes() == first.model.read_bytes()
    assert len({first.digest, workbench.train(seed=8).digest, workbench.train(trigger=1).digest}) == 3


def test_progress_events_lead_to_the_end(workbench: Workbench) -> None:
    workbench.train(trigger=3)
    assert 2 <= len(workbench.events) <= 18
    last = workbench.events[-1]
    assert 0 < last.pop("loss") < 1
    assert last == {
        "event": "training_progress",
        "trigger": 3,
        "epoch": 2,
        "epochs": 2,
        "batch": 18,
        "batches": 18,
        "samples": 576,
    }


def test_training_goes_on_from_the_previous_model(workbench: Workbench) -> None:
    first = workbench.train()
    still = {"training.optimizers": optimizers({"module": "model", "config": {"lr": 0.0, "weight_decay": 0.0}})}
    unchanged = workbench.train(still, previous_model=first.model, trigger=1)
    assert unchanged.digest == first.digest
    assert workbench.train(previous_model=first.model, trigger=1).digest != workbench.train(trigger=1).digest


def optimizers(*groups: dict[str, Any], algorithm: str = "AdamW") -> list[dict[str, Any]]:
    return [{"name": "default", "algorithm": algorithm, "param_groups": list(groups)}]


@pytest.mark.parametrize(("num_samples", "batches", "epochs"), [(40, 2, 1), (300, 10, 2), (1000, 32, 4)])
def test_a_number_of_samples_is_passed_exactly(
    workbench: Workbench, num_samples: int, batches: int, epochs: int
) -> None:
    result = workbench.train(num_samples=num_samples)
    assert (result.samples, result.batches, result.epochs) == (num_samples, batches, epochs)
    assert result.final_loss is not None


def test_a_number_of_samples_from_a_set_smaller_than_a_batch(workbench: Workbench) -> None:
    result = workbench.train(num_samples=50, training_set=workbench.training_set(20))
    assert (result.samples, result.batches, result.epochs) == (50, 3, 3)


def test_the_last_batch_is_trained_on_unless_it_is_dropped(workbench: Workbench) -> None:
    assert workbench.train({"training.drop_last_batch": False}).samples == 600
    assert workbench.train({"training.drop_last_batch": True}).samples == 576


def test_a_set_smaller_than_a_batch_is_one_batch_with_a_warning(workbench: Workbench) -> None:
    result = workbench.train(training_set=workbench.training_set(20))
    assert (result.samples, result.batches) == (40, 2)
    assert result.warnings == ["there were 20 samples to train on, less than one batch of 32; they were one batch"]


def test_an_empty_set_is_an_error(workbench: Workbench) -> None:
    with pytest.raises(DatasetError, match=r"dataset 'numbers': the training set .* is empty"):
        workbench.train(training_set=workbench.training_set(0))


def test_equal_weights_train_as_none(workbench: Workbench) -> None:
    weighted = workbench.training_set(300, np.full(300, 0.5, np.float32))
    plain = load_file(workbench.train().model)
    for name, tensor in load_file(workbench.train(training_set=weighted).model).items():
        assert torch.allclose(tensor, plain[name], atol=1e-4), name


def test_samples_of_weight_zero_teach_nothing(workbench: Workbench) -> None:
    def train(weight_of_ones: float, label_of_ones: int) -> str:
        weights = np.where(workbench.records["label"] == 1, weight_of_ones, 1).astype(np.float32)
        source = f"def label_transformer_function(labels):\n    return labels * {label_of_ones}\n"
        changes = {"data.label_transformer_function": source}
        return workbench.train(changes, training_set=workbench.training_set(300, weights)).digest

    assert train(0, label_of_ones=1) == train(0, label_of_ones=0)
    assert train(1, label_of_ones=1) != train(1, label_of_ones=0)


def test_a_label_transformer_goes_over_each_batch(workbench: Workbench) -> None:
    source = "def label_transformer_function(labels):\n    assert labels.shape == (32,)\n    return 1 - labels\n"
    assert workbench.train({"data.label_transformer_function": source}).digest != workbench.train().digest


def test_only_the_parameters_of_a_group_are_trained(workbench: Workbench) -> None:
    still = optimizers({"module": "model", "config": {"lr": 0.0}}, algorithm="SGD")
    start = workbench.train({"training.optimizers": still})
    bias = {"module": "model.layers.3.bias", "config": {"lr": 0.5}}
    two = [
        *optimizers({"module": "model.embedding", "config": {"lr": 0.1}}),
        {"name": "bias", "algorithm": "SGD", "param_groups": [bias]},
    ]
    before, after = load_file(start.model), load_file(workbench.train({"training.optimizers": two}).model)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"embedding.weight", "layers.3.bias"}


@pytest.mark.parametrize("step_every", ["batch", "epoch"])
def test_a_schedule_moves_the_rates(workbench: Workbench, step_every: str) -> None:
    placeholder = {"batch": "MODYN_NUM_BATCHES", "epoch": "MODYN_NUM_EPOCHS"}[step_every]
    schedule = {
        "name": "LinearLR",
        "step_every": step_every,
        "optimizers": ["default"],
        "config": {"start_factor": 0.5, "total_iters": placeholder},
    }
    assert workbench.train({"training.lr_scheduler": schedule}).digest != workbench.train().digest


def test_mixed_precision_reaches_the_model(workbench: Workbench) -> None:
    checked = (
        (workbench.folder / "model.py")
        .read_text()
        .replace(
            "return self.layers(features)",
            "output = self.layers(features)\n        assert output.dtype == torch.bfloat16\n        return output",
        )
    )
    (workbench.folder / "half.py").write_text(checked)
    changes = {"training.amp": True, "model.id": "half:Small"}
    assert workbench.train(changes).digest != workbench.train().digest
    with pytest.raises(AssertionError):
        workbench.train(changes | {"training.amp": False})


def test_a_gradient_scaler_can_be_configured(workbench: Workbench) -> None:
    workbench.train({"training.amp": True, "training.grad_scaler_config": {"init_scale": 4.0}})
    with pytest.raises(ModelError, match=r"grad_scaler_config .*init_scal"):
        workbench.train({"training.amp": True, "training.grad_scaler_config": {"init_scal": 4.0}})


def test_a_model_may_ask_for_the_keys(workbench: Workbench) -> None:
    code = (workbench.folder / "model.py").read_text()
    with_keys = "def forward(self, data, sample_ids=None):\n        self.check(sample_ids)"
    code = code.replace("def forward(self, data):", with_keys)
    code += "\n    def check(self, ids):\n        assert len(ids) == 32 and type(ids[0]) is int and ids[0] < 300\n"
    (workbench.folder / "keys.py").write_text(code)
    assert workbench.train({"model.id": "keys:Small"}).digest == workbench.train().digest


def test_a_diverged_training_is_told_and_its_model_kept(workbench: Workbench) -> None:
    diverging = {"training.optimizers": optimizers({"module": "model", "config": {"lr": 1e38}}, algorithm="SGD")}
    result = workbench.train(diverging | {"training.record_loss_every": 9})
    assert result.model.exists()
    assert result.final_loss is None
    assert math.isnan(result.losses[-1][1])
    assert "probably diverged" in result.warnings[0]
    assert workbench.events[-1]["loss"] is None


@pytest.mark.filterwarnings("ignore:put_ does not have a deterministic")
def test_an_operation_that_cannot_be_deterministic_is_named(workbench: Workbench) -> None:
    code = (workbench.folder / "model.py").read_text()
    put = "features.detach().put_(torch.tensor([0]), torch.tensor([1.0]))"
    code = code.replace("return self.layers", f"{put}\n        return self.layers")
    (workbench.folder / "loose.py").write_text(code)
    switch = "torch.use_deterministic_algorithms(True, warn_only=True)"
    with pytest.raises(ModelError, match=rf"operation put_ .* {re.escape(switch)}"):
        workbench.train({"model.id": "loose:Small"})
    (workbench.folder / "allowed.py").write_text(f"import torch\n{switch}\n{code}")
    workbench.train({"model.id": "allowed:Small"})


def test_a_missing_device_is_an_error(workbench: Workbench) -> None:
    with pytest.raises(ModelError, match=r"device 'cuda:63': torch sees \d+ CUDA devices"):
        workbench.train({"training.device": "cuda:63"})


def test_a_model_that_does_not_fit_the_previous_weights_is_an_error(workbench: Workbench) -> None:
    first = workbench.train()
    with pytest.raises(ModelError, match="do not fit the model"):
        workbench.train({"model.config": {"hidden": 4}}, previous_model=first.model)


def test_a_changed_source_file_is_an_error(workbench: Workbench) -> None:
    request = workbench.request()
    file = next(iter(sorted(Path(workbench.view.root).glob("*.bin"))))
    file.write_bytes(file.read_bytes()[:-23])
    with pytest.raises(DatasetError, match=file.name):
        workbench.train(training_set=request.training_set)
