"""`RandomNoReplacement`: goes through the data in cycles, and draws each sample once in each.

A cycle is an order of its own. When fewer samples are left in the window than are wanted, all of them are taken and
the next cycle begins: the others are the first ones of its order that are not taken yet. A sample that is among
those that were left, and among the first of the new order too, counts for both cycles; so do all if the whole window
is taken.
"""

from __future__ import annotations

from typing import Any

from modyn import _native
from modyn.selector.drawing import Drawn, Stretches
from modyn.selector.presampling.api import Presampling
from modyn.selector.window import Selection, Window


class WithoutReplacement(Presampling):
    """Samples that were not drawn in this cycle yet, uniformly; exactly `target`.

    Three passes over the keys of the window. The state has one number for each trigger of the cycle at most.
    """

    def __init__(self) -> None:
        self._cycle = 0
        self._stretches: Stretches = []

    def choose(self, window: Window, target: int) -> Selection:
        """See `Presampling.choose`."""
        if target == 0:
            return window.newest(0)
        drawn = Drawn(window, self._order(window, self._cycle), self._stretches)
        if target <= drawn.left:
            draw = drawn.draw(target)
            self._stretches = draw.stretches
            return window.choose(draw.rule)
        everything = _native.Groups.all()
        order = self._order(window, self._cycle + 1)
        more, others = target - drawn.left, len(window) - drawn.left
        bounds = window.bounds(everything, order, [more], [others], [drawn.drawn_band])
        self._cycle += 1
        self._stretches = [(window.trigger + 1, int(bounds[0]))]
        first_ones = _native.Band(order, everything, to_priority=bounds)
        return window.choose([drawn.left_band], [drawn.drawn_band, first_ones])

    @staticmethod
    def _order(window: Window, cycle: int) -> _native.Priorities:
        return _native.Priorities(window.seed, 0, _native.PURPOSE_PRESAMPLING, cycle)

    def state_dict(self) -> dict[str, Any]:
        """The number of the cycle, and what is drawn in it."""
        return {"cycle": self._cycle, "drawn": [list(stretch) for stretch in self._stretches]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue in the middle of a cycle."""
        self._cycle = state["cycle"]
        self._stretches = [(trigger, bound) for trigger, bound in state["drawn"]]
