"""The smallest model there is, for trying a pipeline out."""

from __future__ import annotations

import torch
from torch import nn


class Dummy(nn.Module):
    """One linear layer from 2 numbers to 2 numbers: float32 [B, 2] to [B, 2]."""

    def __init__(self) -> None:
        super().__init__()
        self.output = nn.Linear(2, 2)

    def forward(self, data: torch.Tensor) -> torch.Tensor:
        output: torch.Tensor = self.output(data)
        return output
