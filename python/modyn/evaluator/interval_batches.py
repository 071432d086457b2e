"""The batches of an evaluation: ranges of positions of a view, read one after the other in one pass.

The training loader does the reading: the ranges are written as a training set without shuffle, and a plan says where
its batches begin. So whatever data a pipeline can train on, it can be evaluated on, with worker processes or without.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path

import numpy as np

from modyn import _native
from modyn.config import PipelineConfig
from modyn.config.data import DataConfig
from modyn.config.evaluation import EvaluationDatasetConfig
from modyn.storage.api import ViewRef
from modyn.trainer.batch_plan import Span
from modyn.trainer.data.batch import Batch
from modyn.trainer.data.decoder import build_decoder
from modyn.trainer.data.loader import Loader
from modyn.trainer.data.source import TrainingSamples
from modyn.trainer.data.workers import WorkerPool
from modyn.trainer.seeding import AddressedSeeds, Shuffle


@dataclass(frozen=True)
class RangePlan:
    """Deals ranges of positions into batches; each range begins a new one.

    A span's `epoch` is the number of its range, and its `index` the position of its first sample: so random choices of
    a parser depend on the samples alone, not on what else is evaluated.

    Args:
        ranges: non-empty ranges.
        batch_size: samples of a full batch.
    """

    ranges: tuple[range, ...]
    batch_size: int

    @cached_property
    def _batches_before(self) -> list[int]:
        return list(accumulate((-(-len(one) // self.batch_size) for one in self.ranges), initial=0))

    @cached_property
    def _samples_before(self) -> list[int]:
        return list(accumulate(map(len, self.ranges), initial=0))

    @property
    def total_batches(self) -> int:
        """Batches of all ranges."""
        return self._batches_before[-1]

    def span(self, index: int) -> Span:
        """Batch `index`, counted over all ranges."""
        number = bisect_right(self._batches_before, index) - 1
        offset = (index - self._batches_before[number]) * self.batch_size
        one = self.ranges[number]
        count = min(self.batch_size, len(one) - offset)
        return Span(index=one[offset], epoch=number, first=self._samples_before[number] + offset, count=count)

    def ends_epoch(self, span: Span) -> bool:
        """Whether a range is complete after this batch."""
        return span.first + span.count == self._samples_before[span.epoch + 1]


@contextmanager
def range_batches(
    view: ViewRef,
    native_view: _native.View,
    ranges: list[range],
    dataset: EvaluationDatasetConfig,
    config: PipelineConfig,
    *,
    seed: int,
    threads: int,
    folder: Path,
) -> Iterator[Iterator[Batch]]:
    """Batches of all ranges in order, on the CPU; leaving the block ends threads and processes.

    Args:
        view: the pinned view, for the processes that open it themselves.
        native_view: the same, opened.
        ranges: non-empty ranges of its positions, at least one.
        dataset: how to decode, batch size and number of worker processes.
        config: the pipeline.
        seed: of the random choices of the user's parser.
        threads: size of the native copying pool.
        folder: a file that describes the ranges is written there.
    """
    path = folder / "intervals.trainingset"
    rows = np.array([(one.start, len(one)) for one in ranges], dtype=np.uint64)
    _native.TrainingSet.write_ranges(path, native_view, rows, None)
    seeds = AddressedSeeds(seed, 0)
    samples = TrainingSamples(view, path, threads)
    decoder = build_decoder(dataset, samples.sample_size)
    workers = None
    if dataset.dataloader_workers:
        pipeline = _read_as_training(config, dataset).model_dump(mode="json")
        workers = WorkerPool(dataset.dataloader_workers, pipeline, view, path, seed, trigger=0, shuffle=Shuffle("none"))
    plan = RangePlan(tuple(ranges), dataset.batch_size)
    ordered = samples.orders(seeds, Shuffle("none"), decoder.fields)
    with Loader(plan, ordered, decoder, seeds, samples.sample_size, workers).batches(0) as batches:
        yield batches


def _read_as_training(config: PipelineConfig, dataset: EvaluationDatasetConfig) -> PipelineConfig:
    """The pipeline as if it trained on the evaluation dataset: what loader workers go by."""
    data = DataConfig.model_validate(dataset.model_dump(mode="json", include=set(DataConfig.model_fields)))
    return config.model_copy(update={"data": data})
