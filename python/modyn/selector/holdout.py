"""Cuts a training set: samples that are held out for auxiliary models, by addressed randomness."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from modyn import _native
from modyn.selector.window import native_view
from modyn.storage.api import ViewRef


def write_holdout(
    path: Path, view: ViewRef, training_set: Path, seed: int, trigger: int, share: tuple[int, int]
) -> int:
    """Write the samples [first, end) of a permutation of a training set as one of its own, in their order there.

    The permutation has the address (seed, trigger, holdout, 0), so parts with different bounds do not overlap.

    Args:
        path: replaced if it exists: only a crash leaves it, before anyone read it.
        view: the view that the training set was written for.
        training_set: its file.
        seed: of the run.
        trigger: number of the trigger.
        share: first and end.

    Returns:
        How many they are.
    """
    native = native_view(view)
    whole = _native.TrainingSet.open(training_set, native)
    first, end = share
    permutation = _native.Permutation(seed, trigger, _native.PURPOSE_HOLDOUT, 0, len(whole))
    keys, weights = whole.read_at(np.sort(permutation.apply(first, end - first)))
    path.unlink(missing_ok=True)
    _native.TrainingSet.write_keys(path, native, keys, weights)
    return end - first
