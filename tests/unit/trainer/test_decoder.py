"""From bytes to tensors."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
import torch

from modyn.config.data import DTYPES, DataConfig
from modyn.errors import DatasetError, ModelError, UnsupportedError
from modyn.trainer.data.decoder import Decoder, build_decoder

LABELS = np.array([1, 0, 7], np.int64)


def data_config(**fields: Any) -> DataConfig:
    return DataConfig.model_validate({"dataset_id": "numbers"} | fields)


def decode(decoder: Decoder, samples: np.ndarray) -> tuple[Any, torch.Tensor]:
    """What the trainer does: fetch the fields, or whole samples, then decode."""
    if decoder.fields is None:
        return decoder.decode([samples.copy()], LABELS)
    arrays = [np.ascontiguousarray(samples[:, offset : offset + length]) for offset, length in decoder.fields]
    return decoder.decode(arrays, LABELS)


@pytest.mark.parametrize("byteorder", ["little", "big"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_fields_of_every_type_and_byte_order(dtype: str, byteorder: str) -> None:
    values = np.array([[[0, 1], [1, 0], [1, 1]], [[1, 1], [0, 0], [1, 0]], [[0, 0], [0, 1], [0, 1]]]).astype(dtype)
    order = np.dtype(dtype).newbyteorder(byteorder)  # type: ignore[call-overload]
    record = np.dtype([("before", "u1", 3), ("field", order, (3, 2)), ("after", "u1")])
    records = np.zeros(3, record)
    records["field"] = values
    fields = [{"name": "field", "dtype": dtype, "shape": [3, 2], "offset": 3}]
    config = data_config(decoder={"fields": fields, "byteorder": byteorder, "label_dtype": "float32"})

    data, labels = decode(build_decoder(config, record.itemsize), records.view(np.uint8).reshape(3, -1))

    assert torch.equal(data, torch.from_numpy(values))
    assert data.dtype == torch.from_numpy(values).dtype
    assert torch.equal(labels, torch.tensor([1.0, 0.0, 7.0]))


def test_several_fields_are_a_dict_and_a_scalar_field_has_one_dimension() -> None:
    samples = np.arange(12, dtype=np.uint8).reshape(3, 4)
    fields = [
        {"name": "one", "dtype": "uint8", "offset": 0},
        {"name": "two", "dtype": "uint8", "shape": [2], "offset": 1},
    ]
    data, labels = decode(build_decoder(data_config(decoder={"fields": fields}), 4), samples)
    assert torch.equal(data["one"], torch.tensor([0, 4, 8], dtype=torch.uint8))
    assert torch.equal(data["two"], torch.from_numpy(samples[:, 1:3].copy()))
    assert labels.dtype == torch.int64


def test_a_field_beyond_the_sample_is_refused() -> None:
    fields = [{"name": "price", "dtype": "float64", "offset": 4}]
    with pytest.raises(DatasetError, match="field 'price' ends at byte 12 of a sample, which has 8 bytes"):
        build_decoder(data_config(decoder={"fields": fields}), 8)


BATCH_PARSER = """
import torch

def batch_parser_function(batch):
    assert batch.dtype == "uint8" and batch.shape == (3, 4)
    return {"low": torch.from_numpy(batch[:, :2]).float(), "high": torch.from_numpy(batch[:, 2:]).float()}
"""

SAMPLE_PARSER = """
import torch

def bytes_parser_function(data):
    assert isinstance(data, memoryview) and len(data) == 4
    return {"values": torch.frombuffer(data, dtype=torch.uint8).float(), "first": data[0], "text": float(data[1])}
"""


def test_a_batch_parser_gets_all_samples_at_once() -> None:
    samples = np.arange(12, dtype=np.uint8).reshape(3, 4)
    data, _ = decode(build_decoder(data_config(batch_parser_function=BATCH_PARSER), 4), samples)
    assert torch.equal(torch.cat([data["low"], data["high"]], 1), torch.from_numpy(samples).float())


def test_a_bytes_parser_gets_each_sample_and_its_results_are_stacked() -> None:
    samples = np.arange(12, dtype=np.uint8).reshape(3, 4)
    data, _ = decode(build_decoder(data_config(bytes_parser_function=SAMPLE_PARSER), 4), samples)
    assert torch.equal(data["values"], torch.from_numpy(samples).float())
    assert torch.equal(data["first"], torch.tensor([0, 4, 8]))
    assert torch.equal(data["text"], torch.tensor([1.0, 5.0, 9.0], dtype=torch.float64))


def test_transformations_go_over_each_sample_in_order() -> None:
    source = "import torch\ndef bytes_parser_function(data):\n    return torch.tensor(list(data))\n"
    config = data_config(
        bytes_parser_function=source, transformations=["lambda x: x + 1", "torch.nn.Flatten(0)", "lambda x: x * 2"]
    )
    samples = np.arange(12, dtype=np.uint8).reshape(3, 4)
    data, _ = decode(build_decoder(config, 4), samples)
    assert torch.equal(data, (torch.from_numpy(samples).long() + 1) * 2)


def test_transformations_without_torchvision_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    source = "def bytes_parser_function(data):\n    return 1\n"
    config = data_config(bytes_parser_function=source, transformations=["transforms.ToTensor()"])
    with pytest.raises(ModelError, match=r"needs torchvision.*pip install torchvision"):
        build_decoder(config, 4)


@pytest.mark.parametrize(
    ("expression", "message"), [("1 / 0", "ZeroDivisionError"), ("42", "is a int, which cannot be called")]
)
def test_transformations_that_fail_are_named(expression: str, message: str) -> None:
    source = "def bytes_parser_function(data):\n    return 1\n"
    with pytest.raises(ModelError, match=message):
        build_decoder(data_config(bytes_parser_function=source, transformations=[expression]), 4)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("[1, 2]", "gives list, expected a tensor or a dict of tensors"),
        ("{'a': torch.zeros(3), 'b': 1}", "gives under 'b' int"),
        ("torch.zeros(2, 3)", r"gives a tensor of shape \(2, 3\) for 3 samples"),
        ("torch.zeros(())", r"gives a tensor of shape \(\) for 3 samples"),
    ],
)
def test_parsers_that_return_something_else_are_told(returned: str, message: str) -> None:
    source = f"import torch\ndef batch_parser_function(batch):\n    return {returned}\n"
    decoder = build_decoder(data_config(batch_parser_function=source), 4)
    with pytest.raises(ModelError, match=message):
        decode(decoder, np.zeros((3, 4), np.uint8))


def test_code_that_fails_on_loading_is_named() -> None:
    source = "import no_such_package\ndef batch_parser_function(batch):\n    return 1\n"
    with pytest.raises(ModelError, match=r"the code of batch_parser_function fails.*no_such_package"):
        build_decoder(data_config(batch_parser_function=source), 4)


def test_a_tokenizer_is_refused_by_name() -> None:
    source = "def bytes_parser_function(data):\n    return 1\n"
    config = data_config(bytes_parser_function=source, tokenizer="DistilBertTokenizerTransform")
    with pytest.raises(UnsupportedError, match="DistilBertTokenizerTransform"):
        build_decoder(config, 4)


def test_transformations_that_would_have_no_effect_are_refused() -> None:
    fields = [{"name": "one", "dtype": "uint8", "offset": 0}]
    config = data_config(decoder={"fields": fields}, transformations=["lambda x: x"])
    with pytest.raises(UnsupportedError, match="transformations"):
        build_decoder(config, 4)
