"""Systematic sampling in random order: so many samples, each with exactly the probability that it should have.

Madow, Annals of Mathematical Statistics 1949; with the samples in random order, Hartley and Rao, 1962.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from modyn import _native
from modyn.trainer.downsampling.api import Draw


def inclusion_probabilities(scores: Tensor, count: int) -> Tensor:
    """min(1, c * s_i), with the c for which they sum up to `count`; float64 [N], on the CPU.

    Negative and non-finite scores count as 0. If fewer than `count` are positive, these are certain, and the others
    share what is left.
    """
    weights = torch.nan_to_num(scores.double().cpu(), nan=0.0, posinf=0.0, neginf=0.0).clamp_min(0)
    positive = weights > 0
    if int(positive.sum()) <= count:
        rest = count - int(positive.sum())
        return torch.where(positive, 1.0, rest / max(1, int((~positive).sum())))
    order = torch.argsort(weights, descending=True, stable=True)
    ordered = weights[order]
    # With the t greatest certain, c is (count - t) over the sum of the others; t is the first for which none exceeds 1.
    others = ordered.flip(0).cumsum(0).flip(0)
    certain = torch.arange(len(ordered), dtype=torch.float64)
    fits = (certain < count) & (ordered * (count - certain) <= others)
    first = int(fits.int().argmax())
    return (weights * ((count - first) / others[first])).clamp_max(1.0)


def draw_proportionally(scores: Tensor, count: int, draw: Draw) -> tuple[Tensor, Tensor]:
    """`count` samples, each with its inclusion probability: int64 positions [count], and float64 probabilities."""
    probabilities = inclusion_probabilities(scores, count)
    size = len(probabilities)
    permutation = _native.Permutation(draw.seed, draw.trigger, draw.purpose, draw.index, size)
    order = torch.from_numpy(permutation.apply(0, size).astype(np.int64))
    ends = probabilities[order].cumsum(0)
    ends = ends * (count / ends[-1])
    points = torch.arange(count, dtype=torch.float64) + draw.bits() / 2**64
    places = torch.searchsorted(ends, points, right=True).clamp_max(size - 1)
    # Rounding may let two points meet in a sample that is certain; the next one takes the second.
    steps = torch.arange(count)
    places = torch.minimum((places - steps).cummax(0).values + steps, size - count + steps)
    positions = order[places]
    return positions, probabilities[positions]
