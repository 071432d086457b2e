"""Worker processes for a user's parser: each opens the training set itself and is asked for batches by number.

They last for the whole training and end with it, even if it is killed while they parse. They are not forked from the
training process, which has threads, but from a server that has imported torch and nothing else has happened in: five
workers then start in a tenth of the time that five interpreters take. On macOS they are spawned.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from modyn.config import PipelineConfig
from modyn.storage.api import ViewRef
from modyn.trainer.batch_plan import Plan
from modyn.trainer.data.batch import Batch, aligned, aligned_data
from modyn.trainer.data.decoder import build_decoder
from modyn.trainer.data.parsing import parse
from modyn.trainer.data.source import TrainingSamples
from modyn.trainer.seeding import AddressedSeeds, Shuffle

_EXIT_ORPHANED = 71


@dataclass(frozen=True)
class WorkerPool:
    """What a worker needs to know, all of it plain values: nothing else is sent to it.

    Attributes:
        workers: how many processes.
        pipeline: the pipeline as JSON.
        view: the pinned view of the training set.
        training_set: its file.
        seed: of the run.
        trigger: with the seed, the address of every random choice.
        shuffle: how an epoch mixes the samples.
        first_decoding: number of the first batch for the generators of the user's parser.
        deletions: as of `TrainingSamples`.
    """

    workers: int
    pipeline: dict[str, Any]
    view: ViewRef
    training_set: Path
    seed: int
    trigger: int
    shuffle: Shuffle
    first_decoding: int = 0
    deletions: int | None = None

    @contextmanager
    def batches(self, plan: Plan, start: int) -> Iterator[Iterator[Batch]]:
        """The batches of the plan from number `start` on, in order."""
        loader = DataLoader(
            _BatchesByNumber(self, plan),
            batch_size=None,  # the dataset gives whole batches
            sampler=range(start, plan.total_batches),
            num_workers=self.workers,
            collate_fn=_as_it_is,
            worker_init_fn=_end_with_training,
            multiprocessing_context=_context(),
            generator=torch.Generator(),  # it draws a seed that nobody uses; leave the training's generator alone
        )
        iterator = iter(loader)
        try:
            yield (_in_place(batch) for batch in iterator)
        finally:
            iterator._shutdown_workers()  # type: ignore[attr-defined]


class _BatchesByNumber(Dataset[Batch]):
    def __init__(self, pool: WorkerPool, plan: Plan) -> None:
        self._pool = pool
        self._plan = plan
        self._opened: tuple[Any, ...] | None = None

    def __getitem__(self, index: int) -> Batch:
        if self._opened is None:
            self._opened = self._open()
        samples, decoder, seeds = self._opened
        following = index + self._pool.workers  # the next one that this worker is asked for
        if following < self._plan.total_batches:
            ahead = self._plan.span(following)
            samples.advise(ahead.epoch, ahead.first, ahead.count)
        span = self._plan.span(index)
        return parse(span, samples.fetch(span.epoch, span.first, span.count), decoder, seeds)

    def _open(self) -> tuple[Any, ...]:
        pool = self._pool
        config = PipelineConfig.model_validate(pool.pipeline)
        seeds = AddressedSeeds(pool.seed, pool.trigger, pool.first_decoding)
        samples = TrainingSamples(pool.view, pool.training_set, 1, pool.deletions)
        decoder = build_decoder(config.data, samples.sample_size)
        return samples.orders(seeds, pool.shuffle, decoder.fields), decoder, seeds


def _context() -> BaseContext:
    if sys.platform == "darwin":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _as_it_is(batch: Any) -> Any:
    return batch


def _in_place(batch: Batch) -> Batch:
    weights = None if batch.weights is None else aligned(batch.weights)
    return Batch(batch.span, batch.keys, aligned_data(batch.data), aligned(batch.labels), weights)


def _end_with_training(worker: int) -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "this runs in worker processes only"

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(_EXIT_ORPHANED)

    threading.Thread(target=watch, name="training-watch", daemon=True).start()
