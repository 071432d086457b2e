"""The window: the samples that a trigger may choose from, and ways to choose.

A sample of a window is named by its index, from 0 to len(window) - 1: in the order of the view, that is by
(timestamp, key). Columns are read for ranges of indices; nothing here holds a list of samples unless the caller does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from modyn import _native
from modyn.errors import SelectionError
from modyn.storage.api import View, ViewRef

if TYPE_CHECKING:
    from modyn.selector.ledger import Ledger

Indices = npt.NDArray[np.uint64]
_PIECE = 1_000_000


@dataclass(frozen=True)
class Selection:
    """Samples of a window, chosen to be trained on.

    Attributes:
        samples: the samples, with weights if they have any, in the order in which an unshuffled training sees them.
        oldest: place among them of the one with the smallest index in the window.
        newest: of the one with the greatest, likewise.
    """

    samples: _native.Sequence
    oldest: int
    newest: int

    def __len__(self) -> int:
        return len(self.samples)

    def with_weights(self, weights: npt.ArrayLike) -> Selection:
        """The same samples, with one weight for each.

        Raises:
            SelectionError: they are not finite float numbers, not negative, one for each sample.
        """
        checked = _checked_weights(weights, len(self))
        return Selection(self.samples.with_weights(checked), self.oldest, self.newest)


@dataclass(frozen=True)
class Window:
    """What a trigger may choose from.

    Attributes:
        view: the view that they are samples of.
        samples: the samples, as `modyn._native` reads them.
        trigger: number of the trigger, from 0.
        first_trigger: the first one whose samples are in the window.
        ends: uint64[triggers]; the samples of trigger `first_trigger + i` end at index `ends[i]`.
        seed: the run's seed.
    """

    view: _native.View
    samples: _native.Sequence
    trigger: int
    first_trigger: int
    ends: Indices
    seed: int

    def __len__(self) -> int:
        return len(self.samples)

    # -- looking at the samples --------------------------------------------------------------------------------------

    def keys(self, first: int = 0, count: int | None = None) -> npt.NDArray[np.int64]:
        """int64[count] keys of the samples [first, first + count); all that follow if no count is given."""
        return self.samples.keys(first, self._count(first, count))

    def labels(self, first: int = 0, count: int | None = None) -> npt.NDArray[np.int64]:
        """int64[count] labels, likewise."""
        return self.samples.labels(first, self._count(first, count))

    def timestamps(self, first: int = 0, count: int | None = None) -> npt.NDArray[np.int64]:
        """int64[count] Unix seconds, likewise."""
        return self.samples.timestamps(first, self._count(first, count))

    def label_counts(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
        """(int64[n] labels that occur, ascending, uint64[n] how often)."""
        return self.samples.label_counts()

    def end_of(self, trigger: int) -> int:
        """The index behind the samples of all triggers before `trigger`."""
        number = min(trigger - self.first_trigger, len(self.ends))
        return int(self.ends[number - 1]) if number > 0 else 0

    def _count(self, first: int, count: int | None) -> int:
        return len(self) - first if count is None else count

    # -- random choices ----------------------------------------------------------------------------------------------

    def priorities(self, purpose: int, index: int = 0) -> _native.Priorities:
        """The priorities of one choice at this trigger, by which the native functions choose."""
        return _native.Priorities(self.seed, self.trigger, purpose, index)

    def sample(self, count: int, draw: int = 0) -> Indices:
        """min(count, len) different indices, uniformly, ascending: the samples with the lowest priorities.

        Args:
            count: how many.
            draw: number of the choice. Choices with other numbers, at other triggers or with other seeds are
                independent; equal ones are equal, and a greater count contains the smaller.
        """
        priorities = self.priorities(_native.PURPOSE_USER_POLICY, draw)
        found: list[Indices] = []
        bound = self.bounds(_native.Groups.all(), priorities, [count], [len(self)])[0]
        for first in range(0, len(self), _PIECE):
            keys = self.keys(first, min(_PIECE, len(self) - first))
            found.append(np.flatnonzero(priorities.apply(keys) < bound).astype(np.uint64) + np.uint64(first))
        return np.concatenate(found) if found else np.zeros(0, dtype=np.uint64)

    def random(self, draw: int = 0) -> np.random.Generator:
        """A generator that is a function of seed, trigger and `draw`, for choices that `sample` does not make."""
        bits = _native.random_bits(self.seed, self.trigger, _native.PURPOSE_USER_POLICY, draw)
        return np.random.Generator(np.random.Philox(key=bits))

    def bounds(
        self,
        groups: _native.Groups,
        priorities: _native.Priorities,
        quotas: npt.ArrayLike,
        counts: npt.ArrayLike,
        among: Sequence[_native.Band] = (),
    ) -> Indices:
        """`_native.priority_bounds` of this window."""
        return _native.priority_bounds(
            self.samples,
            groups,
            priorities,
            np.asarray(quotas, dtype=np.uint64),
            np.asarray(counts, dtype=np.uint64),
            list(among),
        )

    # -- what is chosen ----------------------------------------------------------------------------------------------

    def everything(self) -> Selection:
        """All samples."""
        return _in_order(self.samples)

    def newest(self, count: int) -> Selection:
        """The last min(count, len) samples."""
        kept = min(count, len(self))
        return _in_order(self.samples.slice(len(self) - kept, kept))

    def choose(self, *any_of: list[_native.Band]) -> Selection:
        """The samples that lie in all bands of one of these rules, in their order."""
        return _in_order(_native.choose(self.samples, list(any_of)))

    def take(self, indices: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> Selection:
        """The samples with these indices, in this order, with weights if there are any.

        Raises:
            SelectionError: an index is no whole number, outside the window or given twice, or a weight is wrong.
        """
        checked = _checked_indices(indices, len(self))
        oldest, newest = (int(checked.argmin()), int(checked.argmax())) if len(checked) else (0, 0)
        keys, _ = self.samples.read_at(checked)
        selection = Selection(_native.Sequence.of_keys(self.view.index, keys), oldest, newest)
        return selection if weights is None else selection.with_weights(weights)

    def take_keys(self, keys: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> Selection:
        """The samples with these keys, in this order, with weights if there are any. Reads all keys of the window.

        Raises:
            SelectionError: a key is no whole number, not in the window or given twice, or a weight is wrong.
        """
        return self.take(self._indices_of(_whole_numbers(keys, "keys").astype(np.int64)), weights)

    def _indices_of(self, keys: npt.NDArray[np.int64]) -> Indices:
        order = np.argsort(keys, kind="stable")
        ascending = keys[order]
        if len(repeated := ascending[1:][ascending[1:] == ascending[:-1]]):
            raise SelectionError(f"key {repeated[0]} is selected several times; give each once, with a weight")
        indices = np.full(len(keys), len(self), dtype=np.uint64)
        for first in range(0, len(self), _PIECE):
            some = self.keys(first, min(_PIECE, len(self) - first))
            places = np.minimum(np.searchsorted(ascending, some), max(0, len(keys) - 1))
            hits = np.flatnonzero(ascending[places] == some) if len(keys) else np.zeros(0, dtype=np.int64)
            indices[order[places[hits]]] = hits.astype(np.uint64) + np.uint64(first)
        if len(missing := keys[indices == len(self)]):
            raise SelectionError(f"key {missing[0]} is not in the window, which has {len(self):,} samples")
        return indices


def window_of(view: View, ledger: Ledger, trigger: int, tail_triggers: int | None, seed: int) -> Window:
    """What `trigger` and the `tail_triggers` before it brought (None: all before it).

    A key that several triggers brought counts as brought by the last of them.

    Raises:
        ValueError: the view is not in time order, so that no sample is known to be the newest.
    """
    if view.ref.order != "time":
        raise ValueError(f"a window needs a view in time order, not in {view.ref.order} order")
    first = 0 if tail_triggers is None else max(0, trigger - tail_triggers)
    native = native_view(view.ref)
    samples = ledger.samples(native, first, trigger + 1)
    samples, ends = _native.latest(samples, np.cumsum(ledger.counts(first, trigger + 1), dtype=np.uint64))
    return Window(native, samples, trigger, first, ends, seed)


@lru_cache(maxsize=2)
def native_view(ref: ViewRef) -> _native.View:
    """A view is immutable and small (its size is that of the extents), so one per run is opened and kept."""
    return _native.View.build(_native.Index.open(ref.folder, ref.manifest), ref.order)


def _in_order(samples: _native.Sequence) -> Selection:
    return Selection(samples, 0, max(0, len(samples) - 1))


def _whole_numbers(values: npt.ArrayLike, names: str) -> npt.NDArray[Any]:
    array = np.asarray(values)
    if array.ndim != 1:
        raise SelectionError(f"{names} of samples have shape {array.shape}; give an array of one dimension")
    if array.dtype.kind not in "iu" and len(array):
        hint = "; np.flatnonzero makes indices of a mask" if array.dtype.kind == "b" else ""
        raise SelectionError(f"{names} of samples are {array.dtype}, not whole numbers{hint}")
    return array


def _checked_indices(indices: npt.ArrayLike, samples: int) -> Indices:
    array = _whole_numbers(indices, "indices").astype(np.int64)
    if len(outside := array[(array < 0) | (array >= samples)]):
        raise SelectionError(f"index {outside[0]} is outside the window, whose indices are 0 to {samples - 1}")
    ascending = np.sort(array)
    if len(repeated := ascending[1:][ascending[1:] == ascending[:-1]]):
        raise SelectionError(f"index {repeated[0]} is selected several times; give each once, with a weight")
    return array.astype(np.uint64)


def _checked_weights(weights: npt.ArrayLike, samples: int) -> npt.NDArray[np.float32]:
    array = np.asarray(weights)
    if array.shape != (samples,):
        raise SelectionError(f"weights have shape {array.shape} for {samples} samples; give one for each")
    if array.dtype.kind not in "fiu":
        raise SelectionError(f"weights are {array.dtype}, not numbers")
    with np.errstate(over="ignore"):
        as_floats = array.astype(np.float32)
    if len(wrong := np.flatnonzero(~np.isfinite(as_floats) | (as_floats < 0))):
        place = wrong[0]
        raise SelectionError(f"weight {array[place]} of selected sample {place} is no finite number from 0 on")
    return as_floats
