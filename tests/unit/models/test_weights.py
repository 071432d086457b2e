"""Files of weights."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, safe_open
from torch import nn

from modyn.config import PipelineConfig
from modyn.errors import CorruptFileError, ModelError
from modyn.models import load_trained_model
from modyn.models.weights import load_weights, save_weights


class Tied(nn.Module):
    """Shares a tensor under two names, and has views, an empty tensor, and several types."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5, 3)
        self.output = nn.Linear(3, 5, bias=False)
        self.output.weight = self.embedding.weight
        block = torch.arange(12.0).reshape(3, 4)
        self.register_buffer("row", block[1])
        self.register_buffer("column", block[:, 2])
        self.register_buffer("empty", torch.zeros(0, 3))
        self.register_buffer("steps", torch.tensor(7))
        self.register_buffer("brief", torch.ones(2, dtype=torch.bfloat16))
        self.register_buffer("mask", torch.tensor([True, False]))


def test_weights_come_back_and_stay_shared(tmp_path: Path) -> None:
    first, second = Tied(), Tied()
    digest = save_weights(first, tmp_path / "m.safetensors")
    assert digest == hashlib.sha256((tmp_path / "m.safetensors").read_bytes()).hexdigest()
    load_weights(second, tmp_path / "m.safetensors")
    for name, tensor in first.state_dict().items():
        assert torch.equal(second.state_dict()[name], tensor), name
    assert second.output.weight is second.embedding.weight


def test_equal_weights_give_equal_bytes_without_metadata(tmp_path: Path) -> None:
    model = Tied()
    digests = {save_weights(model, tmp_path / f"{number}.safetensors") for number in range(5)}
    assert len(digests) == 1
    with safe_open(tmp_path / "0.safetensors", framework="pt") as file:
        assert not file.metadata()


def test_any_reader_of_safetensors_finds_all_names(tmp_path: Path) -> None:
    model = Tied()
    save_weights(model, tmp_path / "m.safetensors")
    assert load_file(tmp_path / "m.safetensors").keys() == model.state_dict().keys()


def test_nothing_but_the_file_is_left(tmp_path: Path) -> None:
    save_weights(nn.Linear(1, 1), tmp_path / "m.safetensors")
    save_weights(nn.Linear(1, 1), tmp_path / "m.safetensors")  # replaces it
    assert [path.name for path in tmp_path.iterdir()] == ["m.safetensors"]


def test_state_that_is_no_tensor_is_refused_by_name(tmp_path: Path) -> None:
    class Extra(nn.Linear):
        def get_extra_state(self) -> object:
            return {"seen": 3}

    with pytest.raises(ModelError, match="state '_extra_state' is a dict"):
        save_weights(Extra(1, 1), tmp_path / "m.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_files_that_do_not_fit_or_are_torn_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    with pytest.raises(ModelError, match=r"there is no weights file .*m.safetensors"):
        load_weights(nn.Linear(2, 2), path)
    save_weights(nn.Linear(2, 2), path)
    with pytest.raises(ModelError, match="do not fit the model"):
        load_weights(nn.Linear(2, 3), path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CorruptFileError, match="is torn"):
        load_weights(nn.Linear(2, 2), path)


def test_a_trained_model_is_loaded_for_evaluation(tmp_path: Path) -> None:
    config = PipelineConfig.model_validate(
        {
            "pipeline": {"name": "test"},
            "model": {"id": "Dummy"},
            "data": {"dataset_id": "d", "bytes_parser_function": "def bytes_parser_function(data):\n    return 1\n"},
            "training": {
                "batch_size": 1,
                "shuffle": False,
                "use_previous_model": False,
                "optimizers": [{"name": "o", "algorithm": "SGD", "param_groups": [{"module": "model"}]}],
                "optimization_criterion": {"name": "MSELoss"},
            },
            "trigger": {"id": "DataAmountTrigger", "num_samples": 1},
            "selection_strategy": {"name": "NewDataStrategy", "tail_triggers": None},
        }
    )
    from modyn.models.dummy import Dummy

    trained = Dummy()
    save_weights(trained, tmp_path / "m.safetensors")
    model = load_trained_model(config, tmp_path, tmp_path / "m.safetensors")
    assert not model.training
    assert torch.equal(model(torch.ones(1, 2)), trained(torch.ones(1, 2)))
