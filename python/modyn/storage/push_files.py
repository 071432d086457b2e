"""Samples to be pushed that come as files of the dataset's format, labels included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from modyn.errors import BadContentError, DatasetError, IncompleteFileError
from modyn.storage.formats import load_format
from modyn.storage.sample_format import CustomFormat, SampleFormat, TimestampFrom, settings_text


@dataclass(frozen=True)
class NamedBytes:
    """The content of a file, its name for messages, and the content of the file beside it, if the format has such."""

    name: str
    content: bytes
    companion: bytes | None = None


@dataclass(frozen=True)
class FileSamples:
    """What `Datasets.append` takes; timestamps only if the samples bring them."""

    samples: bytes | list[memoryview]
    labels: npt.NDArray[np.int64]
    timestamps: npt.NDArray[np.int64] | None


def read_files(format: SampleFormat, timestamp: TimestampFrom, files: Sequence[NamedBytes]) -> FileSamples:
    """The samples of all files in the order given.

    Raises:
        DatasetError: a file is not what the format expects.
    """
    from modyn import _native

    if isinstance(format, CustomFormat):
        load_format(format.kind)
    # Of a pushed sample no file has a name or a time; only its own column counts.
    own = timestamp if timestamp.source == "column" else TimestampFrom()
    text = settings_text(format, own)
    labels, timestamps, parts, samples = [], [], [], list[memoryview]()
    for file in files:
        try:
            of_file, times, lengths, data = _native.read_samples(file.content, text, file.companion)
        except (BadContentError, IncompleteFileError) as error:
            raise DatasetError(f"{file.name} {error}") from error
        labels.append(of_file)
        if times is not None:
            timestamps.append(times)
        if lengths is None:
            parts.append(data)
        else:
            ends = np.cumsum(lengths, dtype=np.int64).tolist()
            view = memoryview(data)
            samples.extend(view[start:end] for start, end in pairwise([0, *ends]))
    fixed = format.sample_size is not None
    return FileSamples(
        samples=b"".join(parts) if fixed else samples,
        labels=np.concatenate(labels) if labels else np.empty(0, np.int64),
        timestamps=np.concatenate(timestamps) if timestamps else None,
    )
