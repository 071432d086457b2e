"""Which pick stands for which sample: what CRAIG weighs picks by."""

from __future__ import annotations

import torch
from torch import Tensor

from modyn import _kernels
from modyn.kernels.groups import check_budgets
from modyn.kernels.operator import Operator, address, dense, threads
from modyn.kernels.submodular import reference
from modyn.kernels.submodular.arguments import check_group_numbers, check_samples, check_similarity
from modyn.kernels.submodular.kernel_calls import group_numbers


def nearest_pick(
    gradients: Tensor,
    embeddings: Tensor | None,
    picks: Tensor,
    *,
    groups: Tensor | None = None,
    similarity: str = "cosine",
) -> tuple[Tensor, Tensor]:
    """The most similar pick of each sample's group, the first of equals; a pick's own is itself.

    So every sample is counted once: `torch.bincount(nearest, minlength=k)` is at least 1 for each of k picks, and sums
    to N if every group has a pick. Time O(N k (C + E)).

    Args:
        gradients: [N, C], or any features.
        embeddings: [N, E] or None.
        picks: [k], different rows of `gradients`.
        groups: int64 [N], from 0 on; None for one group.
        similarity: "cosine" or "distance".

    Returns:
        For each sample the place of its pick in `picks`, int64 [N], -1 if its group has none; and the similarity to it,
        float32 [N], 0 without a pick. For "distance" it is the negative distance as `gradient_distances` has it, so
        samples are told apart however close they are beside others.

    Raises:
        ValueError: shapes, names or numbers that do not fit, or features that are not finite.
    """
    check_samples(gradients, embeddings)
    check_budgets("nearest_pick", len(gradients), groups, [])
    check_similarity(similarity)
    if picks.ndim != 1 or picks.dtype != torch.int64:
        raise ValueError(
            f"nearest_pick: picks are {picks.dtype} of shape {list(picks.shape)}, expected torch.int64 [k]"
        )
    nearest, similarities = torch.ops.modyn.nearest_pick(gradients, embeddings, groups, picks, similarity)
    return nearest, similarities


def _nearest_pick_cpu(
    gradients: Tensor, embeddings: Tensor | None, groups: Tensor | None, picks: Tensor, similarity: str
) -> tuple[Tensor, Tensor]:
    g = dense(gradients)
    e = None if embeddings is None else dense(embeddings)
    of_samples, count = group_numbers(groups, None)
    chosen = dense(picks, torch.int64)
    nearest, similarities = _nearest_pick_fake(g, e, of_samples, chosen, similarity)
    _kernels.nearest_pick(
        address(g),
        address(e),
        len(g),
        g.shape[1],
        0 if e is None else e.shape[1],
        address(of_samples),
        count,
        address(chosen),
        len(chosen),
        similarity,
        address(nearest),
        address(similarities),
        threads(),
    )
    return nearest, similarities


def _nearest_pick_reference(
    gradients: Tensor, embeddings: Tensor | None, groups: Tensor | None, picks: Tensor, similarity: str
) -> tuple[Tensor, Tensor]:
    count = len(gradients)
    if len(picks) > 0 and not 0 <= int(picks.min()) <= int(picks.max()) < count:
        raise ValueError(f"picks from {int(picks.min())} to {int(picks.max())} are not all of {count} samples")
    nearest = gradients.new_full((count,), -1, dtype=torch.int64)
    found = gradients.new_zeros(count, dtype=torch.float32)
    of_samples = nearest.new_zeros(count) if groups is None else groups
    check_group_numbers(of_samples)
    of_picks = of_samples[picks]
    for group in torch.unique(of_picks):
        members = (of_samples == group).nonzero()[:, 0]
        places = (of_picks == group).nonzero()[:, 0]
        own = torch.searchsorted(members, picks[places])
        matrix = reference.similarities(
            gradients[members], None if embeddings is None else embeddings[members], similarity, own
        )
        numbers = torch.arange(len(own), device=matrix.device)
        best = torch.where(matrix == matrix.max(1, keepdim=True).values, numbers, len(own)).min(1).values
        best[own.flip(0)] = numbers.flip(0)
        nearest[members] = places[best]
        found[members] = matrix.gather(1, best[:, None])[:, 0]
    return nearest, found


def _nearest_pick_fake(
    gradients: Tensor, embeddings: Tensor | None, groups: Tensor | None, picks: Tensor, similarity: str
) -> tuple[Tensor, Tensor]:
    count = gradients.shape[0]
    return gradients.new_empty((count,), dtype=torch.int64), gradients.new_empty((count,), dtype=torch.float32)


NEAREST_PICK = Operator(_nearest_pick_cpu, _nearest_pick_reference, _nearest_pick_fake)
