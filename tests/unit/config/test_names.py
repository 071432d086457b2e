"""The names that validation knows are those that torch has."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest
import torch
from torch.nn.modules import loss
from torch.optim import lr_scheduler

from modyn.config import names
from modyn.config.data import _ITEM_SIZES, DecoderField
from modyn.config.spelling import listed, nearest


def test_optimizers():
    found = [
        name
        for name, value in vars(torch.optim).items()
        if inspect.isclass(value) and issubclass(value, torch.optim.Optimizer) and value is not torch.optim.Optimizer
    ]
    assert sorted(found) == names.TORCH_OPTIMIZERS


def test_schedulers():
    assert sorted(set(lr_scheduler.__all__) - {"LRScheduler"}) == names.TORCH_SCHEDULERS


def test_criteria():
    assert sorted(loss.__all__) == names.TORCH_CRITERIA


@pytest.mark.parametrize("dtype", names.DTYPES)
def test_dtypes_have_the_size_that_torch_gives_them(dtype: str):
    assert _ITEM_SIZES[dtype] == getattr(torch, dtype).itemsize
    field = DecoderField(name="a", dtype=dtype, shape=[2, 3], offset=5)  # type: ignore[arg-type]
    assert (field.size, field.end) == (6 * _ITEM_SIZES[dtype], 5 + 6 * _ITEM_SIZES[dtype])


def test_validation_imports_neither_torch_nor_numpy():
    code = "import sys, modyn.config; sys.exit(bool({'torch', 'numpy', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_nearest_word():
    assert nearest("resnet_18", names.MODELS) == "ResNet18"
    assert nearest("nothing like it", names.MODELS) == ""


def test_a_list_of_words():
    assert (listed([]), listed(["a"]), listed("ab"), listed("abc", most=2)) == (
        "",
        "'a'",
        "'a' or 'b'",
        "'a', 'b' or 1 more",
    )
