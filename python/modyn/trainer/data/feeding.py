"""Loaders over training sets of one run: the one that a trigger selected, and what is chosen from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from modyn import _native
from modyn.config import PipelineConfig
from modyn.trainer.api import TrainingRequest
from modyn.trainer.batch_plan import Plan
from modyn.trainer.data.decoder import build_decoder
from modyn.trainer.data.loader import Loader
from modyn.trainer.data.source import TrainingSamples
from modyn.trainer.data.workers import WorkerPool
from modyn.trainer.seeding import AddressedSeeds, Shuffle


@dataclass(frozen=True)
class Feeding:
    """How the samples of a training are read and decoded.

    Attributes:
        request: the training.
        config: its pipeline.
        deletions: the newest manifest when the training began; what is deleted there has the weight 0.
    """

    request: TrainingRequest
    config: PipelineConfig
    deletions: int

    @classmethod
    def of(cls, request: TrainingRequest, config: PipelineConfig) -> Feeding:
        """As the request says."""
        return cls(request, config, _native.Index.open(request.view.folder).summary.manifest)

    def samples(self, path: Path) -> TrainingSamples:
        """The samples of a training set.

        Raises:
            CorruptFileError: it fails its checksums.
            DatasetError: it is empty, or all of it was deleted.
        """
        # Reading runs ahead of the steps and is far faster than they are; more threads would only take their cores.
        return TrainingSamples(self.request.view, path, max(1, torch.get_num_threads() // 4), self.deletions)

    def loader(self, samples: TrainingSamples, plan: Plan, shuffle: Shuffle, first_decoding: int = 0) -> Loader:
        """Batches of these samples.

        Args:
            samples: of this run's view.
            plan: which of them each batch holds.
            shuffle: how an epoch mixes them.
            first_decoding: number of the first batch for the generators of the user's parser.
        """
        request = self.request
        decoder = build_decoder(self.config.data, samples.sample_size)
        seeds = AddressedSeeds(request.seed, request.trigger, first_decoding)
        workers = None
        if self.config.training.dataloader_workers:
            workers = WorkerPool(
                workers=self.config.training.dataloader_workers,
                pipeline=request.pipeline,
                view=request.view,
                training_set=samples.path,
                seed=request.seed,
                trigger=request.trigger,
                shuffle=shuffle,
                first_decoding=first_decoding,
                deletions=self.deletions,
            )
        ordered = samples.orders(seeds, shuffle, decoder.fields)
        return Loader(plan, ordered, decoder, seeds, samples.sample_size, workers)
