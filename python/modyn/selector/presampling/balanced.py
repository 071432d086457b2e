"""`LabelBalanced` and `TriggerBalanced`: uniformly within each label, or within what each trigger brought.

How many each group gives is decided by a rule of `fair_share`. Two or three passes over the window.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from modyn import _native
from modyn.selector.presampling.api import Presampling
from modyn.selector.presampling.fair_share import Sizes, equal_quotas, fair_quotas, full_quotas
from modyn.selector.window import Selection, Window

# (target, sizes of the groups, their order by chance) -> quotas
Quotas = Callable[[int, Sizes, npt.NDArray[np.int64]], Sizes]


def fair(target: int, sizes: Sizes, order: npt.NDArray[np.int64]) -> Sizes:
    """Fair shares, rounded down: together less than one sample for each group short of the target."""
    return fair_quotas(target, sizes)


def equal(target: int, sizes: Sizes, order: npt.NDArray[np.int64]) -> Sizes:
    """The same for every group, the size of the smallest at most."""
    return equal_quotas(target, sizes)


def full(target: int, sizes: Sizes, order: npt.NDArray[np.int64]) -> Sizes:
    """Fair shares, and one more for groups that chance decides, so that the target is reached."""
    return full_quotas(target, sizes, order)


class LabelBalanced(Presampling):
    """As many samples of each label as of any other, as far as there are so many."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas

    def choose(self, window: Window, target: int) -> Selection:
        """See `Presampling.choose`; fewer samples than `target` as the quotas say."""
        labels, sizes = window.label_counts()
        return _choose(window, _native.Groups.by_label(labels), sizes, target, self._quotas)


class TriggerBalanced(Presampling):
    """As many samples of each trigger's data as of any other's, as far as there are so many."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas

    def choose(self, window: Window, target: int) -> Selection:
        """See `Presampling.choose`; fewer samples than `target` as the quotas say."""
        sizes = np.diff(window.ends, prepend=np.uint64(0))
        brought = sizes > 0
        return _choose(window, _native.Groups.parts(window.ends[brought]), sizes[brought], target, self._quotas)


def _choose(window: Window, groups: _native.Groups, sizes: Sizes, target: int, quotas_of: Quotas) -> Selection:
    if target == 0 or len(sizes) == 0:
        return window.newest(0)
    bits = _native.random_bits_range(window.seed, window.trigger, _native.PURPOSE_SELECTION_PARTS, 0, len(sizes))
    quotas = quotas_of(target, sizes, np.argsort(bits, kind="stable"))
    priorities = window.priorities(_native.PURPOSE_PRESAMPLING)
    bounds = window.bounds(groups, priorities, quotas, sizes)
    return window.choose([_native.Band(priorities, groups, to_priority=bounds)])
