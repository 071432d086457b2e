"""A dataset as one manifest has it: what was new when, what lies in an interval, whose share is what.

A snapshot never changes, so what is asked in several calls, or by several workers, fits together whatever is ingested
or deleted meanwhile. Answers are columns, read in bounded batches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from modyn.storage.api import Interval, Keys, Order

if TYPE_CHECKING:
    from modyn import _native

_BATCH = 1_000_000


@dataclass(frozen=True)
class SampleColumns:
    """Some samples.

    Attributes:
        keys: int64[n].
        timestamps: int64[n] Unix seconds.
        labels: int64[n].
    """

    keys: Keys
    timestamps: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True)
class SampleBytes:
    """The bytes of some samples.

    Attributes:
        keys: int64[n], as asked for.
        labels: int64[n].
        offsets: int64[n + 1]; sample i is data[offsets[i] : offsets[i + 1]].
        data: uint8[offsets[n]].
    """

    keys: Keys
    labels: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    data: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, at: int) -> memoryview:
        """The bytes of one sample."""
        return memoryview(self.data[self.offsets[at] : self.offsets[at + 1]])  # type: ignore[arg-type]


class Samples:
    """The samples that a question asks for, in a fixed order."""

    def __init__(self, native: _native.Samples) -> None:
        self._native = native

    def __len__(self) -> int:
        return len(self._native)

    def read(self, first: int, count: int) -> SampleColumns:
        """Positions [first, first + count). Raises ValueError beyond the end."""
        return SampleColumns(*self._native.read(first, count))

    def batches(self, size: int = _BATCH) -> Iterator[SampleColumns]:
        """All of them, at most `size` at a time."""
        for first in range(0, len(self), size):
            yield self.read(first, min(size, len(self) - first))

    def slice(self, first: int, count: int) -> Samples:
        """Positions [first, first + count) as samples of their own."""
        return Samples(self._native.slice(first, count))

    def share(self, worker: int, workers: int) -> Samples:
        """The consecutive part of one of `workers` workers, of whom the first (size mod workers) get one more.

        Parts are disjoint and complete. Raises ValueError if there is no such worker.
        """
        return Samples(self._native.share(worker, workers))


class Snapshot:
    """One manifest of a dataset, opened for reading.

    Args:
        folder: the dataset's own.
        root: where its source files lie.
        manifest: the number of an older state; the newest by default.
    """

    def __init__(self, folder: Path, root: Path, manifest: int | None = None) -> None:
        from modyn import _native

        self._index = _native.Index.open(folder, manifest)
        self._reader = _native.Reader(self._index, root)

    @property
    def manifest(self) -> int:
        """Its number."""
        return self._index.summary.manifest

    @property
    def sequence(self) -> int:
        """The number of the newest commit that it holds: ask the next snapshot for what is new since."""
        return self._index.summary.sequence

    def __len__(self) -> int:
        return self._index.summary.samples

    def samples(
        self,
        interval: Interval | None = None,
        since: int = 0,
        until: int | None = None,
        order: Order = "sequence",
    ) -> Samples:
        """Samples in a time interval, of the commits after `since` and up to `until`.

        Commits are counted as samples arrive, so late files and equal timestamps lose nothing and repeat nothing.

        Args:
            interval: of timestamps; all by default.
            since: the `sequence` of an earlier snapshot.
            until: the `sequence` of a later one; all commits by default.
            order: by key (that is by commit), or by (timestamp, key).
        """
        from modyn import _native

        interval = interval or Interval()
        return Samples(
            _native.Samples.select(
                self._index, order=order, start=interval.start, end=interval.end, since=since, until=until
            )
        )

    def count(self, interval: Interval | None = None) -> int:
        """The number of samples in a time interval."""
        from modyn import _native

        interval = interval or Interval()
        return _native.count_samples(self._index, interval.start, interval.end)

    def labels(self, interval: Interval | None = None) -> dict[int, int]:
        """The labels in a time interval, ascending, and how many samples have each."""
        from modyn import _native

        interval = interval or Interval()
        labels, counts = _native.count_labels(self._index, interval.start, interval.end)
        return dict(zip(labels.tolist(), counts.tolist(), strict=True))

    def fetch(self, keys: npt.ArrayLike) -> SampleBytes:
        """The bytes of samples in the order asked for; keys may repeat.

        Raises:
            UnknownKeyError: a key that no sample has, or that was deleted.
            SourceChangedError: a source file is not what was ingested.
        """
        wanted = np.asarray(keys, dtype=np.int64)
        labels, offsets, data = self._reader.fetch_any(wanted)
        return SampleBytes(wanted, labels, offsets, data)
