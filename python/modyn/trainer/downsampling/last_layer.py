"""What goes into the last layer of any model: its embeddings, seen through a forward hook.

The last layer is the module with weights whose result becomes the model's output: it shares memory with it, or, if the
model goes on from there (a sigmoid, a cast), it is the last module with weights that was called. The first forward
pass shows which one that is; a pipeline can also name it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from modyn.errors import ModelError


class LastLayer:
    """Remembers the input of a model's last layer at each forward pass.

    Args:
        model: any module.
        name: the layer, as `model.named_modules()` names it; None to find it.

    Raises:
        ModelError: there is no such module.
    """

    def __init__(self, model: nn.Module, name: str | None = None) -> None:
        self._model = model
        self._layer: nn.Module | None = None if name is None else _named(model, name)
        self._calls: list[tuple[nn.Module, Tensor, Tensor]] | None = None  # while nobody watches
        modules = [self._layer] if self._layer is not None else _with_weights(model)
        self._hooks = [module.register_forward_hook(self._remember) for module in modules]

    def _remember(self, module: nn.Module, arguments: tuple[Any, ...], result: Any) -> None:
        if self._calls is None:
            return
        if arguments and isinstance(arguments[0], Tensor) and isinstance(result, Tensor):
            self._calls.append((module, arguments[0].detach(), result.detach()))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Around a forward pass whose embeddings are taken afterwards."""
        self._calls = []
        yield

    def take(self, output: Tensor) -> Tensor:
        """The embeddings of the watched forward pass that gave `output` [n, ...]: [n, E], one row for each sample.

        Raises:
            ModelError: no layer was found, or its input has other rows than the output.
        """
        calls, self._calls = self._calls or [], None
        if self._layer is None:
            self._settle_on(_last(calls, output))
            calls = [call for call in calls if call[0] is self._layer]
        if not calls:
            raise ModelError("the model's last layer was not called in its forward pass; name it: `last_layer: NAME`")
        embeddings = calls[-1][1]
        if embeddings.ndim < 2 or embeddings.shape[0] != output.shape[0]:
            raise ModelError(
                f"the input of the model's last layer has the shape {list(embeddings.shape)}, which is no embedding "
                f"for each of {output.shape[0]} samples; name another layer: `last_layer: NAME`"
            )
        return embeddings.flatten(1)

    def close(self) -> None:
        """Remove the hooks."""
        for hook in self._hooks:
            hook.remove()

    def _settle_on(self, layer: nn.Module) -> None:
        self.close()
        self._layer = layer
        self._hooks = [layer.register_forward_hook(self._remember)]


def _named(model: nn.Module, name: str) -> nn.Module:
    modules: dict[str, nn.Module] = dict(model.named_modules())
    if name not in modules:
        known = ", ".join(sorted(one for one in modules if one)) or "none"
        raise ModelError(f"the model has no layer '{name}'; its layers are {known}")
    return modules[name]


def _with_weights(model: nn.Module) -> list[nn.Module]:
    return [module for module in model.modules() if any(True for _ in module.parameters(recurse=False))]


def _last(calls: list[tuple[nn.Module, Tensor, Tensor]], output: Tensor) -> nn.Module:
    if not calls:
        raise ModelError("the model has no layer with weights that takes a tensor; name one: `last_layer: NAME`")
    for module, _, result in reversed(calls):
        if _memory(result) == _memory(output):
            return module
    return calls[-1][0]


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
