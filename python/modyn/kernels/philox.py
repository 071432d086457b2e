"""The addressed random numbers of modyn/partition.hpp in plain PyTorch, on any device."""

from __future__ import annotations

import torch
from torch import Tensor

_LOW = 0xFFFFFFFF


def philox(seed: int, trigger: int, purpose: int, index: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Four words below 2^32 for each index, int64: Philox4x32-10, Salmon et al., SC 2011."""

    def halves_of_product(multiplier: int, word: Tensor) -> tuple[Tensor, Tensor]:
        product = word * multiplier
        return (product >> 32) & _LOW, product & _LOW

    words = (
        index & _LOW,
        (index >> 32) & _LOW,
        torch.full_like(index, trigger),
        torch.full_like(index, purpose),
    )
    keys = [seed & _LOW, (seed >> 32) & _LOW]
    for _ in range(10):
        high0, low0 = halves_of_product(0xD2511F53, words[0])
        high1, low1 = halves_of_product(0xCD9E8D57, words[2])
        words = (high1 ^ words[1] ^ keys[0], low1, high0 ^ words[3] ^ keys[1], low0)
        keys = [(keys[0] + 0x9E3779B9) & _LOW, (keys[1] + 0xBB67AE85) & _LOW]
    return words


def scaled(high: Tensor, low: Tensor, bound: Tensor) -> Tensor:
    """Uniform below `bound`, which is below 2^63, from 64 random bits in two words: the high half of their product."""
    bound_low, bound_high = bound & _LOW, bound >> 32
    lows, crossed, other = low * bound_low, low * bound_high, high * bound_low
    middle = ((lows >> 32) & _LOW) + (crossed & _LOW) + (other & _LOW)
    return high * bound_high + ((crossed >> 32) & _LOW) + ((other >> 32) & _LOW) + (middle >> 32)
