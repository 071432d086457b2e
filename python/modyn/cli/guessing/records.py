"""How long a record is: the period at which bytes of one place look alike.

For a record size r, byte i of all records is one column. If r is right, columns differ from each other: exponents of
floats, zero bytes of small integers, labels. So we count the bits that it saves to let each column learn a distribution
of its own, starting from that of all bytes (a Polya urn; description length as in Rissanen, "Modeling by shortest data
description", Automatica 1978). A wrong r mixes the columns and saves less; a multiple of the right one has to learn
the same again and saves less, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from modyn.cli.guessing.guess import Guess
from modyn.cli.guessing.label import Label, guess_label
from modyn.cli.guessing.survey import DataFile, Survey
from modyn.errors import DatasetError

Bytes = npt.NDArray[np.uint8]

_READ, _LEAST_PER_FILE, _MOST_FILES = 4 << 20, 64 << 10, 2048
_SCREENED = 1 << 19  # bytes looked at per candidate
_LEAST_RECORDS = 32
_LONGEST = 1 << 18
_LEAST_BITS = 64.0
_NEARLY = 0.9
_CLEAR_BITS, _CLEAR_RECORDS = 1000.0, 200
_URN = 4.0  # how many bytes the distribution of all bytes counts as
_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def read_sample(survey: Survey) -> list[Bytes]:
    """The beginnings of files from all over the folder, a few megabytes together."""
    middle = sorted(file.size for file in survey.files)[len(survey.files) // 2]
    wanted = min(max(_READ // middle, 16), _MOST_FILES, len(survey.files))
    chosen = [survey.files[index] for index in np.linspace(0, len(survey.files) - 1, wanted).astype(int)]
    return [_beginning(file, max(_READ // wanted, _LEAST_PER_FILE)) for file in chosen]


def records_of(chunks: Sequence[Bytes], size: int, most_bytes: int = _READ) -> Bytes:
    """uint8 [records, size]: the whole records of the chunks, at most about `most_bytes` of them."""
    per_chunk = max(most_bytes // max(len(chunks), 1) // size, 1)
    return np.concatenate([chunk[: len(chunk) // size * size].reshape(-1, size)[:per_chunk] for chunk in chunks])


def guess_record(survey: Survey, chunks: Sequence[Bytes], record_size: int | None, label: Label | None) -> Guess[int]:
    """The size of the records.

    Args:
        survey: the files.
        chunks: their beginnings, from `read_sample`.
        record_size: given by the user.
        label: where the label lies, if the user has said it.

    Raises:
        DatasetError: no size fits, or none is better than the others.
    """
    common = math.gcd(*(file.size for file in survey.files))
    if record_size is not None:
        # A few odd files may still be written; ingestion sets them aside.
        odd = [file for file in survey.files if file.size % record_size]
        if 2 * len(odd) >= len(survey.files):
            raise DatasetError(
                f"'{odd[0].path}' has {odd[0].size:,} bytes, not a multiple of --record-size {record_size}; "
                f"all sizes are multiples of {common:,}"
            )
        are = "is" if len(odd) == 1 else "are"
        why = f"{len(odd):,} of {len(survey.files):,} files {are} not a multiple of it" if odd else ""
        return Guess("record", record_size, "given", why)
    candidates = [size for size in _divisors(common) if size <= _LONGEST]
    saved = {size: bits for size in candidates if (bits := _saved_bits(chunks, size, label)) is not None}
    best = max(saved.values(), default=0.0)
    if best < _LEAST_BITS:
        raise DatasetError(_no_size(survey, common, candidates))
    chosen = min(size for size, bits in saved.items() if bits >= _NEARLY * best)
    rivals = [size for size, bits in saved.items() if size > chosen and size % chosen and bits >= _NEARLY * best]
    clear = not rivals and best >= _CLEAR_BITS and survey.size // chosen >= _CLEAR_RECORDS
    why = f"file sizes are multiples of {common:,}, and bytes look alike every {chosen:,}"
    return Guess("record", chosen, "likely" if clear else "unsure", why)


def _saved_bits(chunks: Sequence[Bytes], size: int, label: Label | None) -> float | None:
    """Bits saved by columns of their own; None if such records are too few or have no place for a label."""
    records = records_of(chunks, size, _SCREENED)
    if len(records) < _LEAST_RECORDS:
        return None
    if label is None and guess_label(records) is None:
        return None
    counts = np.maximum(np.bincount(records.reshape(-1), minlength=256), 0.5)
    return float(_saved_per_column(records, counts / counts.sum()).sum())


def _saved_per_column(records: Bytes, marginal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Bits that each column saves by learning, less those to name it among the columns; 0 if none are left."""
    rows, columns = records.shape
    places, counts = np.unique(np.arange(columns) * 256 + records, return_counts=True)
    column, byte = np.divmod(places, 256)
    prior = _URN * marginal[byte]
    nats = _log_gamma(counts + prior) - _log_gamma(prior) - counts * np.log(marginal[byte])
    common = float(_log_gamma(np.array(_URN)) - _log_gamma(np.array(_URN + rows)))
    learned = np.bincount(column, weights=nats, minlength=columns) + common
    saved: npt.NDArray[np.float64] = np.maximum(learned / math.log(2) - math.log2(columns) - 1, 0.0)
    return saved


def _log_gamma(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Logarithm of the gamma function for x > 0, by Stirling's series at x + 6 and the recurrence back."""
    shifted = x + 6
    below = np.log(x * (x + 1) * (x + 2)) + np.log((x + 3) * (x + 4) * (x + 5))
    series = 1 / (12 * shifted) - 1 / (360 * shifted**3) + 1 / (1260 * shifted**5)
    result: npt.NDArray[np.float64] = (shifted - 0.5) * np.log(shifted) - shifted + _HALF_LOG_2PI + series - below
    return result


def _no_size(survey: Survey, common: int, candidates: list[int]) -> str:
    sizes = ", ".join(f"'{file.path.name}' {file.size:,}" for file in survey.files[:3])
    looked = f"looked at {len(survey.files):,} '{survey.extension.value}' files in '{survey.folder}' ({sizes} bytes)"
    if common < 2 or not candidates:
        reason = "their sizes have no common divisors, so they are no whole records of one size"
    else:
        reason = f"no size that divides them (the divisors of {common:,}) fits records with a class label at either end"
    return f"cannot guess the size of the records: {looked}; {reason}. Say it with --record-size and --label-size"


def _divisors(number: int) -> list[int]:
    low = [divisor for divisor in range(2, math.isqrt(number) + 1) if number % divisor == 0]
    return sorted({*low, *(number // divisor for divisor in low), *([number] if number > 1 else [])})


def _beginning(file: DataFile, size: int) -> Bytes:
    with file.path.open("rb") as opened:
        return np.frombuffer(opened.read(size), np.uint8)
