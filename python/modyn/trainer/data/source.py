"""Reads the bytes of a training's batches with the native library; any process may open the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modyn import _native
from modyn.errors import DatasetError
from modyn.storage.api import Keys, ViewRef
from modyn.trainer.data.decoder import Bytes, Field, Labels, Offsets
from modyn.trainer.seeding import AddressedSeeds, Shuffle


@dataclass(frozen=True)
class RawSamples:
    """n fetched samples.

    Attributes:
        keys: int64 [n].
        weights: float32 [n], or None.
        labels: int64 [n].
        arrays: uint8 [n, length] for each field, or one array; if samples differ in size, one of all their bytes.
        offsets: int64 [n + 1] where each sample begins and ends, if samples differ in size.
    """

    keys: Keys
    weights: npt.NDArray[np.float32] | None
    labels: Labels
    arrays: list[Bytes]
    offsets: Offsets | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of the samples themselves."""
        return sum(array.nbytes for array in self.arrays)

    def __getitem__(self, rows: slice) -> RawSamples:
        """Some neighbouring samples, as views."""
        weights = None if self.weights is None else self.weights[rows]
        if self.offsets is None:
            arrays, offsets = [array[rows] for array in self.arrays], None
        else:
            (data,) = self.arrays
            offsets = self.offsets[rows.start : rows.stop + 1]
            arrays, offsets = [data[offsets[0] : offsets[-1]]], offsets - offsets[0]
        return RawSamples(self.keys[rows], weights, self.labels[rows], arrays, offsets)


class TrainingSamples:
    """A training set over a pinned view.

    Args:
        view: the pinned view that the set was written for.
        path: file of the training set.
        threads: size of the native copying pool.
        deletions: a later manifest of the dataset; samples that are deleted there have the weight 0.

    Raises:
        CorruptFileError: the set or the index fails its checksums.
        DatasetError: the set is empty, or all of it was deleted.
    """

    def __init__(self, view: ViewRef, path: Path, threads: int, deletions: int | None = None) -> None:
        index = _native.Index.open(view.folder, view.manifest)
        self.path = path
        self._set = _native.TrainingSet.open(path, _native.View.build(index, view.order))
        if len(self._set) == 0:
            raise DatasetError(f"dataset '{view.dataset}': the training set {path} is empty")
        self._reader = _native.Reader(index, view.root, threads)
        self.sample_size: int | None = self._reader.sample_size
        """Bytes of each sample, None if samples differ in size."""
        self._deleted: _native.DeletedSamples | None = None
        self._newer: _native.Index | None = None
        if deletions is not None and deletions != view.manifest:
            self._newer = _open(view.folder, deletions)
            self._deleted = _native.DeletedSamples(self._set, self._newer)
        if self.deleted == len(self._set):
            raise DatasetError(f"dataset '{view.dataset}': all samples of the training set {path} were deleted")

    def __len__(self) -> int:
        return len(self._set)

    @property
    def weighted(self) -> bool:
        """Whether each sample has a weight."""
        return bool(self._set.weighted) or self.deleted > 0

    @property
    def deleted(self) -> int:
        """Samples that were deleted after the set was written."""
        return 0 if self._deleted is None else len(self._deleted)

    def deleted_at(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whether the samples at these positions were deleted after the set was written, bool [n]."""
        if self._newer is None or self.deleted == 0:
            return np.zeros(len(positions), bool)
        deleted: npt.NDArray[np.bool_] = self._newer.deleted(self.read_at(positions)[0])
        return deleted

    @property
    def digest(self) -> int:
        """Identifies samples, weights and manifest."""
        return int(self._set.digest)

    def read_at(self, positions: npt.NDArray[np.int64]) -> tuple[Keys, npt.NDArray[np.float32] | None]:
        """Keys int64 [n] and weights float32 [n], None without weights, of samples at any positions of the set."""
        keys, weights = self._set.read_at(positions.astype(np.uint64))
        return keys, weights

    def labels_of(self, keys: Keys) -> Labels:
        """int64 [n] labels of samples, as they were ingested."""
        labels: Labels = self._set.view.index.labels(keys)
        return labels

    def keys_of(self, path: Path) -> Keys:
        """All keys of another training set over the same view."""
        other = _native.TrainingSet.open(path, self._set.view)
        return other.read(0, len(other))[0]

    def write_choice(
        self, path: Path, positions: npt.NDArray[np.int64], weights: npt.NDArray[np.float32] | None
    ) -> None:
        """Write some of the samples as a training set of their own, durably; weights multiply those that they have.

        Raises:
            ConflictError: the file exists.
        """
        keys, own = self.read_at(positions)
        if own is not None:
            weights = own if weights is None else own * weights
        _native.TrainingSet.write_keys(path, self._set.view, keys, weights)

    def orders(self, seeds: AddressedSeeds, shuffle: Shuffle, fields: list[Field] | None) -> OrderedSamples:
        """The samples in the order of each epoch."""
        return OrderedSamples(self._set, self._reader, seeds, shuffle, fields, self._deleted)


def _open(folder: Path, manifest: int) -> _native.Index:
    """This manifest, or the newest if it was collected, which has the same deletions and maybe more."""
    try:
        return _native.Index.open(folder, manifest)
    except ValueError:
        return _native.Index.open(folder)


class OrderedSamples:
    """The samples of a set as each epoch orders them: shuffled anew each time, or as they are in the set."""

    def __init__(
        self,
        training_set: _native.TrainingSet,
        reader: _native.Reader,
        seeds: AddressedSeeds,
        shuffle: Shuffle,
        fields: list[Field] | None,
        deleted: _native.DeletedSamples | None = None,
    ) -> None:
        self._deleted = deleted
        self._set = training_set
        self._reader = reader
        self._seeds = seeds
        self._shuffle = shuffle
        self._fields = fields
        self._epoch: int | None = None
        self._feed: _native.Feed | None = None

    def keys(self, epoch: int, first: int, count: int) -> Keys:
        """int64 [count] keys of samples [first, first + count) of an epoch's order."""
        order = self._seeds.order(self._shuffle, epoch, len(self._set))
        keys, _ = self._set.read_at(order.apply(first, count))
        return keys

    def fetch(self, epoch: int, first: int, count: int) -> RawSamples:
        """Samples [first, first + count) of an epoch's order: several batches for one crossing into native code."""
        return RawSamples(*self._feed_of(epoch).fetch(first, count))

    def advise(self, epoch: int, first: int, count: int) -> None:
        """Let the operating system read what will be fetched soon; returns without waiting for the disk."""
        self._feed_of(epoch).advise(first, count)

    def _feed_of(self, epoch: int) -> _native.Feed:
        if self._feed is None or epoch != self._epoch:
            order = self._seeds.order(self._shuffle, epoch, len(self._set))
            self._feed = _native.Feed(self._set, order, self._reader, self._fields, self._deleted)
            self._epoch = epoch
        return self._feed
