"""The sequential pivotal method in plain PyTorch, on any device; modyn/kernels/sampling.hpp says what it is.

The same integers as in the kernel, all units at once: who is left over from a unit matters only at the end, where it is
found as the last one that was decided.
"""

from __future__ import annotations

import torch
from torch import Tensor

from modyn.kernels.philox import philox, scaled

_CERTAIN = 2**62


def weighted_sample_reference(
    weights: Tensor, k: int, smoothing: float, seed: int, trigger: int, purpose: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Indices, probabilities, and how many weights are unusable; `seed` is already that of this address."""
    wide = weights.double()
    usable = torch.where(wide.isfinite() & (wide > 0), wide, 0)
    unusable = ((usable == 0) & (wide != 0)).sum()
    if k in (0, len(weights)):
        return torch.arange(k, device=weights.device), usable.new_ones(k), unusable
    units = _probabilities(usable, k, smoothing)
    indices = _pivotal(units, k, seed, trigger, purpose)
    return indices, units[indices].double() / _CERTAIN, unusable


def _probabilities(usable: Tensor, k: int, smoothing: float) -> Tensor:
    """Inclusion probabilities in units of 2^-62."""
    count, positive = len(usable), int((usable > 0).sum())
    if positive == 0 or smoothing >= 1:
        return _units(torch.ones_like(usable), torch.full_like(usable, count / k))
    if smoothing <= 0 and k >= positive:
        of_zero = (k - positive) * _CERTAIN // (count - positive)
        return torch.where(usable > 0, _CERTAIN, of_zero)
    weights = _scaled(usable)
    if smoothing > 0:
        weights = weights * ((1 - smoothing) / weights.sum() * count) + smoothing
    certain = torch.zeros_like(usable, dtype=torch.bool)
    while True:
        threshold = _threshold(weights.where(~certain, 0), k - int(certain.sum()))
        more = certain | (weights >= threshold.clamp(min=2.0**-800))
        if torch.equal(more, certain):
            break
        certain = more
        # Beside certain weights the others may have been so small that they lost digits.
        weights = weights if smoothing > 0 else _scaled(usable.where(~certain, 0))
    units = _units(weights, threshold)
    return torch.where(certain, _CERTAIN, torch.where(usable > 0, units.clamp(min=1), units))


def _scaled(weights: Tensor) -> Tensor:
    """With the largest one from 1/2 to 1."""
    exponent = -torch.frexp(weights.max()).exponent
    half = exponent // 2  # 2^exponent itself may be no number
    return torch.ldexp(torch.ldexp(weights, half), exponent - half)


def _units(weights: Tensor, threshold: Tensor) -> Tensor:
    units = (weights / threshold).clamp(max=1).mul(_CERTAIN).long()
    return torch.where((weights > 0) & (units == 0), 1, units)


def _threshold(weights: Tensor, k: int) -> Tensor:
    """Tau with sum_i min(1, w_i / tau) = k."""
    descending = weights.sort(descending=True).values
    rest = descending.flip(0).cumsum(0).flip(0)[:k]  # of this and all smaller ones
    left = torch.arange(k, 0, -1, device=weights.device)
    certain = (descending[:k] * left >= rest).sum().clamp(max=k - 1)
    threshold = rest[certain] / left[certain]
    below = weights < threshold
    return torch.where(below, weights, 0).sum() / (k - (~below).sum())


def _pivotal(units: Tensor, k: int, seed: int, trigger: int, purpose: int) -> Tensor:
    device = units.device
    filled = units.cumsum(0) & (_CERTAIN - 1)  # wraps at 2^64, a multiple of a unit
    filled_before = filled - units & (_CERTAIN - 1)
    crossing = (filled_before + units >= _CERTAIN).nonzero()[: k - 1, 0]
    # The last unit has all that is left and no crossing sample.
    rest = units[crossing[-1] + 1 :].sum() + filled[crossing[-1]] if k > 1 else units.sum()
    before = torch.cat([filled_before[crossing], rest[None]])
    of_crossing = torch.cat([units[crossing], units.new_zeros(1)])
    crossing = torch.cat([crossing, crossing.new_tensor([len(units)])])
    carried = torch.cat([before.new_zeros(1), (before + of_crossing - _CERTAIN)[:-1]])

    words = philox(seed, trigger, purpose, torch.arange(len(crossing), device=device))
    place = scaled(words[1], words[0], before)
    nobody = (place < carried) | (before == carried)
    first = torch.cat([crossing.new_zeros(1), crossing[:-1] + 1])
    last = crossing.clone()
    # Of the last unit it does not wrap, should rounding have filled it.
    of_last = units.cumsum(0) if k == 1 else filled[crossing[-2]] + units[crossing[-2] + 1 :].cumsum(0)
    ends = torch.cat([filled[: len(units) - len(of_last)], of_last, rest[None]])
    for _ in range(len(units).bit_length() + 1):  # the first whose end lies beyond the place
        middle = (first + last) // 2
        beyond = ends[middle] > place
        first, last = torch.where(beyond | (first >= last), first, middle + 1), torch.where(beyond, middle, last)
    winner = torch.where(nobody, -1, first)
    chances = (_CERTAIN - before) + (_CERTAIN - of_crossing)
    winner_is_in = scaled(words[3], words[2], chances) < _CERTAIN - of_crossing
    winner_is_in[-1] = True

    # Left over from a unit is the crossing sample, or its winner, or who was left over before.
    left = torch.where(winner_is_in, crossing, winner)
    decided = torch.where(left >= 0, torch.arange(len(left), device=device), -1).cummax(0).values
    left_before = torch.cat([left.new_full((1,), -1), left[decided][:-1]])
    chosen = torch.where(winner_is_in, torch.where(winner >= 0, winner, left_before), crossing)
    return chosen.sort().values
