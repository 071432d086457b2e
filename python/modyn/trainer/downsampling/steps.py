"""When a training makes steps that keeps only some samples of each batch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from modyn.trainer.batch_plan import BatchPlan, Span
from modyn.trainer.downsampling.api import budget


@dataclass(frozen=True)
class Steps:
    """When batches of which only some samples are kept make steps.

    Attributes:
        plan: the batches.
        ratio: of `ratio_max` samples, so many are kept.
        ratio_max: as above.
    """

    plan: BatchPlan
    ratio: int
    ratio_max: int

    def kept(self, samples: int) -> int:
        """Of a batch of so many samples."""
        return budget(samples, self.ratio, self.ratio_max)

    @property
    def share(self) -> float:
        """Of a full batch, so much is kept."""
        return self.kept(self.plan.batch_size) / self.plan.batch_size

    @cached_property
    def parts(self) -> int:
        """Full batches that fill a step."""
        return -(-self.plan.batch_size // self.kept(self.plan.batch_size))

    @cached_property
    def size(self) -> int:
        """Samples of a full step."""
        return self.parts * self.kept(self.plan.batch_size)

    @cached_property
    def total(self) -> int:
        """Steps of the whole training.

        What is left at the end of an epoch makes a step of its own, as an incomplete batch does; if these are dropped
        (`drop_last_batch`), it waits for the next epoch, and only a training that would make no step at all ends
        with an incomplete one.
        """
        full, rest = divmod(self.plan.total_samples, self.plan.samples_per_epoch)
        if self.plan.drop_last:
            batches = self.plan.total_batches
            return max(1, batches // self.parts)
        return full * self._of_epoch(self.plan.samples_per_epoch) + self._of_epoch(rest)

    def _of_epoch(self, samples: int) -> int:
        batches, rest = divmod(samples, self.plan.batch_size)
        steps, open_batches = divmod(batches, self.parts)
        return steps + (1 if open_batches or rest else 0)

    def must_end(self, span: Span, made: int) -> bool:
        """Whether what is there makes a step after this batch, however little it is."""
        if span.index + 1 == self.plan.total_batches:
            return made == 0 or not self.plan.drop_last
        return self.plan.ends_epoch(span) and not self.plan.drop_last
