"""The sequential pivotal method in plain PyTorch, on any device; modyn/kernels/sampling.hpp says what it is.

The same parts and random numbers as in the kernel, all units at once: who is left over from a unit matters to nobody's
chances, so it is found at the end. Where sums of weights are exact, as those of whole numbers are, probabilities are
the same integers too, and so the same samples are chosen. Other sums depend on the order in which they are added up;
then a probability may differ in its last bits, and in rare cases somebody else ends a unit.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from modyn.kernels.philox import philox, scaled

_CERTAIN = 2**62
_SAMPLES_OF_PART = 2**13


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
    # If mixed far above 1, so that the part that is the same for all is a number, however small it is.
    weights = _scaled(usable, 800 if smoothing > 0 else 0)
    if smoothing > 0:
        weights = weights + smoothing * (weights.sum() / (1 - smoothing)) / count
    certain = torch.zeros_like(usable, dtype=torch.bool)
    while True:
        missing = k - int(certain.sum())
        if missing == 0:  # beside these the others are nothing
            units = (weights > 0).long()
            break
        threshold = _threshold(weights.where(~certain, 0), missing)
        more = certain | (weights >= threshold.clamp(min=2.0**-800))
        if torch.equal(more, certain):
            units = _units(weights, threshold)
            break
        certain = more
        # Beside certain weights the others may have been so small that they lost digits.
        weights = weights if smoothing > 0 else _scaled(usable.where(~certain, 0), 0)
    return torch.where(certain, _CERTAIN, torch.where(usable > 0, units.clamp(min=1), units))


def _scaled(weights: Tensor, exponent: int) -> Tensor:
    """With the largest one from 2^(exponent - 1) to 2^exponent."""
    change = exponent - math.frexp(float(weights.max()))[1]
    half = change // 2  # 2^change itself may be no number
    return weights * 2.0**half * 2.0 ** (change - half)


def _units(weights: Tensor, threshold: Tensor) -> Tensor:
    units = (weights * (_CERTAIN / threshold)).clamp(max=_CERTAIN).long()
    return torch.where((weights > 0) & (units == 0), 1, units)


def _threshold(weights: Tensor, k: int) -> Tensor:
    """Tau with sum_i min(1, w_i / tau) = k."""
    descending = weights.sort(descending=True).values
    rest = descending.flip(0).cumsum(0).flip(0)[:k]  # of this and all smaller ones
    left = torch.arange(k, 0, -1, device=weights.device)
    certain = (descending[:k] * left >= rest).sum().clamp(max=k - 1)
    threshold = rest[certain] / left[certain]
    # Once more, because adding up sorted numbers one by one loses digits; unless so many are at least the threshold,
    # because they outweigh the others by more than a number has digits, that none is missing.
    below = weights < threshold
    others = k - (~below).sum()
    return torch.where(others > 0, torch.where(below, weights, 0).sum() / others, threshold)


def _pivotal(units: Tensor, k: int, seed: int, trigger: int, purpose: int) -> Tensor:
    count = len(units)
    parts = -(-count // _SAMPLES_OF_PART)
    rows = torch.nn.functional.pad(units, (0, parts * _SAMPLES_OF_PART - count)).reshape(parts, -1)
    key = (seed, trigger, purpose)
    row, column, left, left_units = _fight(rows, None, torch.arange(parts, device=units.device), key)
    chosen = row * _SAMPLES_OF_PART + column
    undecided = torch.arange(parts, device=units.device) * _SAMPLES_OF_PART + left
    missing = k - len(chosen)
    if missing > 0:
        part_number = torch.full((1,), parts, device=units.device)
        _, column, last, _ = _fight(left_units[None], missing - 1, part_number, key)
        chosen = torch.cat([chosen, undecided[column], undecided[last]])
    return chosen.sort().values


def _fight(
    units: Tensor, ends: int | None, number: Tensor, key: tuple[int, int, int]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The fights of each row of units [R, L], of which `ends` units end (None: all that do).

    Returns:
        Rows and columns of those who are in; and of each row the column of the one who is undecided, and its units.
    """
    rows, length = units.shape
    totals = units.cumsum(1)  # wraps at 2^64, a multiple of a unit
    crossing = ((totals - units) & (_CERTAIN - 1)) + units >= _CERTAIN
    if ends is not None:
        crossing &= crossing.cumsum(1) <= ends
    filled = totals - crossing.cumsum(1) * _CERTAIN
    # A fight for each crossing one, and one for the rest of each row, at column `length`.
    last_column = crossing.new_ones((rows, 1))
    row, column = torch.cat([crossing, last_column], dim=1).nonzero().unbind(1)
    is_rest = column == length
    own = torch.where(is_rest, 0, units[row, column.clamp(max=length - 1)])
    before = torch.where(column > 0, filled[row, (column - 1).clamp(min=0)], 0)
    is_first = torch.cat([is_rest.new_ones(1), is_rest[:-1]])
    start = torch.where(is_first, 0, torch.cat([column[:1], column[:-1] + 1]))
    at_start = torch.where(is_first, 0, torch.cat([before[:1], (before + own - _CERTAIN)[:-1]]))
    fight = torch.arange(len(row), device=units.device)
    place_in_row = fight - torch.where(is_first, fight, 0).cummax(0).values

    index = (number[row] << 32) + place_in_row
    words, others = philox(*key, index), philox(*key, index | -(2**63))
    place = (words[1] << 30) | (words[0] >> 2)
    place = torch.where((place >= before) | is_rest, scaled(others[1], others[0], before), place)
    stays = (place < at_start) | (before == at_start)
    low, high = start, column
    for _ in range(length.bit_length() + 1):  # the first one that fills more than the place
        middle = ((low + high) // 2).clamp(max=length - 1)
        beyond = (filled[row, middle] > place) | (low >= high)
        low, high = torch.where(beyond, low, middle + 1), torch.where(beyond & (low < high), middle, high)
    chance = _CERTAIN - own
    winner_is_in = ~is_rest & (scaled(words[3], words[2], chance + (_CERTAIN - before)) < chance)

    # Left over is the crossing one, or the winner; or who was left over before, found as the last that was decided.
    decided = torch.where(stays & ~winner_is_in, -1, fight).cummax(0).values
    left_over = torch.where(winner_is_in, column, low)[decided.clamp(min=0)]
    winner = torch.where(stays, torch.cat([left_over[:1], left_over[:-1]]), low)
    ends_of_units = ~is_rest
    chosen = torch.where(winner_is_in, winner, column)[ends_of_units]
    # Whoever has no units may be anybody.
    return row[ends_of_units], chosen, winner[is_rest].clamp(max=length - 1), before[is_rest]
