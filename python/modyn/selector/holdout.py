"""Cuts a training set: samples that are held out for auxiliary models, by addressed randomness.

What was deleted since the training set was written is not held out, so that nothing but deleted samples is never all
that a model is trained on.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modyn import _native
from modyn.selector.window import Indices, native_view
from modyn.storage.api import Keys, ViewRef

_PIECE = 1_000_000


def write_share(path: Path, view: ViewRef, training_set: Path, seed: int, trigger: int, share: tuple[int, int]) -> int:
    """Write random samples of a training set as one of its own, in their order there.

    They are the first of a permutation with the address (seed, trigger, holdout, 0).

    Args:
        path: replaced if it exists: only a crash leaves it, before anyone read it. No file if there is no sample.
        view: the view that the training set was written for.
        training_set: its file.
        seed: of the run.
        trigger: number of the trigger.
        share: numerator and denominator of how many of those that are left it is, rounded down, but at least one.

    Returns:
        How many they are.
    """
    whole = _native.TrainingSet.open(training_set, native_view(view))
    deleted = _deleted(whole, view)
    left = len(whole) - len(deleted)
    count = min(left, max(1, left * share[0] // share[1]))
    permutation = _native.Permutation(seed, trigger, _native.PURPOSE_HOLDOUT, 0, left)
    return _write(path, whole, _places_of_left(np.sort(permutation.apply(0, count)), deleted))


def write_half(path: Path, view: ViewRef, training_set: Path, seed: int, half: int) -> int:
    """Write one half of a training set as one of its own, in the order there; see `half_of`.

    Args:
        path: see `write_share`; so are the others.
        view: of the training set.
        training_set: its file.
        seed: of the run.
        half: 0 or 1.

    Returns:
        How many samples it has.
    """
    whole = _native.TrainingSet.open(training_set, native_view(view))
    mine = [np.flatnonzero(half_of(keys, seed) == half).astype(np.uint64) + first for first, keys in _pieces(whole)]
    return _write(path, whole, np.setdiff1d(np.concatenate(mine), _deleted(whole, view), assume_unique=True))


def half_of(keys: Keys, seed: int) -> npt.NDArray[np.int64]:
    """int64 [n], 0 or 1: the half that samples belong to, at every trigger and in every training set of a run.

    Of two neighbouring keys 2i and 2i + 1 each half has one; a coin says which has which. So halves of neighbours
    differ in size by two at most, and those of any n samples by a few times the root of n.
    """
    coins = _native.Priorities(seed, 0, _native.PURPOSE_HOLDOUT, 0).apply(keys >> 1) < _native.PRIORITY_END // 2
    return (keys & 1) ^ coins


def _pieces(whole: _native.TrainingSet) -> Iterator[tuple[np.uint64, Keys]]:
    """All keys, with the place of the first of each piece."""
    for first in range(0, len(whole), _PIECE):
        yield np.uint64(first), whole.read(first, min(_PIECE, len(whole) - first))[0]


def _deleted(whole: _native.TrainingSet, view: ViewRef) -> Indices:
    """Places of the samples that are deleted by now, ascending."""
    newest = _native.Index.open(view.folder)
    if newest.summary.deleted == 0:
        return np.zeros(0, np.uint64)
    return np.concatenate(
        [np.flatnonzero(newest.deleted(keys)).astype(np.uint64) + first for first, keys in _pieces(whole)]
    )


def _places_of_left(ranks: Indices, deleted: Indices) -> Indices:
    """Where the samples of these ranks, among those that are not deleted, are among all."""
    left_before = deleted - np.arange(len(deleted), dtype=np.uint64)
    return ranks + np.searchsorted(left_before, ranks, side="right").astype(np.uint64)


def _write(path: Path, whole: _native.TrainingSet, places: Indices) -> int:
    path.unlink(missing_ok=True)
    if len(places):
        keys, weights = whole.read_at(places)
        _native.TrainingSet.write_keys(path, whole.view, keys, weights)
    return len(places)
