"""The gradients that gradient-based downsamplers go by, factorised: see `modyn.kernels.gradients`."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from modyn.trainer.downsampling.api import Candidates, Needs
from modyn.trainer.downsampling.outputs import Outputs

Approximation = Literal["LastLayer", "LastLayerWithEmbedding"]


def finite(features: Tensor) -> Tensor:
    """Features as numbers to calculate with: float32, and 0 for what a diverged model gave that is none."""
    return torch.nan_to_num(features.float(), nan=0.0, posinf=0.0, neginf=0.0)


class GradientColumns:
    """What stands for a sample's gradient.

    Args:
        approximation: `LastLayer`, the gradient with respect to the outputs; `LastLayerWithEmbedding`, that of the last
            layer's weights and biases.
    """

    def __init__(self, approximation: Approximation) -> None:
        self.needs: Needs = "embeddings" if approximation == "LastLayerWithEmbedding" else "outputs"

    def measure(self, outputs: Outputs) -> dict[str, Tensor]:
        """Gradients [n, C], and embeddings [n, E] if they belong to it."""
        columns = {"gradient": finite(outputs.gradients)}
        if self.needs == "embeddings":
            assert outputs.embeddings is not None, "they are asked for"
            columns["embedding"] = finite(outputs.embeddings)
        return columns

    @staticmethod
    def of(candidates: Candidates) -> tuple[Tensor, Tensor | None]:
        """Gradients and embeddings, as the operators take them."""
        return candidates.columns["gradient"], candidates.columns.get("embedding")
