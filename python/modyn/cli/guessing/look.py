"""Looks at a folder and puts the guesses together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modyn.cli.guessing.dates import Times, guess_times
from modyn.cli.guessing.fields import GuessedField, guess_fields
from modyn.cli.guessing.guess import Guess
from modyn.cli.guessing.label import Label, Order, guess_label
from modyn.cli.guessing.records import guess_record, read_sample, records_of
from modyn.cli.guessing.survey import DataFile, Survey, survey
from modyn.errors import DatasetError

# Up to so many bytes, all labels are read; of more data, those of a sample.
_READ_WHOLE = 2 << 30
_MOST_CLASSES = 100_000


@dataclass(frozen=True)
class Given:
    """What the user said about the format; None is for guessing."""

    extension: str | None = None
    record_size: int | None = None
    label_size: int | None = None
    label_offset: int | None = None
    byteorder: Order | None = None
    signed: bool = False
    use_names: bool | None = None
    timestamp_pattern: str | None = None

    def label(self) -> Label | None:
        """The label's place, if its size was given; it begins the record unless said otherwise."""
        if self.label_size is None:
            return None
        return Label(self.label_offset or 0, self.label_size, self.byteorder or "little", self.signed)


@dataclass(frozen=True)
class Findings:
    """All that a pipeline for a folder needs to say.

    Attributes:
        records: records in all files.
        classes: number of classes: the largest label and one more.
    """

    survey: Survey
    record: Guess[int]
    label: Guess[Label]
    sample: Guess[list[GuessedField]]
    times: Guess[Times]
    records: int
    classes: Guess[int]

    @property
    def guesses(self) -> list[Guess[Any]]:
        """All guesses, in the order to tell them."""
        return [self.survey.extension, self.record, self.label, self.classes, self.sample, self.times]


def look(folder: Path, given: Given) -> Findings:
    """Find out what a folder holds.

    Raises:
        DatasetError: something essential cannot be guessed; names what was looked at and what to say.
    """
    files = survey(folder, given.extension)
    chunks = read_sample(files)
    record = guess_record(files, chunks, given.record_size, given.label())
    records = records_of(chunks, record.value)
    if len(records) == 0:
        raise DatasetError(f"'{folder}': no file begins with a whole record of {record.value:,} bytes")
    label = _label(records, given)
    place = label.value
    sample = np.delete(records, np.s_[place.offset : place.offset + place.size], axis=1)
    return Findings(
        survey=files,
        record=record,
        label=label,
        sample=guess_fields(np.ascontiguousarray(sample), place.byteorder),
        times=guess_times(files.files, given.use_names, given.timestamp_pattern),
        records=files.size // record.value,
        classes=_classes(files, record.value, place, records),
    )


def _label(records: npt.NDArray[np.uint8], given: Given) -> Guess[Label]:
    said = given.label()
    if said is not None:
        if said.offset + said.size > records.shape[1] or said.size == records.shape[1]:
            raise DatasetError(
                f"a label of {said.size} bytes at offset {said.offset} leaves no sample in a record of "
                f"{records.shape[1]} bytes; check --label-size, --label-offset and --record-size"
            )
        return Guess("label", said, "given", "")
    found = guess_label(records)
    if found is None:
        raise DatasetError(
            f"cannot guess where the label lies: looked at {len(records):,} records of {records.shape[1]:,} bytes, and "
            "neither end holds small numbers from 0 or 1 on. Say it with --label-size (and --label-offset, --byteorder)"
        )
    values = found.values(records)
    why = f"holds {len(np.unique(values)):,} different numbers from {values.min()} to {values.max()}"
    return Guess("label", found, "likely", why)


def _classes(files: Survey, record_size: int, label: Label, sample: npt.NDArray[np.uint8]) -> Guess[int]:
    whole = files.size <= _READ_WHOLE
    parts: Sequence[npt.NDArray[np.uint8]] = [sample]
    if whole:
        parts = [_mapped(file, record_size) for file in files.files if file.size >= record_size]
    low = min(int(label.values(part).min()) for part in parts)
    high = max(int(label.values(part).max()) for part in parts)
    if low < 0 or high >= _MOST_CLASSES:
        raise DatasetError(
            f"the labels go from {low:,} to {high:,}, so they are no classes. `modyn init` writes classifiers only; "
            "if the place of the label is wrong, say it with --label-size, --label-offset and --byteorder"
        )
    why = f"the largest label is {high:,}" + ("" if whole else " in a sample of the files")
    return Guess("classes", high + 1, "certain" if whole else "unsure", why)


def _mapped(file: DataFile, record_size: int) -> npt.NDArray[np.uint8]:
    """uint8 [records, record size]: the whole records of a file."""
    return np.memmap(file.path, np.uint8, "r")[: file.size // record_size * record_size].reshape(-1, record_size)
