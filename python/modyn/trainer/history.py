"""Records of each sample, appended by the training loop as it goes: position implies key.

A file of records is a sequence of frames, each of some neighbouring samples of one epoch's order. No key is in it: the
order of an epoch is a function of seed, trigger and epoch, so `sum_up` finds the keys again, and the loop writes 21
bytes for a sample and looks nothing up. A checkpoint flushes the file and notes its length; a later attempt takes over
exactly so much of it. Frames have checksums, so a torn end is noticed.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch

from modyn.errors import CorruptFileError
from modyn.metadata.history_table import RECORDED, UNCOUNTED, Column, HistoryTable, Keys
from modyn.trainer.batch_plan import Span

_MAGIC = b"MFRM"
_VERSION = 1
_FRAME = struct.Struct("<4sIIQQI")  # magic, version, epoch, first sample, samples, CRC-32 of the columns
_CHECKSUM = struct.Struct("<I")  # of the frame's head
_HEAD = _FRAME.size + _CHECKSUM.size
_BYTES = sum(np.dtype(kind).itemsize for kind in RECORDED.values())  # of a sample
_BLOCK = 1 << 16  # samples that are held in memory
_SUMMED_AT_ONCE = 1 << 22  # samples

_NUMBERS = tuple(name for name in RECORDED if name != "correct")


@dataclass(frozen=True)
class Frame:
    """Records of samples [first, first + count) of an epoch's order; the columns are those of `RECORDED`."""

    epoch: int
    first: int
    columns: Mapping[str, Column]

    @property
    def count(self) -> int:
        """Samples."""
        return len(self.columns["correct"])


class HistoryRecorder:
    """Appends records to a file.

    Args:
        path: the file, in the folder of the attempt; what is there is overwritten.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb", buffering=0)
        self._spans: list[Span] = []
        self._parts: list[torch.Tensor] = []  # of each span, float32 [6, n] where its scores were computed
        self._held = 0

    def add(self, span: Span, columns: Mapping[str, torch.Tensor], counted: torch.Tensor | None = None) -> None:
        """Record a batch. Costs no wait for the device.

        Args:
            span: the batch.
            columns: those of `RECORDED`, [n] each; `correct` as bool or 0 and 1.
            counted: bool [n], False for samples that are not to be recorded (those that were deleted, or whose label
                is ignored); all are if None.
        """
        part = torch.stack([columns[name].detach().float() for name in (*_NUMBERS, "correct")])
        if counted is not None:
            part[-1].masked_fill_(~counted, UNCOUNTED)
        if self._spans and not _continues(self._spans[-1], span):
            self._flush()
        self._spans.append(span)
        self._parts.append(part)
        self._held += span.count
        if self._held >= _BLOCK:
            self._flush()

    def state_dict(self) -> dict[str, Any]:
        """Write what is held, durably; a checkpoint keeps how long the file is."""
        self._flush()
        os.fsync(self._file.fileno())
        return {"bytes": self._file.tell()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Nothing: `adopt` has taken the records over before."""

    def adopt(self, earlier: Path, state: Mapping[str, Any]) -> None:
        """Begin with the records of an earlier attempt, as they were when it wrote a checkpoint.

        Args:
            earlier: the other attempt's file.
            state: what its `state_dict` gave for the checkpoint.

        Raises:
            CorruptFileError: the file is missing, shorter, or fails a checksum; then there are no records yet.
        """
        try:
            for content in _frames(earlier, state["bytes"]):
                self._write(content)
        except CorruptFileError:
            self._file.seek(0)
            self._file.truncate()
            raise

    def close(self) -> None:
        """Write what is held and close the file."""
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        if not self._spans:
            return
        values = torch.cat(self._parts, dim=1).cpu().numpy()
        columns = b"".join(row.astype(kind).tobytes() for row, kind in zip(values, RECORDED.values(), strict=True))
        head = _FRAME.pack(
            _MAGIC, _VERSION, self._spans[0].epoch, self._spans[0].first, values.shape[1], zlib.crc32(columns)
        )
        self._write(head + _CHECKSUM.pack(zlib.crc32(head)) + columns)
        self._spans, self._parts, self._held = [], [], 0

    def _write(self, content: bytes) -> None:
        left = memoryview(content)
        while left:
            left = left[self._file.write(left) :]


def read_records(path: Path) -> Iterator[Frame]:
    """The frames of a file that was closed.

    Raises:
        CorruptFileError: a frame is torn or fails its checksum.
    """
    for content in _frames(path, path.stat().st_size):
        _, _, epoch, first, count, _ = _FRAME.unpack_from(content)
        columns, offset = {}, _HEAD
        for name, kind in RECORDED.items():
            columns[name] = np.frombuffer(content, kind, count, offset)
            offset += columns[name].nbytes
        yield Frame(epoch, first, columns)


def sum_up(path: Path, trigger: int, keys_of: Callable[[int, int, int], Keys]) -> HistoryTable:
    """What a training has recorded, by key.

    Args:
        path: file of the records.
        trigger: number of the trigger.
        keys_of: int64 keys of samples [first, first + count) of an epoch's order, from (epoch, first, count).

    Raises:
        CorruptFileError: as for `read_records`.
    """

    def tables() -> Iterator[HistoryTable]:
        for epoch, frames in groupby(read_records(path), lambda frame: frame.epoch):
            # Cut where no attempt decides it: sums depend on what they are taken over, and frames end at checkpoints.
            for keys, records in _pieces(frames, keys_of, _SUMMED_AT_ONCE):
                yield HistoryTable.of_records(keys, trigger, epoch, records)

    return HistoryTable.joined(tables())


def _pieces(
    frames: Iterator[Frame], keys_of: Callable[[int, int, int], Keys], size: int
) -> Iterator[tuple[Keys, dict[str, Column]]]:
    """Keys and records of `size` samples each, the last of fewer."""
    waiting: list[Frame] = []
    held = 0

    def piece(count: int) -> tuple[Keys, dict[str, Column]]:
        nonlocal waiting, held
        keys = np.concatenate([keys_of(frame.epoch, frame.first, frame.count) for frame in waiting])
        columns = {name: np.concatenate([frame.columns[name] for frame in waiting]) for name in RECORDED}
        last = waiting[-1]
        held -= count
        rest = {name: column[last.count - held :] for name, column in last.columns.items()}
        waiting = [Frame(last.epoch, last.first + last.count - held, rest)] if held else []
        return keys[:count], {name: column[:count] for name, column in columns.items()}

    for frame in frames:
        waiting.append(frame)
        held += frame.count
        while held >= size:
            yield piece(size)
    if held:
        yield piece(held)


def _frames(path: Path, size: int) -> Iterator[bytes]:
    """The frames within the first `size` bytes, each checked."""
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise CorruptFileError(f"the records of the training history {path} are missing", path) from error
    with file:
        while (place := file.tell()) < size:
            head = file.read(_HEAD)
            problem = _problem(head)
            if problem is None:
                *_, count, checksum = _FRAME.unpack_from(head)
                columns = file.read(count * _BYTES)
                if file.tell() <= size and len(columns) == count * _BYTES and zlib.crc32(columns) == checksum:
                    yield head + columns
                    continue
                problem = "the frame is torn or fails its checksum"
            raise CorruptFileError(f"records of the training history {path}, byte {place:,}: {problem}", path)


def _problem(head: bytes) -> str | None:
    if len(head) < _HEAD:
        return "the frame is torn"
    if _CHECKSUM.unpack_from(head, _FRAME.size)[0] != zlib.crc32(head[: _FRAME.size]):
        return "the head of the frame fails its checksum"
    magic, version, *_ = _FRAME.unpack_from(head)
    if magic != _MAGIC or version > _VERSION:
        return f"a frame of version {version}, which this Modyn does not read"
    return None


def _continues(before: Span, span: Span) -> bool:
    return span.epoch == before.epoch and span.first == before.first + before.count
