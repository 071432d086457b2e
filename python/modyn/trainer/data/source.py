"""Reads the bytes of a training's batches with the native library; any process may open the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modyn import _native
from modyn.errors import DatasetError
from modyn.storage.api import Keys, ViewRef
from modyn.trainer.data.decoder import Bytes, Field, Labels
from modyn.trainer.seeding import AddressedSeeds, Shuffle


@dataclass(frozen=True)
class RawSamples:
    """Fetched samples: int64 keys [n], float32 weights [n] or None, int64 labels [n], uint8 arrays [n, length]."""

    keys: Keys
    weights: npt.NDArray[np.float32] | None
    labels: Labels
    arrays: list[Bytes]


class TrainingSamples:
    """A training set over a pinned view.

    Args:
        view: the pinned view that the set was written for.
        path: file of the training set.
        threads: size of the native copying pool.

    Raises:
        CorruptFileError: the set or the index fails its checksums.
        DatasetError: the set is empty.
    """

    def __init__(self, view: ViewRef, path: Path, threads: int) -> None:
        index = _native.Index.open(view.folder, view.manifest)
        self._set = _native.TrainingSet.open(path, _native.View.build(index, view.order))
        if len(self._set) == 0:
            raise DatasetError(f"dataset '{view.dataset}': the training set {path} is empty")
        self._reader = _native.Reader(index, view.root, threads)
        self.sample_size: int = self._reader.format.sample_size

    def __len__(self) -> int:
        return len(self._set)

    @property
    def weighted(self) -> bool:
        """Whether each sample has a weight."""
        return bool(self._set.weighted)

    @property
    def digest(self) -> int:
        """Identifies samples, weights and manifest."""
        return int(self._set.digest)

    def orders(self, seeds: AddressedSeeds, shuffle: Shuffle, fields: list[Field] | None) -> OrderedSamples:
        """The samples in the order of each epoch."""
        return OrderedSamples(self._set, self._reader, seeds, shuffle, fields)


class OrderedSamples:
    """The samples of a set as each epoch orders them: shuffled anew each time, or as they are in the set."""

    def __init__(
        self,
        training_set: _native.TrainingSet,
        reader: _native.Reader,
        seeds: AddressedSeeds,
        shuffle: Shuffle,
        fields: list[Field] | None,
    ) -> None:
        self._set = training_set
        self._reader = reader
        self._seeds = seeds
        self._shuffle = shuffle
        self._fields = fields
        self._epoch: int | None = None
        self._feed: _native.Feed | None = None

    def fetch(self, epoch: int, first: int, count: int) -> RawSamples:
        """Samples [first, first + count) of an epoch's order: several batches for one crossing into native code."""
        if self._feed is None or epoch != self._epoch:
            order = self._seeds.order(self._shuffle, epoch, len(self._set))
            self._feed = _native.Feed(self._set, order, self._reader, self._fields)
            self._epoch = epoch
        return RawSamples(*self._feed.fetch(first, count))
