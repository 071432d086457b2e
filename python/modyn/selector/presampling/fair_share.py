"""Splits a number of samples among groups as evenly as their sizes allow.

Groups that have less than an even share give all they have, and what they leave over is split among the others:
water filling, as for max-min fair shares of a network (Bertsekas and Gallager, Data Networks, 1992).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Sizes = npt.NDArray[np.uint64]


def fair_share(capacity: int, sizes: Sizes) -> int:
    """The greatest whole number such that groups which each give at most so many give at most `capacity` together.

    Where all groups can give all they have, any number from the largest size on would do; it is an even share then.

    Args:
        capacity: samples to be split.
        sizes: uint64[n] of the groups, in any order, equal ones allowed; at least one.
    """
    ascending = np.sort(sizes)
    given = np.cumsum(ascending, dtype=np.uint64)
    whole = 0  # groups, from the smallest on, that give all they have
    while True:
        share = (capacity - int(given[whole - 1] if whole else 0)) // (len(sizes) - whole)
        reached = int(np.searchsorted(ascending, share, side="right"))
        if reached in (whole, len(sizes)):
            return share
        whole = reached


def fair_quotas(capacity: int, sizes: Sizes) -> Sizes:
    """What each group gives: uint64[n] that sum up to `capacity` less a remainder smaller than the number of groups."""
    return np.minimum(sizes, np.uint64(fair_share(capacity, sizes)))


def equal_quotas(capacity: int, sizes: Sizes) -> Sizes:
    """The same number for all groups, the size of the smallest at most."""
    return np.full(len(sizes), min(int(sizes.min()), fair_share(capacity, sizes)), dtype=np.uint64)


def full_quotas(capacity: int, sizes: Sizes, order: npt.NDArray[np.int64]) -> Sizes:
    """Fair quotas, and one more for as many groups as it takes to reach min(capacity, all there are).

    Args:
        capacity: samples to be split.
        sizes: uint64[n] of the groups.
        order: int64[n]; which groups give one more before others.
    """
    quotas = fair_quotas(capacity, sizes)
    missing = min(capacity, int(sizes.sum())) - int(quotas.sum())
    can_give = order[quotas[order] < sizes[order]]
    quotas[can_give[:missing]] += np.uint64(1)
    return quotas
