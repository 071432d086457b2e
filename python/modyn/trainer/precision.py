"""Mixed precision: autocast around the forward pass, a gradient scaler around the backward pass."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from modyn.errors import ModelError
from modyn.trainer.optimizers import Optimizers


class Precision:
    """How a training computes.

    With `amp`, autocast uses float16 on a GPU and bfloat16 on a CPU. float16 needs its gradients scaled; bfloat16 has
    the range of float32, so there the scaler works only if it is configured.

    Args:
        amp: whether to compute in mixed precision.
        device: where the training runs.
        scaler_config: keyword arguments of torch.amp.GradScaler, or None for its defaults.

    Raises:
        ModelError: the scaler does not take the arguments.
    """

    def __init__(self, amp: bool, device: torch.device, scaler_config: dict[str, Any] | None) -> None:
        # Entering a disabled autocast takes as long as a small layer.
        self.autocast: AbstractContextManager[Any] = torch.autocast(device.type) if amp else nullcontext()
        enabled = amp and (device.type != "cpu" or scaler_config is not None)
        try:
            self.scaler = torch.amp.GradScaler(device.type, **({"enabled": enabled} | (scaler_config or {})))
        except TypeError as error:
            raise ModelError(f"grad_scaler_config {scaler_config} does not fit GradScaler: {error}") from error

    def backward(self, loss: torch.Tensor) -> None:
        """Add the gradients of `loss` to those that are there."""
        torch.autograd.backward(self.scaler.scale(loss) if self.scaler.is_enabled() else loss)

    def step(self, optimizers: Optimizers) -> None:
        """Let every optimizer make its step."""
        if not self.scaler.is_enabled():
            for optimizer in optimizers.values():
                optimizer.step()
            return
        for optimizer in optimizers.values():
            self.scaler.step(optimizer)
        self.scaler.update()
