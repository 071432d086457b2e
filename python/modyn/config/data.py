"""The `data` section: which dataset, and how its bytes become tensors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints

from modyn.config.code import check_expressions, check_function
from modyn.config.names import DTYPES, TOKENIZERS
from modyn.config.section import Issue, Section, invalid, rule
from modyn.config.spelling import listed, nearest

Dtype = Literal[
    "bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32", "float64"
]
Name = Annotated[str, StringConstraints(min_length=1)]

_ITEM_SIZES = dict(zip(DTYPES, (1, 1, 1, 2, 2, 4, 4, 8, 8, 2, 4, 8), strict=True))


class DecoderField(Section):
    """One tensor of a fixed record."""

    name: Name = Field(description="Name of the tensor, as the model gets it.")
    dtype: Dtype = Field(description="Type of its elements, named as in NumPy.")
    shape: list[Annotated[int, Field(ge=1)]] = Field(
        default=[], description="Its shape without the batch; an empty list is one number."
    )
    offset: int = Field(
        ge=0, description="Where it begins, in bytes of the sample, which is the record without its label."
    )

    @property
    def size(self) -> int:
        """Bytes of the field."""
        return _ITEM_SIZES[self.dtype] * math.prod(self.shape)

    @property
    def end(self) -> int:
        """The byte of the sample after the field."""
        return self.offset + self.size


class DecoderConfig(Section):
    """Fixed records, decoded into whole batches of tensors without Python per sample."""

    fields: list[DecoderField] = Field(min_length=1, description="The tensors of a sample; they may overlap.")
    label_dtype: Dtype = Field(default="int64", description="Type of the label tensor.")
    byteorder: Literal["little", "big"] = Field(default="little", description="Byte order of the fields.")

    @property
    def minimum_sample_size(self) -> int:
        """Bytes that a sample must have for every field to lie inside."""
        return max(field.end for field in self.fields)

    @rule
    def field_names_differ(self) -> Iterator[Issue]:
        seen: set[str] = set()
        for position, field in enumerate(self.fields):
            if field.name in seen:
                yield Issue(("fields", position, "name"), f"there are two fields '{field.name}'", "a name of its own")
            seen.add(field.name)


def _tokenizer(value: Any) -> Any:
    if value is None or value in TOKENIZERS:
        return value
    raise invalid(f"there is no tokenizer '{value}'", listed(TOKENIZERS), nearest(value, TOKENIZERS))


Tokenizer = Annotated[str, AfterValidator(_tokenizer)]

PARSERS = ("decoder", "batch_parser_function", "bytes_parser_function")
"""The three ways from bytes to tensors, of which a pipeline uses one."""


class DataConfig(Section):
    """Which dataset to train on, and how its bytes become tensors: parser, transformations, then tokenizer."""

    parser_required: ClassVar[bool] = True

    dataset_id: Name = Field(description="Name of the dataset.")
    decoder: DecoderConfig | None = Field(
        default=None, description="Describes fixed records; the fastest way from bytes to tensors."
    )
    batch_parser_function: str | None = Field(
        default=None,
        description="Python source of `batch_parser_function(data)`: takes a whole batch, uint8 [samples, bytes], and "
        "returns a tensor or a dict of tensors. Where samples differ in size, the batch has `data` (uint8, one after "
        "the other) and `offsets` (int64, where each begins, and the end), and is a sequence of memoryviews.",
    )
    bytes_parser_function: str | None = Field(
        default=None,
        description="Python source of `bytes_parser_function(data)`: takes one sample's memoryview (a record or a row "
        "without its label, or a whole file) and returns what the transformations or the model take.",
    )
    transformations: list[str] = Field(
        default=[],
        description="Expressions for callables on one sample, applied in order; torchvision's `transforms` is known.",
    )
    label_transformer_function: str | None = Field(
        default="",
        description="Python source of `label_transformer_function(labels)`, applied to each batch of labels.",
    )
    tokenizer: Tokenizer | None = Field(default=None, description="Name of a tokenizer, applied last.")

    @property
    def parser(self) -> str | None:
        """Which of the three ways from bytes to tensors is configured."""
        return next((name for name in PARSERS if getattr(self, name)), None)

    @rule
    def one_parser(self) -> Iterator[Issue]:
        given = [name for name in PARSERS if getattr(self, name)]
        if len(given) > 1:
            yield Issue((given[1],), f"{listed(given)} exclude each other", f"exactly one of {listed(PARSERS)}")
        elif not given and self.parser_required:
            yield Issue((), "nothing says how to parse samples", f"exactly one of {listed(PARSERS)}")

    @rule
    def code_is_valid(self) -> Iterator[Issue]:
        yield from check_function(self.batch_parser_function, "batch_parser_function", "data")
        yield from check_function(self.bytes_parser_function, "bytes_parser_function", "data")
        yield from check_function(self.label_transformer_function, "label_transformer_function", "labels")
        yield from check_expressions(self.transformations, "transformations")
