"""Which samples each batch of a training holds, from its number alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol


@dataclass(frozen=True)
class Span:
    """One batch: samples [first, first + count) of an epoch's order; `index` counts batches over all epochs."""

    index: int
    epoch: int
    first: int
    count: int


class Plan(Protocol):
    """Which batches there are, as the loader asks for it."""

    @property
    def batch_size(self) -> int:
        """Samples of a full batch."""
        ...

    @property
    def total_batches(self) -> int:
        """Batches of all epochs."""
        ...

    def span(self, index: int) -> Span:
        """Batch number `index`, from 0 to `total_batches` - 1."""
        ...

    def ends_epoch(self, span: Span) -> bool:
        """Whether the epoch ends with this batch."""
        ...


@dataclass(frozen=True)
class BatchPlan:
    """How a training deals its set into batches.

    Batch b of an epoch is [b * batch_size, (b + 1) * batch_size) of the epoch's order, whoever reads it. A set smaller
    than one batch is one batch.

    Args:
        samples: size of the training set, at least 1.
        batch_size: samples of a full batch.
        drop_last: leave the incomplete batch at the end of an epoch out.
        epochs: passes over the set; ignored if `num_samples` is given.
        num_samples: stop after exactly so many samples, in the middle of an epoch or of a batch if need be.
    """

    samples: int
    batch_size: int
    drop_last: bool
    epochs: int
    num_samples: int | None = None

    @cached_property
    def is_one_small_batch(self) -> bool:
        return self.samples < self.batch_size

    @cached_property
    def batches_per_epoch(self) -> int:
        full, rest = divmod(self.samples, self.batch_size)
        return full if full and (self.drop_last or not rest) else full + 1

    @cached_property
    def samples_per_epoch(self) -> int:
        return min(self.batches_per_epoch * self.batch_size, self.samples)

    @cached_property
    def total_samples(self) -> int:
        return self.epochs * self.samples_per_epoch if self.num_samples is None else self.num_samples

    @cached_property
    def total_batches(self) -> int:
        epochs, rest = divmod(self.total_samples, self.samples_per_epoch)
        return epochs * self.batches_per_epoch + -(-rest // self.batch_size)

    @cached_property
    def total_epochs(self) -> int:
        """Epochs that are at least begun."""
        return -(-self.total_samples // self.samples_per_epoch)

    def span(self, index: int) -> Span:
        """Batch `index`, counted over all epochs."""
        epoch, batch = divmod(index, self.batches_per_epoch)
        first = batch * self.batch_size
        end = min(first + self.batch_size, self.samples_per_epoch, self.total_samples - epoch * self.samples_per_epoch)
        return Span(index, epoch, first, end - first)

    def ends_epoch(self, span: Span) -> bool:
        """Whether an epoch is complete after this batch."""
        return span.first + span.count == self.samples_per_epoch
