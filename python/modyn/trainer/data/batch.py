"""What the training loop gets."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from modyn.storage.api import Keys
from modyn.trainer.batch_plan import Span
from modyn.trainer.data.decoder import Data


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch on the CPU: B samples with int64 keys [B], labels [B] and float32 weights [B] or None."""

    span: Span
    keys: Keys
    data: Data
    labels: torch.Tensor
    weights: torch.Tensor | None

    def moved(self, device: torch.device) -> Data:
        """The data on a device."""
        if isinstance(self.data, dict):
            return {name: part.to(device, non_blocking=True) for name, part in self.data.items()}
        return self.data.to(device, non_blocking=True)


_ALIGNMENT = 64


def aligned(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor, or a copy of it, where torch's own allocator would have placed it.

    Vectorised kernels may sum in another order for another alignment, so a batch that is cut out of a larger block
    would train to other bits than the same batch from a worker process.
    """
    return tensor if tensor.data_ptr() % _ALIGNMENT == 0 else tensor.clone()


def aligned_data(data: Data) -> Data:
    """As `aligned`, for a tensor or a dict of tensors."""
    return {name: aligned(part) for name, part in data.items()} if isinstance(data, dict) else aligned(data)
