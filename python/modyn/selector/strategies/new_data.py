"""Trains on the data of the latest triggers: all of it, the newest samples, or a uniform sample.

The window is ranges of the view, so selecting costs nothing however much data there is; only a uniform sample is
written as keys.
"""

from __future__ import annotations

from typing import Literal

from modyn.selector.api import Selection, SelectionRequest, SelectionStrategy
from modyn.selector.presampling.api import Presampling
from modyn.selector.presampling.newest import Newest
from modyn.selector.presampling.uniform import Uniform
from modyn.selector.strategies.options import WindowOptions


class NewDataStrategy(SelectionStrategy):
    """The data of this trigger and of `tail_triggers` triggers before it, cut down to `limit` samples.

    The limit counts for the whole training set, whatever the window, and the training set has exactly
    min(limit, samples of the window) samples. They are chosen at random without replacement, every subset equally
    likely (`sampleUAR`), or they are the newest by (timestamp, key) (`lastX`).

    Args:
        limit_reset: which samples the limit keeps.
        tail_triggers, limit, uses_weights: see `WindowOptions`.
    """

    def __init__(
        self,
        limit_reset: Literal["lastX", "sampleUAR"] = "lastX",
        tail_triggers: int | None = None,
        limit: int = -1,
        uses_weights: bool = False,
    ) -> None:
        self._options = WindowOptions(tail_triggers, limit, uses_weights)
        self._presampling: Presampling = Newest() if limit_reset == "lastX" else Uniform()

    def select(self, request: SelectionRequest) -> Selection:
        """See `SelectionStrategy.select`."""
        window = request.window(self._options.tail_triggers)
        return self._options.weighted(self._presampling.choose(window, self._options.limited(len(window))))
