"""Pushed samples: what a caller hands over, checked and laid out as the native library appends it."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from modyn import _native

Bytes = bytes | bytearray | memoryview
Samples = Bytes | npt.NDArray[Any] | Sequence[Bytes | npt.NDArray[Any]]
"""Samples one after the other in bytes (if all have one size), an array with a sample in each row, or one object for
each sample. Of an array only the bytes count, in its own byte order."""

Integers = npt.NDArray[np.integer[Any]] | Sequence[int]

_INT64_MAX = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Columns:
    """A batch as `_native.Appender.append` takes it; `lengths` only where samples have lengths of their own."""

    data: Bytes | npt.NDArray[Any]
    labels: npt.NDArray[np.int64]
    timestamps: npt.NDArray[np.int64] | None
    lengths: npt.NDArray[np.int64] | None


def columns_of(
    name: str, samples: Samples, labels: Integers, timestamps: Integers | int | None, sample_size: int | None
) -> Columns:
    """Check a batch for dataset `name` and lay it out.

    Args:
        name: for messages.
        samples: see `Samples`.
        labels: one integer for each sample.
        timestamps: Unix seconds, one for each sample or one for all.
        sample_size: bytes of every sample; None if each has a length of its own.

    Raises:
        ValueError: they do not fit each other, or the dataset.
        TypeError: labels or timestamps are no integers, or samples no bytes.
    """
    checked = _integers(name, "labels", labels)
    count = len(checked)
    data, lengths = _data(name, samples, count, sample_size)
    if timestamps is None:
        return Columns(data, checked, None, lengths)
    times = np.full(count, timestamps) if isinstance(timestamps, int | np.integer) else timestamps
    checked_times = _integers(name, "timestamps", times)
    if len(checked_times) != count:
        raise ValueError(f"dataset '{name}': {len(checked_times):,} timestamps for {count:,} labels")
    return Columns(data, checked, checked_times, lengths)


class Appenders:
    """The open logs of datasets, one appender for each: what threads append at the same time is written together.

    Args:
        log_bytes: a log that has reached them is followed by another.
    """

    def __init__(self, log_bytes: int = 256 << 20) -> None:
        self._log_bytes = log_bytes
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._appenders: dict[Path, _native.Appender] = {}

    def of(self, folder: Path, sample_size: int | None) -> _native.Appender:
        """The appender of the dataset in this folder."""
        from modyn import _native

        if self._process != os.getpid():
            # A forked process has the locks and groups of its parent; it begins with none of them.
            self.__init__(self._log_bytes)  # type: ignore[misc]
        with self._lock:
            if folder not in self._appenders:
                self._appenders[folder] = _native.Appender(
                    folder, sample_size=sample_size or 0, log_bytes=self._log_bytes
                )
            return self._appenders[folder]

    def forget(self, folder: Path) -> None:
        """Close the appender of the dataset in this folder."""
        with self._lock:
            self._appenders.pop(folder, None)


def _data(
    name: str, samples: Samples, count: int, sample_size: int | None
) -> tuple[Bytes | npt.NDArray[Any], npt.NDArray[np.int64] | None]:
    if isinstance(samples, str) or (isinstance(samples, Sequence) and any(isinstance(one, str) for one in samples)):
        raise TypeError(f"dataset '{name}': samples are text; encode them as bytes")
    if isinstance(samples, np.ndarray):
        return _rows(name, samples, count, sample_size)
    if isinstance(samples, Bytes):
        if sample_size is None:
            raise ValueError(
                f"dataset '{name}': its samples have lengths of their own; give a list with the bytes of each"
            )
        size = memoryview(samples).nbytes
        if size != count * sample_size:
            raise ValueError(
                f"dataset '{name}': {count:,} samples of {sample_size:,} bytes are {count * sample_size:,} bytes, "
                f"not the {size:,} given"
            )
        return samples, None
    lengths = np.fromiter((_size_of(one) for one in samples), np.int64)
    if len(lengths) != count:
        raise ValueError(f"dataset '{name}': {len(lengths):,} samples for {count:,} labels")
    if sample_size is not None:
        wrong = np.flatnonzero(lengths != sample_size)
        if len(wrong):
            raise ValueError(
                f"dataset '{name}': sample {wrong[0]:,} has {lengths[wrong[0]]:,} bytes, expected {sample_size:,}"
            )
    data = b"".join(np.ascontiguousarray(one).data if isinstance(one, np.ndarray) else one for one in samples)
    return data, lengths if sample_size is None else None


def _size_of(sample: Bytes | npt.NDArray[Any]) -> int:
    return sample.nbytes if isinstance(sample, np.ndarray) else memoryview(sample).nbytes


def _rows(
    name: str, samples: npt.NDArray[Any], count: int, sample_size: int | None
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64] | None]:
    if samples.dtype.hasobject:
        raise TypeError(f"dataset '{name}': samples are Python objects (dtype {samples.dtype}), expected bytes")
    if samples.ndim == 0 or len(samples) != count:
        rows = "no" if samples.ndim == 0 else f"{len(samples):,}"
        raise ValueError(f"dataset '{name}': an array of {rows} samples for {count:,} labels")
    row = samples.nbytes // count if count else 0
    if sample_size is not None and count and row != sample_size:
        raise ValueError(
            f"dataset '{name}': a row of {samples.dtype}{list(samples.shape[1:])} has {row:,} bytes, "
            f"expected {sample_size:,}"
        )
    # Dates and records have no buffer of their own kind; their bytes do.
    data = np.ascontiguousarray(samples).reshape(-1).view(np.uint8) if samples.size else np.empty(0, np.uint8)
    return data, np.full(count, row) if sample_size is None else None


def _integers(name: str, what: str, values: Integers) -> npt.NDArray[np.int64]:
    array = np.asarray(values)
    if array.size == 0:
        array = array.astype(np.int64)
    if array.ndim != 1:
        raise ValueError(f"dataset '{name}': {what} of shape {array.shape}, expected one dimension")
    if array.dtype.kind not in "iu":
        raise TypeError(f"dataset '{name}': {what} of type {array.dtype}, expected integers")
    if array.dtype.kind == "u" and array.size and int(array.max()) > _INT64_MAX:
        raise ValueError(f"dataset '{name}': {what} above {_INT64_MAX:,}")
    return array.astype(np.int64)
