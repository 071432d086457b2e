"""Builds the module that a pipeline names.

A user's class comes in one of two forms:

- an `nn.Module`, constructed as `Class(**model.config)`: what to write for this system;
- any other class, constructed as `Class(model.config, device, amp)` and holding the module as its attribute
  `model`: the form of the reference system's models, which works unchanged.

The module is called as `module(data)`, or as `module(data, sample_ids=[...])` if `forward` has a parameter of that
name; `data` is a tensor or a dict of tensors, `sample_ids` a list of keys.
"""

from __future__ import annotations

import copy
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from modyn.errors import ModelError
from modyn.models.names import AVAILABLE, check_supported, is_user_class
from modyn.models.user_modules import import_user_module

if TYPE_CHECKING:
    from modyn.config.model import ModelConfig


def build_model(config: ModelConfig, source_folder: Path, device: torch.device, *, amp: bool = False) -> nn.Module:
    """A module with fresh weights on `device`; torch's generator decides which.

    Args:
        config: name and options of the model.
        source_folder: the folder of the pipeline file; the user's modules are looked up there first.
        device: where its parameters will be.
        amp: told to classes of the reference system's form.

    Raises:
        ModelError: the class does not exist, does not take these options, or gives no module.
        UnsupportedError: a known model that this version does not have.
    """
    check_supported(config)
    name = config.id if is_user_class(config.id) else AVAILABLE[config.id]
    model_class = _find_class(name, source_folder)
    options = copy.deepcopy(config.config)  # the class may change them
    if issubclass(model_class, nn.Module):
        module: nn.Module = _construct(config.id, model_class, (), options)
        return module.to(device)
    wrapper = _construct(config.id, model_class, (options, str(device), amp), {})
    wrapped = getattr(wrapper, "model", None)
    if not isinstance(wrapped, nn.Module):
        raise ModelError(
            f"model '{config.id}': the class is no nn.Module, and its attribute 'model' is {type(wrapped).__name__}, "
            "not an nn.Module either; derive the class from torch.nn.Module"
        )
    return wrapped.to(device)


def takes_sample_ids(module: nn.Module) -> bool:
    """Whether the module wants to be told the keys of a batch."""
    return "sample_ids" in inspect.signature(module.forward).parameters


def _find_class(name: str, source_folder: Path) -> type[Any]:
    module_name, _, class_name = name.partition(":")
    module = import_user_module(module_name, source_folder)
    found = getattr(module, class_name, None)
    if isinstance(found, type):
        return found
    classes = sorted(
        key for key, value in vars(module).items() if isinstance(value, type) and value.__module__ == module.__name__
    )
    what = "is no class" if found is not None else "does not exist"
    raise ModelError(
        f"model '{name}': '{class_name}' {what} in {module.__file__}, which defines {', '.join(classes) or 'no class'}"
    )


def _construct(name: str, model_class: type[Any], arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    try:
        inspect.signature(model_class).bind(*arguments, **options)
    except TypeError as error:
        raise ModelError(
            f"model '{name}' cannot be built with model.config {options}: {error}; "
            f"the class takes {inspect.signature(model_class)}"
        ) from None
    # What the constructor itself raises is the user's to read, with its traceback.
    return model_class(*arguments, **options)
