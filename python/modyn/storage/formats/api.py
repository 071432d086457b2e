"""What a format that is written in Python looks like: a class over whole files, columns out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Samples:
    """The samples of a file, or of what was appended to it: int64 columns of one length, in the order of the samples.

    Attributes:
        labels: of the samples.
        offsets: the first byte of each sample, from the start of the bytes that were handed over.
        lengths: in bytes, at most 4 GiB - 1.
        cut_offsets: a part of each sample that does not belong to it, such as its label, from the sample's first
            byte on. None: nothing is cut.
        cut_lengths: the length of that part in bytes; 0 cuts nothing.
        timestamps: Unix seconds, if the format has timestamps.
    """

    labels: Integers
    offsets: Integers
    lengths: Integers
    cut_offsets: Integers | None = None
    cut_lengths: Integers | None = None
    timestamps: Integers | None = None


class FileFormat(Protocol):
    """Reads files of one format.

    Attributes:
        has_timestamps: whether samples bring timestamps of their own.
    """

    has_timestamps: bool

    def read(self, data: npt.NDArray[np.uint8], first_byte: int, is_quiet: bool) -> Samples:
        """The samples in `data`: all of them, or none if it raises.

        May be called by several threads, one file each.

        Args:
            data: the bytes of the file from `first_byte` to its end.
            first_byte: 0 for a new file, else the number of bytes that earlier scans took.
            is_quiet: False if the file was written to a moment ago, so that its last sample may not be whole.

        Raises:
            BadContentError: the bytes are wrong; the file waits in quarantine until it changes.
            IncompleteFileError: more is to come; the file is tried in every scan. So it is after any other exception.
        """
        ...


class FormatClass(Protocol):
    """Makes a format from the options of a dataset, text by name; raises ValueError if they are wrong."""

    def __call__(self, options: Mapping[str, str], /) -> FileFormat: ...
