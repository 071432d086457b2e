"""Trains on the data of the latest triggers: all of it, the newest samples, or a uniform sample.

The window is ranges of the view, so selecting costs nothing however much data there is; only a uniform sample is
written as keys.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from modyn import _native
from modyn.selector.api import SelectionRequest, TrainingSetInfo
from modyn.selector.training_set import write_positions, write_ranges


class NewDataStrategy:
    """The data of this trigger and of `tail_triggers` triggers before it, cut down to `limit` samples.

    The limit counts for the whole training set, whatever the window, and the training set has exactly
    min(limit, samples of the window) samples. They are chosen at random without replacement, every subset equally
    likely (`sampleUAR`), or they are the newest by (timestamp, key) (`lastX`).

    Args:
        tail_triggers: triggers before this one that stay in the window; None for all of them.
        limit: the greatest number of samples per training set; None for no limit.
        limit_reset: which samples the limit keeps.
        uses_weights: store a weight with each sample; this strategy gives all of them the weight 1.
    """

    def __init__(
        self,
        tail_triggers: int | None,
        limit: int | None = None,
        limit_reset: Literal["lastX", "sampleUAR"] = "lastX",
        uses_weights: bool = False,
    ) -> None:
        self._tail_triggers = tail_triggers
        self._limit = limit
        self._limit_reset = limit_reset
        self._uses_weights = uses_weights

    def select(self, request: SelectionRequest) -> TrainingSetInfo:
        """See `SelectionStrategy.select`.

        Raises:
            ValueError: the view is not in time order, so that no sample is known to be the newest.
        """
        if request.view.ref.order != "time":
            raise ValueError(f"NewDataStrategy needs a view in time order, not in {request.view.ref.order} order")
        window = request.ledger.window(request.trigger, self._tail_triggers)
        samples = sum(map(len, window))
        if self._limit is None or samples <= self._limit:
            return write_ranges(request.path, request.view, window, self._uses_weights)
        if self._limit_reset == "lastX":
            return write_ranges(request.path, request.view, newest(window, self._limit), self._uses_weights)
        positions = uniform_sample(window, self._limit, request.seed, request.trigger)
        return write_positions(request.path, request.view, positions, self._uses_weights)

    def state_dict(self) -> dict[str, Any]:
        """Empty: the ledger is all that this strategy goes by."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing to continue from."""


def newest(window: list[range], count: int) -> list[range]:
    """The last `count` positions of ascending ranges that hold at least so many."""
    kept: list[range] = []
    for one in reversed(window):
        if count <= 0:
            break
        kept.append(range(max(one.start, one.stop - count), one.stop))
        count -= len(one)
    return kept[::-1]


def uniform_sample(window: list[range], count: int, seed: int, trigger: int) -> npt.NDArray[np.uint64]:
    """`count` of the positions of ascending ranges, drawn uniformly without replacement.

    These are the images of 0, ..., count - 1 under the permutation with the address (seed, trigger, sample, 0), so a
    greater sample of the same window contains the smaller one.

    Returns:
        uint64[count], ascending.
    """
    lengths = np.array([len(one) for one in window], dtype=np.uint64)
    ends = np.cumsum(lengths)
    permutation = _native.Permutation(seed, trigger, _native.PURPOSE_SAMPLE, 0, int(ends[-1]))
    indices = np.sort(permutation.apply(0, count))
    # Index i of the concatenated ranges lies in the range r whose shift, start minus samples before, it needs.
    starts = np.array([one.start for one in window], dtype=np.uint64)
    shifts = starts - (ends - lengths)
    positions: npt.NDArray[np.uint64] = indices + shifts[np.searchsorted(ends, indices, side="right")]
    return positions
