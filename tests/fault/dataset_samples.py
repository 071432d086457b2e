"""Samples that say who they are, so that a lost, doubled, torn or mispaired one is seen.

A sample is 40 bytes: its number, and a digest of the number. Its label is a function of the number as well. Records of
source files have the numbers `file * FILE + record`, pushed samples `PUSHED + batch * BATCH + place`.
"""

from __future__ import annotations

import hashlib
import struct

import numpy as np
import numpy.typing as npt

FILE = 1_000_000
PUSHED = 1_000_000_000_000
BATCH = 1_000
LABEL = struct.Struct("<i")
SAMPLE_SIZE = 40
RECORD_SIZE = LABEL.size + SAMPLE_SIZE
FORMAT = (
    f"format=fixed_record\nrecord_size={RECORD_SIZE}\nlabel_size={LABEL.size}\nlabel_offset=0\n"
    "byte_order=little\nlabel_signed=true\n"
)


def label(number: int) -> int:
    """The label of a sample."""
    return int.from_bytes(hashlib.blake2b(struct.pack("<q", ~number), digest_size=2).digest(), "little")


def sample(number: int) -> bytes:
    """The bytes of a sample."""
    packed = struct.pack("<q", number)
    return packed + hashlib.blake2b(packed, digest_size=SAMPLE_SIZE - len(packed)).digest()


def record(number: int) -> bytes:
    """The bytes of a sample with its label before it, as source files hold them."""
    return LABEL.pack(label(number)) + sample(number)


def numbers(labels: npt.NDArray[np.int64], data: npt.NDArray[np.uint8]) -> list[int]:
    """Which samples were fetched; fails if one is torn or has the label of another."""
    found = []
    for given, row in zip(labels.tolist(), data, strict=True):
        (number,) = struct.unpack_from("<q", row)
        assert row.tobytes() == sample(number), f"sample {number} is torn"
        assert given == label(number), f"sample {number} has the label of another"
        found.append(number)
    return found
