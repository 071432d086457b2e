"""From the bytes of many samples to tensors: the three ways that `data` may describe.

- `decoder`: fields of fixed records become tensors by a view of the fetched columns, no Python per sample.
- `batch_parser_function(batch)`: gets uint8 [samples, sample_size], a NumPy array, or `AnySizeSamples` where samples
  differ in size, and returns a tensor or a dict of tensors whose first dimension is the samples.
- `bytes_parser_function(sample)`: gets the memoryview of one sample (a record without its label, a row, a whole file)
  and returns a tensor, a number or a dict of those, which the `transformations` go over one by one; samples are stacked
  as torch's `default_collate` does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import default_collate

from modyn.errors import DatasetError, ModelError, UnsupportedError
from modyn.trainer.user_code import load_function, load_transformations

if TYPE_CHECKING:
    from modyn.config.data import DataConfig, DecoderConfig, DecoderField

Bytes = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Offsets = npt.NDArray[np.int64]
Data = torch.Tensor | dict[str, torch.Tensor]
Field = tuple[int, int]  # offset and length in the sample's bytes


@dataclass(frozen=True, slots=True)
class AnySizeSamples:
    """Samples of any size, one after the other: sample i is `data[offsets[i] : offsets[i + 1]]`.

    As a sequence, it gives the memoryview of each.

    Attributes:
        data: uint8 [bytes of all samples].
        offsets: int64 [samples + 1], from 0 to len(data).
    """

    data: Bytes
    offsets: Offsets

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> memoryview:
        if not -len(self) <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        index %= len(self)
        return self.data.data[self.offsets[index] : self.offsets[index + 1]]

    def __iter__(self) -> Iterator[memoryview]:
        whole = self.data.data
        bounds = self.offsets.tolist()
        return (whole[first:end] for first, end in pairwise(bounds))


class Decoder(Protocol):
    """Decodes fetched bytes. It runs nothing of the user's unless `runs_user_code`."""

    fields: list[Field] | None  # what to fetch: these parts of a sample, or all of it
    runs_user_code: bool

    def decode(self, arrays: list[Bytes], labels: Labels, offsets: Offsets | None = None) -> tuple[Data, torch.Tensor]:
        """Data and labels of n samples.

        Args:
            arrays: uint8 [n, length] for each of `fields`, or one array [n, sample_size]; if samples differ in size,
                one array of all their bytes.
            labels: int64 [n].
            offsets: int64 [n + 1] where each sample begins and ends, if samples differ in size.
        """
        ...


def build_decoder(config: DataConfig, sample_size: int | None) -> Decoder:
    """The decoder that a `data` section (or an evaluation dataset) describes.

    Args:
        config: the section.
        sample_size: bytes of each sample, None if samples differ.

    Raises:
        DatasetError: a field reaches beyond the sample, or fields are asked for where samples differ in size.
        ModelError: the section's code fails.
        UnsupportedError: a tokenizer, which this version has not.
    """
    if config.tokenizer is not None:
        raise UnsupportedError(f"tokenizer '{config.tokenizer}' is not available yet")
    if config.decoder is not None:
        _refuse_transformations(config, "decoder")
        if sample_size is None:
            raise DatasetError(
                f"dataset '{config.dataset_id}': its samples differ in size, and data.decoder describes records of one "
                "size; parse them with bytes_parser_function or batch_parser_function"
            )
        return FieldDecoder(config.decoder, sample_size)
    if config.batch_parser_function:
        _refuse_transformations(config, "batch_parser_function")
        return BatchParser(config.batch_parser_function)
    if config.bytes_parser_function:
        return SampleParser(config.bytes_parser_function, config.transformations)
    raise DatasetError(f"dataset '{config.dataset_id}': nothing says how to parse its samples")


class FieldDecoder:
    """Fields at fixed places. One field gives a tensor, several a dict of tensors by name.

    Raises:
        DatasetError: a field reaches beyond the sample.
    """

    runs_user_code = False

    def __init__(self, config: DecoderConfig, sample_size: int) -> None:
        for field in config.fields:
            if field.end > sample_size:
                raise DatasetError(
                    f"data.decoder: field '{field.name}' ends at byte {field.end} of a sample, which has "
                    f"{sample_size} bytes (a record without its label)"
                )
        self.fields: list[Field] | None = [(field.offset, field.size) for field in config.fields]
        self._fields = config.fields
        self._byteorder = config.byteorder
        self._label_dtype = np.dtype(config.label_dtype)

    def decode(self, arrays: list[Bytes], labels: Labels, offsets: Offsets | None = None) -> tuple[Data, torch.Tensor]:
        tensors = {field.name: self._tensor(field, array) for field, array in zip(self._fields, arrays, strict=True)}
        label_tensor = torch.from_numpy(labels.astype(self._label_dtype, copy=False))
        return (tensors if len(tensors) > 1 else tensors[self._fields[0].name]), label_tensor

    def _tensor(self, field: DecoderField, array: Bytes) -> torch.Tensor:
        values = array.view(np.dtype(field.dtype).newbyteorder(self._byteorder))
        if self._byteorder != sys.byteorder:
            values = values.astype(values.dtype.newbyteorder("="))
        return torch.from_numpy(values.reshape(len(array), *field.shape))


class BatchParser:
    """A user's function over whole batches."""

    fields: list[Field] | None = None
    runs_user_code = True

    def __init__(self, source: str) -> None:
        self._parse = load_function(source, "batch_parser_function")

    def decode(self, arrays: list[Bytes], labels: Labels, offsets: Offsets | None = None) -> tuple[Data, torch.Tensor]:
        (data,) = arrays
        samples = data if offsets is None else AnySizeSamples(data, offsets)
        return _checked(self._parse(samples), len(samples), "batch_parser_function"), torch.from_numpy(labels)


class SampleParser:
    """A user's function over single samples, then the transformations."""

    fields: list[Field] | None = None
    runs_user_code = True

    def __init__(self, source: str, transformations: list[str]) -> None:
        self._steps = [load_function(source, "bytes_parser_function"), *load_transformations(transformations)]

    def decode(self, arrays: list[Bytes], labels: Labels, offsets: Offsets | None = None) -> tuple[Data, torch.Tensor]:
        (data,) = arrays
        values = [self._parsed(sample) for sample in AnySizeSamples(data.reshape(-1), _bounds(data, offsets))]
        return _checked(default_collate(values), len(values), "bytes_parser_function"), torch.from_numpy(labels)

    def _parsed(self, sample: memoryview) -> Any:
        value: Any = sample
        for step in self._steps:
            value = step(value)
        return value


def _bounds(data: Bytes, offsets: Offsets | None) -> Offsets:
    return np.arange(len(data) + 1, dtype=np.int64) * data.shape[1] if offsets is None else offsets


def _refuse_transformations(config: DataConfig, parser: str) -> None:
    if config.transformations:
        raise UnsupportedError(
            f"data.transformations go over single samples, so they need bytes_parser_function; with {parser} they "
            "would have no effect"
        )


def _checked(data: Any, samples: int, function: str) -> Data:
    parts = data if isinstance(data, dict) else {"": data}
    for name, part in parts.items():
        what = f"{function} gives under '{name}'" if name else f"{function} gives"
        if not isinstance(part, torch.Tensor):
            raise ModelError(f"{what} {type(part).__name__}, expected a tensor or a dict of tensors")
        if part.ndim == 0 or len(part) != samples:
            raise ModelError(f"{what} a tensor of shape {tuple(part.shape)} for {samples} samples")
    return data  # type: ignore[no-any-return]
