"""Writes training sets through the native library."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modyn import _native
from modyn.selector.api import TrainingSetInfo
from modyn.storage.api import View, ViewRef


def write_ranges(path: Path, view: View, ranges: list[range], weighted: bool) -> TrainingSetInfo:
    """All samples of ascending ranges of a time-ordered view. Without weights the file's size is that of the ranges.

    Args:
        path: must not exist.
        view: the view that the ranges refer to.
        ranges: non-empty and ascending.
        weighted: store the weight 1 with every sample.
    """
    samples = sum(map(len, ranges))
    rows = np.array([(one.start, len(one)) for one in ranges], dtype=np.uint64).reshape(-1, 2)
    _native.TrainingSet.write_ranges(path, _native_view(view.ref), rows, _weights(samples, weighted))
    return _info(path, view, samples, (ranges[0].start, ranges[-1].stop - 1) if ranges else None)


def write_positions(path: Path, view: View, positions: npt.NDArray[np.uint64], weighted: bool) -> TrainingSetInfo:
    """Some samples of a time-ordered view, as explicit keys.

    Args:
        path: must not exist.
        view: the view that the positions refer to.
        positions: uint64[n], ascending, at least one.
        weighted: store the weight 1 with every sample.
    """
    native = _native_view(view.ref)
    _native.TrainingSet.write_keys(path, native, native.keys_at(positions), _weights(len(positions), weighted))
    return _info(path, view, len(positions), (int(positions[0]), int(positions[-1])))


@lru_cache(maxsize=2)
def _native_view(ref: ViewRef) -> _native.View:
    """A view is immutable and small (its size is that of the extents), so one per run is opened and kept."""
    return _native.View.build(_native.Index.open(ref.folder, ref.manifest), ref.order)


def _weights(samples: int, weighted: bool) -> npt.NDArray[np.float32] | None:
    return np.ones(samples, dtype=np.float32) if weighted else None


def _info(path: Path, view: View, samples: int, ends: tuple[int, int] | None) -> TrainingSetInfo:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    first, last = (int(view.timestamps(end, 1)[0]) for end in ends) if ends else (None, None)
    return TrainingSetInfo(path, digest, samples, first, last)
