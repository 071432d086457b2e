"""The greatest and the smallest of scores, the first of equals; what is no number is never preferred."""

from __future__ import annotations

import torch
from torch import Tensor


def greatest(scores: Tensor, count: int) -> Tensor:
    """Positions of the `count` greatest scores [N], int64; among equal ones the first."""
    return torch.nan_to_num(scores.float(), nan=-torch.inf).argsort(descending=True, stable=True)[:count]


def smallest(scores: Tensor, count: int) -> Tensor:
    """Positions of the `count` smallest scores [N], likewise."""
    return torch.nan_to_num(scores.float(), nan=torch.inf).argsort(stable=True)[:count]
