"""How many samples each class may keep, so that shares are kept and the total is exact."""

from __future__ import annotations

from collections.abc import Sequence


def class_quotas(sizes: Sequence[int], count: int) -> list[int]:
    """Shares of `count` in proportion to `sizes`, by largest remainders (Hamilton's method).

    Every class that has samples gets at least one if there are enough for that; these are taken from the class with
    the greatest quota. Among equals the first class goes first.

    Args:
        sizes: samples of each class.
        count: how many are kept of all, at most their sum.

    Returns:
        A quota for each class, not above its size; the sum is `count`.

    Raises:
        ValueError: there are fewer than `count` samples.
    """
    total = sum(sizes)
    if not 0 <= count <= total:
        raise ValueError(f"{count} of {total} samples cannot be kept")
    quotas = [count * size // total if total else 0 for size in sizes]
    remainders = sorted(range(len(sizes)), key=lambda one: (-(count * sizes[one] % total) if total else 0, one))
    for one in remainders[: count - sum(quotas)]:
        quotas[one] += 1
    without = [one for one, size in enumerate(sizes) if size and not quotas[one]]
    if count >= sum(1 for size in sizes if size):
        for one in without:
            quotas[quotas.index(max(quotas))] -= 1
            quotas[one] = 1
    return quotas
