"""The ledger: which positions of the view each trigger brought. Triggers only cut the stream, so this is ranges."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import numpy.typing as npt

from modyn import _native


class Ledger:
    """The positions that all triggers of a run brought, as ranges; triggers count from 0, empty ones included."""

    def __init__(self) -> None:
        self._ranges: list[range] = []
        # Triggers whose range does not continue the one before: a window between two of them is one range.
        self._breaks: list[int] = []

    def __len__(self) -> int:
        """The number of triggers."""
        return len(self._ranges)

    def ranges(self) -> list[tuple[int, int]]:
        """Positions `[start, end)` that each trigger brought."""
        return [(one.start, one.stop) for one in self._ranges]

    def append(self, start: int, end: int) -> None:
        """Enter the next trigger, which brought positions `[start, end)`; start == end for an empty one.

        Raises:
            ValueError: the range is inverted or begins before the end of an earlier trigger.
        """
        previous_end = self._ranges[-1].stop if self._ranges else 0
        if not previous_end <= start <= end:
            raise ValueError(
                f"trigger {len(self._ranges)}: positions [{start}, {end}) do not follow position {previous_end}"
            )
        if not self._ranges or start != previous_end:
            self._breaks.append(len(self._ranges))
        self._ranges.append(range(start, end))

    def window(self, trigger: int, tail_triggers: int | None) -> list[range]:
        """What `trigger` and the `tail_triggers` before it brought (None: all before it), neighbours merged.

        Empty triggers count, and contribute nothing. The ranges ascend, and none is empty.
        """
        first = 0 if tail_triggers is None else max(0, trigger - tail_triggers)
        later_breaks = self._breaks[bisect_right(self._breaks, first) : bisect_right(self._breaks, trigger)]
        starts = [first, *later_breaks]
        ends = [*(start - 1 for start in later_breaks), trigger]
        runs = [range(self._ranges[one].start, self._ranges[two].stop) for one, two in zip(starts, ends, strict=True)]
        return [run for run in runs if run]

    def counts(self, first: int, end: int) -> npt.NDArray[np.uint64]:
        """How many samples each of the triggers `[first, end)` brought: uint64[end - first]."""
        return np.array([len(one) for one in self._ranges[first:end]], dtype=np.uint64)

    def samples(self, view: _native.View, first: int, end: int) -> _native.Sequence:
        """What the triggers `[first, end)` brought, to read or to query by label and time.

        Triggers that are not there bring nothing. `_native.Ledger.samples` answers the same for samples that a client
        informed, so a strategy does not see where its samples come from.

        Args:
            view: the view that the positions refer to.
            first: number of a trigger, from 0.
            end: behind the last trigger.
        """
        ranges = [(one.start, len(one)) for one in self._ranges[first:end] if one]
        return _native.Sequence.of_ranges(view, np.array(ranges, dtype=np.uint64).reshape(-1, 2))
