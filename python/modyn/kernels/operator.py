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
        backward: the derivative; None if there is none.
    """

    cpu: Callable[..., Any]
    reference: Callable[..., Any]
    fake: Callable[..., Any]
    setup_context: Callable[..., None] | None = None
    backward: Callable[..., Any] | None = None


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
