"""Samples and their similarities by definition, for the tests of submodular functions."""

from __future__ import annotations

import torch
from torch import Tensor

OPTIMIZERS = ["naive", "lazy", "stochastic", "approximate_lazy"]
EXACT = ["naive", "lazy"]


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def whole_gradients(gradients: Tensor, embeddings: Tensor | None) -> Tensor:
    """What is never written down elsewhere: [g ; vec(g e^T)], float64."""
    if embeddings is None:
        return gradients.double()
    outer = gradients.double()[:, :, None] * embeddings.double()[:, None, :]
    return torch.cat([gradients.double(), outer.flatten(1)], dim=1)


def all_similarities(features: Tensor, similarity: str, groups: Tensor | None = None) -> Tensor:
    """[N, N] float64, from differences and whole gradients."""
    groups = torch.zeros(len(features), dtype=torch.int64) if groups is None else groups
    same = groups[:, None] == groups
    if similarity == "cosine":
        norms = features.norm(dim=1, keepdim=True)
        unit = features / torch.where(norms > 0, norms, 1)
        return (0.5 + 0.5 * unit @ unit.T) * same
    distances = torch.cdist(features, features, compute_mode="donot_use_mm_for_euclid_dist")
    largest = (distances * same).amax(dim=1)
    for group in groups.unique().tolist():
        largest[groups == group] = largest[groups == group].max()
    return (largest[:, None] - distances + 1e-3) * same
