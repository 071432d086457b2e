"""The batches of a training, in order, however they are produced.

- A thread fetches several batches per crossing into native code, ahead of the loop, and has the disk read the crossing
  after that meanwhile. A `decoder` needs no Python per sample: the loop only cuts what was fetched into batches.
- A user's parser runs in the training process between two steps (`dataloader_workers: 0`), or in worker processes.

A batch is a function of its number: which samples it holds, in which order, and how the generators of torch, NumPy
and `random` are seeded before a user's parser decodes it. So any number of workers gives the same batches.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from modyn.trainer.batch_plan import Plan, Span
from modyn.trainer.data.batch import Batch, aligned
from modyn.trainer.data.decoder import Data, Decoder
from modyn.trainer.data.parsing import parse
from modyn.trainer.data.prefetch import Prefetcher
from modyn.trainer.data.source import OrderedSamples, RawSamples
from modyn.trainer.data.workers import WorkerPool
from modyn.trainer.seeding import AddressedSeeds

_CROSSING_BYTES = 4 << 20
_CROSSING_BATCHES = 32
_CROSSINGS_AHEAD = 2
_BYTES_AHEAD = 64 << 20
_FIRST_GUESS = 64 << 10  # bytes of a sample, until the first ones are there


@dataclass(frozen=True)
class Loader:
    """Where batches come from.

    Attributes:
        plan: which samples each batch holds.
        samples: reads them.
        decoder: makes tensors of them.
        seeds: for the user's parser.
        sample_size: bytes of a sample, None if samples differ.
        workers: processes that run the user's parser, or None.
    """

    plan: Plan
    samples: OrderedSamples
    decoder: Decoder
    seeds: AddressedSeeds
    sample_size: int | None
    workers: WorkerPool | None = None

    @contextmanager
    def batches(self, start: int) -> Iterator[Iterator[Batch]]:
        """All batches of the training from number `start` on; leaving the block ends threads and processes."""
        if self.decoder.runs_user_code and self.workers is not None:
            with self.workers.batches(self.plan, start) as batches:
                yield batches
        else:
            crossings = Prefetcher(self._crossings(start), _CROSSINGS_AHEAD, lambda item: item[1].nbytes, _BYTES_AHEAD)
            with crossings:
                yield self._parsed(crossings) if self.decoder.runs_user_code else self._decoded(crossings)

    def _crossings(self, start: int) -> Iterator[tuple[list[Span], RawSamples]]:
        """Neighbouring batches of one epoch and their samples, a bounded number of bytes at a time."""
        sample_size = float(self.sample_size or _FIRST_GUESS)
        spans = self._neighbours(start, sample_size)
        while spans:
            start += len(spans)
            following = self._neighbours(start, sample_size)
            if following:
                self.samples.advise(*_samples_of(following))
            samples = self.samples.fetch(*_samples_of(spans))
            yield spans, samples
            if self.sample_size is None:  # what comes next is taken to be as what came
                sample_size = samples.nbytes / len(samples.keys)
            spans = following

    def _neighbours(self, start: int, sample_size: float) -> list[Span]:
        """Batches from number `start` on that lie in one epoch and have few bytes together; at least one, if any."""
        most = int(_CROSSING_BYTES / (self.plan.batch_size * max(1.0, sample_size)))
        spans: list[Span] = []
        for index in range(start, min(start + min(max(1, most), _CROSSING_BATCHES), self.plan.total_batches)):
            spans.append(self.plan.span(index))
            if self.plan.ends_epoch(spans[-1]):
                break
        return spans

    def _decoded(self, crossings: Prefetcher[tuple[list[Span], RawSamples]]) -> Iterator[Batch]:
        for spans, samples in crossings:
            data, labels = self.decoder.decode(samples.arrays, samples.labels, samples.offsets)
            weights = None if samples.weights is None else torch.from_numpy(samples.weights)
            for span in spans:
                rows = _rows(span, spans)
                yield Batch(
                    span,
                    samples.keys[rows],
                    _cut(data, rows),
                    aligned(labels[rows]),
                    None if weights is None else aligned(weights[rows]),
                )

    def _parsed(self, crossings: Prefetcher[tuple[list[Span], RawSamples]]) -> Iterator[Batch]:
        for spans, samples in crossings:
            for span in spans:
                one = samples[_rows(span, spans)]
                threads = torch.get_num_threads()
                torch.set_num_threads(1)  # as in a worker process: sums of the user's code depend on it
                try:
                    batch = parse(span, one, self.decoder, self.seeds)
                finally:
                    torch.set_num_threads(threads)
                yield batch


def _samples_of(spans: list[Span]) -> tuple[int, int, int]:
    """Epoch, first sample and number of samples of neighbouring batches."""
    first, last = spans[0], spans[-1]
    return first.epoch, first.first, last.first + last.count - first.first


def _rows(span: Span, spans: list[Span]) -> slice:
    first = span.first - spans[0].first
    return slice(first, first + span.count)


def _cut(data: Data, rows: slice) -> Data:
    if isinstance(data, dict):
        return {name: aligned(part[rows]) for name, part in data.items()}
    return aligned(data[rows])
