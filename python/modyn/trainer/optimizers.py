"""Optimizers from configuration: classes of torch.optim over parts of the model."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from modyn.errors import ModelError, UnsupportedError

if TYPE_CHECKING:
    from modyn.config.training import OptimizerConfig

Optimizers = dict[str, torch.optim.Optimizer]


def build_optimizers(configs: list[OptimizerConfig], model: nn.Module) -> Optimizers:
    """The optimizers by name, in the order of the configuration.

    Raises:
        ModelError: a parameter group names a part that the model does not have, or the options do not fit.
        UnsupportedError: an optimizer that this version cannot run.
    """
    return {config.name: _build(config, model) for config in configs}


def parameters_of(model: nn.Module, path: str) -> list[nn.Parameter]:
    """The parameters of a part of the model, as `model`, `model.layers.0` or `model.weight`.

    Raises:
        ModelError: there is no such part, or it has no parameters.
    """
    root, *names = path.split(".")
    if root != "model":
        raise ModelError(f"parameter group '{path}': the path begins with 'model', which is the whole model")
    part: Any = model
    for depth, name in enumerate(names):
        if not hasattr(part, name):
            above = ".".join((root, *names[:depth]))
            raise ModelError(f"parameter group '{path}': {above} has no part '{name}', only {_parts(part)}")
        part = getattr(part, name)
    if isinstance(part, nn.Parameter):
        return [part]
    if not isinstance(part, nn.Module):
        raise ModelError(f"parameter group '{path}' is a {type(part).__name__}, not a module or a parameter")
    parameters = list(part.parameters())
    if not parameters:
        raise ModelError(f"parameter group '{path}' has no parameters to train")
    return parameters


def _parts(part: Any) -> str:
    if not isinstance(part, nn.Module):
        return "what a value has"
    names = [name for name, _ in part.named_children()] + [name for name, _ in part.named_parameters(recurse=False)]
    return ", ".join(names) or "none"


def _build(config: OptimizerConfig, model: nn.Module) -> torch.optim.Optimizer:
    if config.source != "PyTorch":
        raise UnsupportedError(f"optimizer '{config.name}': source {config.source} cannot be run yet; use PyTorch")
    if config.algorithm == "LBFGS":
        raise UnsupportedError(
            f"optimizer '{config.name}': LBFGS evaluates the loss several times a step, which the training loop does "
            "not do; use another algorithm"
        )
    algorithm = getattr(torch.optim, config.algorithm)
    for group in config.param_groups:
        _check_options(config, algorithm, group.config)
    groups = [{**group.config, "params": parameters_of(model, group.module)} for group in config.param_groups]
    try:
        optimizer: torch.optim.Optimizer = algorithm(groups)
    except (TypeError, ValueError) as error:  # the same parameter in two groups, or one that the algorithm cannot take
        raise ModelError(f"optimizer '{config.name}': {config.algorithm} cannot be built: {error}") from error
    return optimizer


def _check_options(config: OptimizerConfig, algorithm: type[torch.optim.Optimizer], options: dict[str, Any]) -> None:
    # As arguments of the class, since torch looks neither at the names nor at the values of a group's options.
    try:
        algorithm([nn.Parameter(torch.zeros(2, 2))], **options)
    except (TypeError, ValueError) as error:
        raise ModelError(
            f"optimizer '{config.name}': {config.algorithm} does not take {options}: {error}{_number_hint(options)}"
        ) from error


def _number_hint(options: dict[str, Any]) -> str:
    """YAML reads 1e-3 as a string."""
    for name, value in options.items():
        with contextlib.suppress(TypeError, ValueError):
            if isinstance(value, str):
                return f"; {name} is the string '{value}' to YAML, write {float(value)}"
    return ""
