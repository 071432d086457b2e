"""Draws samples that were not drawn before, and remembers which in a few numbers.

Each sample has a place in a keyed order: its priority. Of the samples that a stretch of triggers brought, those
below a bound are drawn. So what is drawn is one bound for each stretch, whatever the number of samples, and the next
ones of a stretch are those that follow its bound. How many each stretch gives is itself drawn, such that every choice
of undrawn samples is equally likely.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modyn import _native
from modyn.selector.window import Window

Numbers = npt.NDArray[np.uint64]
# (trigger, bound): of what the triggers before this one, and from that of the entry before on, brought, the samples
# with priorities below the bound are drawn. Ascending by trigger.
Stretches = list[tuple[int, int]]

_PIECE = 1_000_000


@dataclass(frozen=True)
class Draw:
    """Undrawn samples, chosen.

    Attributes:
        rule: chooses them.
        stretches: what is drawn with them.
    """

    rule: list[_native.Band]
    stretches: Stretches


class Drawn:
    """What is drawn and what is left of a window.

    Args:
        window: the window.
        priorities: of the order that is drawn from; the same for all triggers.
        stretches: what earlier triggers drew. Samples outside the window are not looked at.
    """

    def __init__(self, window: Window, priorities: _native.Priorities, stretches: Stretches) -> None:
        self._window = window
        self._priorities = priorities
        inside = [(trigger, bound) for trigger, bound in stretches if trigger > window.first_trigger]
        inside.append((window.trigger + 1, 0))  # what came since
        self._triggers = [trigger for trigger, _ in inside]
        self._bounds = np.array([bound for _, bound in inside], dtype=np.uint64)
        self._parts = _native.Groups.parts(np.array([window.end_of(trigger) for trigger, _ in inside], dtype=np.uint64))
        self._left: Numbers = _native.count_samples_of_groups(window.samples, self._parts, [self.left_band])

    @property
    def drawn_band(self) -> _native.Band:
        """Those that are drawn."""
        return _native.Band(self._priorities, self._parts, to_priority=self._bounds)

    @property
    def left_band(self) -> _native.Band:
        """Those that are not."""
        return _native.Band(self._priorities, self._parts, from_priority=self._bounds)

    @property
    def left(self) -> int:
        """How many are not drawn."""
        return int(self._left.sum())

    def draw(self, count: int) -> Draw:
        """`count` samples that are left, uniformly; there must be so many."""
        quotas = shares_of_draw(self._left, count, self._window.seed, self._window.trigger)
        following = self._window.bounds(self._parts, self._priorities, quotas, self._left, [self.left_band])
        bounds = np.maximum(self._bounds, following)
        rule = [_native.Band(self._priorities, self._parts, from_priority=self._bounds, to_priority=bounds)]
        return Draw(rule, _joined(zip(self._triggers, bounds.tolist(), strict=True)))


def shares_of_draw(counts: Numbers, count: int, seed: int, trigger: int) -> Numbers:
    """How many of `count` samples, drawn uniformly without replacement from groups of such sizes, each group has.

    The multivariate hypergeometric distribution, exactly: `count` different numbers below the total are drawn, and
    each counts for the group that it falls into.

    Returns:
        uint64[n] that sum up to `count`, which must not exceed the total.
    """
    ends = np.cumsum(counts, dtype=np.uint64)
    if np.count_nonzero(counts) == 1 or count == int(ends[-1]):
        return np.minimum(counts, np.uint64(count))
    shares = np.zeros(len(counts), dtype=np.uint64)
    permutation = _native.Permutation(seed, trigger, _native.PURPOSE_SELECTION_PARTS, 0, int(ends[-1]))
    for first in range(0, count, _PIECE):
        drawn = permutation.apply(first, min(_PIECE, count - first))
        groups = np.searchsorted(ends, drawn, side="right")
        shares += np.bincount(groups, minlength=len(counts)).astype(np.uint64)
    return shares


def _joined(stretches: zip[tuple[int, int]]) -> Stretches:
    """Neighbours with the same bound as one."""
    found: Stretches = []
    for trigger, bound in stretches:
        if found and found[-1][1] == bound:
            found.pop()
        found.append((trigger, bound))
    return found
