"""Mixes samples that were never trained on with such that were, at a fixed ratio.

A sample is used from its first training set on. Unused ones are drawn from one keyed order for the whole run, so
which samples are used is a few numbers (`modyn.selector.drawing`), and no mark is kept with any sample.
"""

from __future__ import annotations

from typing import Any

from modyn import _native
from modyn.selector.api import Selection, SelectionRequest, SelectionStrategy
from modyn.selector.drawing import Drawn, Stretches
from modyn.selector.strategies.options import WindowOptions
from modyn.selector.window import Window


class FreshnessSamplingStrategy(SelectionStrategy):
    """As many samples as possible of which `unused_data_ratio` percent were in no earlier training set.

    Both kinds are drawn uniformly without replacement, and the set has exactly the size that `freshness_shares` says.
    While no sample of the window is used, as at the first trigger, all unused ones are taken, up to the limit. Where
    none is unused there is nothing fresh to train on, and the set is empty.

    Args:
        unused_data_ratio: percent, 1 to 99.
        tail_triggers, limit, uses_weights: see `WindowOptions`.
    """

    def __init__(
        self, unused_data_ratio: int, tail_triggers: int | None = None, limit: int = -1, uses_weights: bool = False
    ) -> None:
        self._options = WindowOptions(tail_triggers, limit, uses_weights)
        self._percent = unused_data_ratio
        self._used: Stretches = []

    def select(self, request: SelectionRequest) -> Selection:
        """See `SelectionStrategy.select`."""
        window = request.window(self._options.tail_triggers)
        priorities = _native.Priorities(window.seed, 0, _native.PURPOSE_FRESHNESS, 0)
        drawn = Drawn(window, priorities, self._used)
        used = len(window) - drawn.left
        total = self._options.limited(len(window))
        unused_count, used_count = freshness_shares(drawn.left, used, self._percent, total)
        again = self._used_rule(window, drawn, used_count, used)
        draw = drawn.draw(unused_count) if unused_count > 0 else None
        if draw is not None:
            self._used = draw.stretches
        return self._options.weighted(window.choose(*([draw.rule] if draw else []), *([again] if used_count else [])))

    @staticmethod
    def _used_rule(window: Window, drawn: Drawn, count: int, used: int) -> list[_native.Band]:
        everything = _native.Groups.all()
        priorities = window.priorities(_native.PURPOSE_FRESHNESS_USED)
        bounds = window.bounds(everything, priorities, [count], [used], [drawn.drawn_band])
        return [drawn.drawn_band, _native.Band(priorities, everything, to_priority=bounds)]

    def state_dict(self) -> dict[str, Any]:
        """Which samples are used: a bound for each stretch of triggers of which some samples are not."""
        return {"used": [list(stretch) for stretch in self._used]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue with what earlier triggers have used."""
        self._used = [(trigger, bound) for trigger, bound in state["used"]]


def freshness_shares(unused: int, used: int, percent: int, limit: int) -> tuple[int, int]:
    """How many unused and used samples make the largest set of which `percent` percent are unused.

    The scarcer kind is taken whole and the other one in proportion, rounded down. A set that is greater than the limit
    is cut down to it: the unused ones are `percent` percent of it, rounded down. There is at least one unused sample
    if there are any, so that a small share grows.

    Args:
        unused: samples that were in no training set.
        used: samples that were.
        percent: 1 to 99.
        limit: the greatest number of samples, at least 1.

    Returns:
        (unused samples to take, used ones).
    """
    if used == 0:
        return min(unused, limit), 0
    if unused == 0:
        return 0, 0
    by_unused, by_used = unused * 100 // percent, used * 100 // (100 - percent)
    total = min(by_unused, by_used)
    if total > limit:
        total, fresh = limit, limit * percent // 100
    else:
        fresh = unused if by_unused <= by_used else total - used
    fresh = max(fresh, 1)
    return fresh, total - fresh
