"""Functions and expressions that a pipeline file holds as source code. They run only in job processes."""

from __future__ import annotations

import importlib
import linecache
from collections.abc import Callable
from typing import Any

from modyn.errors import ModelError


def load_function(source: str, name: str) -> Callable[[Any], Any]:
    """The function `name` that `source` defines; its lines show in tracebacks.

    Raises:
        ModelError: the code raises, or defines no such function.
    """
    namespace: dict[str, Any] = {"__name__": f"modyn.pipeline.{name}"}
    try:
        exec(compile(source, _remember(source, name), "exec"), namespace)
    except Exception as error:
        raise ModelError(f"the code of {name} fails: {error!r}") from error
    function = namespace.get(name)
    if not callable(function):
        raise ModelError(f"the code of {name} defines no function of that name")
    return function  # type: ignore[no-any-return]


def load_transformations(expressions: list[str]) -> list[Callable[[Any], Any]]:
    """The callables that the expressions evaluate to; they know `torch` and torchvision's `transforms`.

    Raises:
        ModelError: an expression fails, for one because torchvision is not installed, or gives no callable.
    """
    return [_load_transformation(expression, _namespace()) for expression in expressions]


def _namespace() -> dict[str, Any]:
    import torch

    try:
        return {"torch": torch, "transforms": importlib.import_module("torchvision.transforms")}
    except (ImportError, RuntimeError):  # it raises RuntimeError if it was built for another torch
        return {"torch": torch}


def _load_transformation(expression: str, namespace: dict[str, Any]) -> Callable[[Any], Any]:
    try:
        transformation = eval(compile(expression.strip(), _remember(expression, "transformations"), "eval"), namespace)
    except NameError as error:
        if error.name == "transforms":
            raise ModelError(
                f"transformation '{expression}' needs torchvision, which is not installed here or does not fit this "
                "torch: pip install torchvision"
            ) from error
        raise ModelError(f"transformation '{expression}' fails: {error!r}") from error
    except Exception as error:
        raise ModelError(f"transformation '{expression}' fails: {error!r}") from error
    if not callable(transformation):
        raise ModelError(f"transformation '{expression}' is a {type(transformation).__name__}, which cannot be called")
    return transformation  # type: ignore[no-any-return]


def _remember(source: str, name: str) -> str:
    """Register the source for tracebacks; returns the file name to compile it under."""
    file = f"<{name}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    return file
