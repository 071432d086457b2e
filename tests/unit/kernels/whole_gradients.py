"""Gradients as nothing else writes them down."""

from __future__ import annotations

import torch


def whole_gradients(gradients: torch.Tensor, embeddings: torch.Tensor | None) -> torch.Tensor:
    """[g ; vec(g e^T)], float64."""
    if embeddings is None:
        return gradients.double()
    outer = gradients.double()[:, :, None] * embeddings.double()[:, None, :]
    return torch.cat([gradients.double(), outer.flatten(1)], dim=1)
