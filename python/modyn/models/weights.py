"""Weights in safetensors files: equal weights give equal bytes, and a file that is there is complete.

Every name of a module's state gets its own tensor, so tensors that a module shares are stored once for each name and
any safetensors reader can load the file. No metadata is written: its order in the file is not fixed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from modyn.errors import CorruptFileError, ModelError
from modyn.models.publish import publish


def save_weights(module: nn.Module, path: Path) -> str:
    """Write the state of `module` durably to `path`; returns the file's SHA-256 in hex.

    Raises:
        ModelError: a part of its state is no dense tensor.
    """
    return save_tensors(module.state_dict(), path)


def load_weights(module: nn.Module, path: Path) -> None:
    """Set the state of `module` to that of a file; every name and shape has to match.

    Raises:
        ModelError: the file does not exist or does not fit the module.
        CorruptFileError: it is no safetensors file, or is torn.
    """
    tensors = load_tensors(path)
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise ModelError(f"the weights of {path} do not fit the model: {error}") from error


def save_tensors(tensors: Mapping[str, Any], path: Path) -> str:
    """As `save_weights`, for any dict of tensors."""
    independent: dict[str, torch.Tensor] = {}
    storages: set[int] = set()
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor) or tensor.layout != torch.strided:
            what = f"a {tensor.layout} tensor" if isinstance(tensor, torch.Tensor) else f"a {type(tensor).__name__}"
            raise ModelError(f"the model's state '{name}' is {what}; only dense tensors can be stored as safetensors")
        tensor = tensor.detach().cpu().contiguous()
        storage = tensor.untyped_storage()
        if storage.data_ptr() in storages or storage.nbytes() != tensor.nbytes:
            tensor = tensor.clone()
        storages.add(storage.data_ptr())
        independent[name] = tensor
    with publish(path) as temporary:
        save_file(independent, temporary)
        with temporary.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def load_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file, on the CPU; errors as `load_weights`."""
    try:
        return load_file(path)
    except FileNotFoundError:
        raise ModelError(f"there is no weights file {path}") from None
    except SafetensorError as error:
        raise CorruptFileError(f"{path} is torn or no safetensors file: {error}", path) from error
