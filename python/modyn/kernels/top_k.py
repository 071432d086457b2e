"""The k best of N scores, exactly, and always the same ones.

Of equal scores the first is better. NaN is worse than any number, so a sample whose loss overflowed is chosen only if
there are too few others.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from modyn import _kernels
from modyn.kernels.operator import Operator, address, dense, threads

# As modyn::kernels::ScoreType numbers them; other types are widened to one of these.
_TYPES = {torch.float32: 0, torch.float64: 1, torch.int64: 2}

Order = Literal["score", "index"]


def top_k(scores: Tensor, k: int, *, largest: bool = True, order: Order = "score") -> Tensor:
    """Indices of the k best scores.

    Args:
        scores: [N], of any real type.
        k: at most N.
        largest: whether large scores are good.
        order: of the result: "score", the best first, or "index", as they lie in `scores`.

    Returns:
        int64 [k].

    Raises:
        ValueError: k is negative or more than N, or an argument is not as described.
    """
    _check("top_k", scores, order)
    if not 0 <= k <= len(scores):
        raise ValueError(f"top_k: k is {k}, expected a number from 0 to that of the scores, {len(scores)}")
    picks: Tensor = torch.ops.modyn.top_k(scores.detach(), k, largest, order)
    return picks


def segmented_top_k(
    scores: Tensor, segments: Tensor, quotas: Tensor, *, largest: bool = True, order: Order = "score"
) -> Tensor:
    """Indices of the best scores of each segment, such as the samples of a class; all segments in one pass.

    Args:
        scores: [N], of any real type.
        segments: integers [N] in [0, S), where each score belongs.
        quotas: integers [S]; a segment with fewer scores gives all.
        largest: whether large scores are good.
        order: within a segment: "score", the best first, or "index", as they lie in `scores`.

    Returns:
        int64 indices, segment after segment.

    Raises:
        ValueError: a segment is not in [0, S), a quota is negative, or an argument is not as described.
    """
    _check("segmented_top_k", scores, order)
    for name, tensor, length in (("segments", segments, len(scores)), ("quotas", quotas, quotas.numel())):
        if tensor.ndim != 1 or len(tensor) != length or tensor.is_floating_point() or tensor.is_complex():
            raise ValueError(f"segmented_top_k: {name} of {tensor.dtype} and shape {list(tensor.shape)} do not fit")
    picks: Tensor = torch.ops.modyn.segmented_top_k(scores.detach(), segments.long(), quotas.long(), largest, order)
    return picks


def _check(name: str, scores: Tensor, order: str) -> None:
    if scores.ndim != 1 or scores.is_complex():
        raise ValueError(f"{name}: scores of {scores.dtype} and shape {list(scores.shape)}, expected real numbers [N]")
    if order not in ("score", "index"):
        raise ValueError(f"{name}: order is {order!r}, expected 'score' or 'index'")


def _typed(scores: Tensor) -> Tensor:
    if scores.dtype in _TYPES:
        return dense(scores, scores.dtype)
    return dense(scores, torch.float32 if scores.is_floating_point() else torch.int64)


def _top_k_cpu(scores: Tensor, k: int, largest: bool, order: str) -> Tensor:
    typed = _typed(scores)
    picks = torch.empty(k, dtype=torch.int64)
    _kernels.top_k(
        address(typed), _TYPES[typed.dtype], len(typed), k, largest, order == "score", address(picks), threads()
    )
    return picks


def _sorted_indices(scores: Tensor, largest: bool) -> Tensor:
    """The best first, of equal ones the first; NaN last."""
    # A stable sort keeps the order of equal scores; one by whether it is NaN puts these last.
    order = torch.sort(scores, descending=largest, stable=True).indices
    if not scores.is_floating_point():
        return order
    return order[torch.sort(scores[order].isnan().to(torch.uint8), stable=True).indices]


def _top_k_reference(scores: Tensor, k: int, largest: bool, order: str) -> Tensor:
    picks = _sorted_indices(scores, largest)[:k]
    return picks.clone() if order == "score" else picks.sort().values


def _top_k_fake(scores: Tensor, k: int, _largest: bool, _order: str) -> Tensor:
    return scores.new_empty(k, dtype=torch.int64)


def _takes(segments: Tensor, quotas: Tensor) -> tuple[Tensor, Tensor]:
    """How many scores each segment has, and how many it gives."""
    if len(segments) > 0 and not 0 <= int(segments.min()) <= int(segments.max()) < len(quotas):
        raise ValueError(
            f"segmented_top_k: segments are from {int(segments.min())} to {int(segments.max())}, "
            f"expected numbers below {len(quotas)}, as many as there are quotas"
        )
    if len(quotas) > 0 and int(quotas.min()) < 0:
        raise ValueError(f"segmented_top_k: a quota is {int(quotas.min())}, expected none below 0")
    sizes = torch.bincount(segments, minlength=len(quotas))
    return sizes, torch.minimum(sizes, quotas)


def _segmented_cpu(scores: Tensor, segments: Tensor, quotas: Tensor, largest: bool, order: str) -> Tensor:
    typed, of_scores = _typed(scores), dense(segments, torch.int64)
    sizes, takes = _takes(segments, quotas)
    picks = torch.empty(int(takes.sum()), dtype=torch.int64)
    _kernels.segmented_top_k(
        address(typed),
        _TYPES[typed.dtype],
        len(typed),
        address(of_scores),
        len(quotas),
        address(sizes),
        address(takes),
        largest,
        order == "score",
        address(picks),
        threads(),
    )
    return picks


def _segmented_reference(scores: Tensor, segments: Tensor, quotas: Tensor, largest: bool, order: str) -> Tensor:
    sizes, takes = _takes(segments, quotas)
    best = _sorted_indices(scores, largest)
    by_segment = best[torch.sort(segments[best], stable=True).indices]
    segment = segments[by_segment]
    place = torch.arange(len(scores), device=scores.device) - (sizes.cumsum(0) - sizes)[segment]
    picks = by_segment[place < takes[segment]]
    if order == "score":
        return picks
    ascending = picks.sort().values
    return ascending[torch.sort(segments[ascending], stable=True).indices]


def _segmented_fake(scores: Tensor, _segments: Tensor, _quotas: Tensor, _largest: bool, _order: str) -> Tensor:
    count = torch.library.get_ctx().new_dynamic_size()
    return scores.new_empty(count, dtype=torch.int64)


TOP_K = Operator(_top_k_cpu, _top_k_reference, _top_k_fake)
SEGMENTED_TOP_K = Operator(_segmented_cpu, _segmented_reference, _segmented_fake)
