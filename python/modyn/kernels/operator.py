"""One torch operator: its kernel, its reference, its fake function, and its derivative if it has one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from modyn import _kernels, _native

_kernels.use_pool(_native.thread_pool())


@dataclass(frozen=True)
class Operator:
    """Implementations of one operator; all take what its schema says.

    Attributes:
        cpu: calls the native kernel.
        reference: plain PyTorch, for tensors on any device.
        fake: shapes and types of the results, without data.
        setup_context: keeps what `backward` needs, as torch.library.register_autograd describes it.
        backward: the derivative; None if gradients do not flow, as through a choice of samples.
    """

    cpu: Callable[..., Any]
    reference: Callable[..., Any]
    fake: Callable[..., Any]
    setup_context: Callable[..., None] | None = None
    backward: Callable[..., Any] | None = None

    def register_derivative(self, name: str, library: Any) -> None:
        """Tell autograd of it, so that no derivative is missing without a word."""
        constant = self.backward is None
        torch.library.register_autograd(
            name,
            self.backward or refuse_derivative(name),
            setup_context=_mark_constant if constant else self.setup_context,
            lib=library,
        )


def _mark_constant(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    ctx.mark_non_differentiable(*(output if isinstance(output, tuple) else (output,)))


def refuse_derivative(name: str) -> Callable[..., Any]:
    """The backward function of an operator that has a derivative, which nobody wrote down."""

    def backward(*_: Any) -> Any:
        raise NotImplementedError(
            f"{name} has no derivative: detach what it is given, or call it under torch.no_grad()"
        )

    return backward


def differentiates_first(name: str, ctx: Any) -> None:
    """Raises NotImplementedError if another argument than the first waits for its gradient."""
    if any(ctx.needs_input_grad[1:]):
        raise NotImplementedError(
            f"{name} has derivatives with respect to the logits only: detach the targets and the weights"
        )


def dense(tensor: torch.Tensor, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """The tensor as a kernel reads it: contiguous, of this type; itself if it is so already."""
    return tensor.detach().to(dtype).contiguous()


def address(tensor: torch.Tensor | None) -> int:
    """Where the first number lies; 0 for None, which kernels take as a null pointer."""
    if tensor is None:
        return 0
    assert tensor.is_contiguous(), "kernels know of no strides: hand them what `dense` gives"
    return tensor.data_ptr()


def threads() -> int:
    """How many threads a kernel may use: as many as torch."""
    return torch.get_num_threads()
