"""What all selection strategies of Modyn have in common: the window, the limit, and whether samples have weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modyn.selector.window import Selection


@dataclass(frozen=True)
class WindowOptions:
    """Options of every strategy.

    Attributes:
        tail_triggers: triggers before this one that stay in the window; None for all of them.
        limit: the greatest number of samples per training set; none if it is not positive.
        uses_weights: store a weight with each sample; these strategies give all of them the weight 1.
    """

    tail_triggers: int | None = None
    limit: int = -1
    uses_weights: bool = False

    def limited(self, samples: int) -> int:
        """`samples`, or the limit if that is less."""
        return min(samples, self.limit) if self.limit > 0 else samples

    def weighted(self, selection: Selection) -> Selection:
        """The selection as it is to be stored."""
        return selection.with_weights(np.ones(len(selection), dtype=np.float32)) if self.uses_weights else selection
