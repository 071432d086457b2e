"""Sample-then-batch: choose from the whole training set, then train on what was chosen, for some epochs.

A choice is written as a training set of its own before it is used, so that loader workers can open it and a training
that continues from a checkpoint has it: the model that made the choice is gone by then.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from modyn.models.publish import publish
from modyn.storage.api import Keys
from modyn.trainer.batch_plan import BatchPlan, Span
from modyn.trainer.data.batch import Batch
from modyn.trainer.data.feeding import Feeding
from modyn.trainer.data.source import TrainingSamples
from modyn.trainer.downsampling.api import Choice, Downsampler, Draw
from modyn.trainer.downsampling.candidates import CandidateSource
from modyn.trainer.downsampling.checks import check_choice
from modyn.trainer.seeding import AddressedSeeds, Shuffle

_FOLDER = "choices"


@dataclass(frozen=True)
class Stretch:
    """The batches of a plan up to `end`: those that are trained on with one choice."""

    plan: BatchPlan
    end: int

    @property
    def batch_size(self) -> int:
        return self.plan.batch_size

    @property
    def total_batches(self) -> int:
        return self.end

    def span(self, index: int) -> Span:
        return self.plan.span(index)

    def ends_epoch(self, span: Span) -> bool:
        return self.plan.ends_epoch(span)


class WholeSet:
    """The batches of a training whose samples are chosen anew every `period` epochs.

    Args:
        downsampler: chooses.
        samples: the training set to choose from.
        plan: deals what was chosen; its size is the number of samples to choose.
        period: epochs between choices; 0 for one choice.
        feeding: reads samples.
        source: gives the candidates.
        draw: address of the first choice's random numbers.
        earlier: folder of an earlier attempt whose checkpoint may be continued.
    """

    def __init__(
        self,
        downsampler: Downsampler,
        samples: TrainingSamples,
        plan: BatchPlan,
        period: int,
        feeding: Feeding,
        source: CandidateSource,
        draw: Draw,
        earlier: Path | None,
    ) -> None:
        self._downsampler = downsampler
        self._samples = samples
        self._plan = plan
        self._period = period
        self._feeding = feeding
        self._source = source
        self._draw = draw
        self._folder = feeding.request.folder / _FOLDER
        self._earlier = earlier
        self._shuffle = Shuffle.of(feeding.config.training)
        self._seeds = AddressedSeeds(draw.seed, draw.trigger)
        self._chosen: int | None = None
        self._places = torch.zeros(0, dtype=torch.int64)
        self.seconds = 0.0
        """Time spent on choosing."""

    @property
    def scored(self) -> int:
        """Samples that went through the model for choosing alone."""
        return self._source.scored

    @contextmanager
    def batches(self, start: int) -> Iterator[Iterator[Batch]]:
        """All batches from number `start` on; between two of them the model may be used for the next choice."""
        batches = self._batches(start)
        try:
            yield batches
        finally:
            batches.close()

    def _batches(self, start: int) -> Generator[Batch]:
        while start < self._plan.total_batches:
            number, end = self._choice_for(start)
            if self._chosen != number:
                self._choose(number)
            samples = self._feeding.samples(self._file(number))
            loader = self._feeding.loader(samples, Stretch(self._plan, end), self._shuffle)
            with loader.batches(start) as batches:
                yield from batches
            start = end

    def _choice_for(self, batch: int) -> tuple[int, int]:
        """The number of the choice that a batch is trained with, and the first batch after it."""
        if self._period == 0:
            return 0, self._plan.total_batches
        number = self._choice_of_epoch(batch // self._plan.batches_per_epoch)
        end = (number + 1) * self._period * self._plan.batches_per_epoch
        return number, min(end, self._plan.total_batches)

    def _choose(self, number: int) -> None:
        started = time.perf_counter()
        count = self._plan.samples
        candidates, positions = self._source.candidates(number)
        draw = Draw(self._draw.seed, self._draw.trigger, number)
        wanted = min(count, candidates.size)
        choice = Choice(torch.zeros(0, dtype=torch.int64))  # if all weights are 0
        if wanted:
            choice = self._downsampler.choose(candidates, wanted, draw)
            check_choice(choice, candidates.size, wanted, self._downsampler)
        path = self._file(number)
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        self._places = self._write(path, choice, positions, count)
        self._chosen = number
        self.seconds += time.perf_counter() - started

    def _write(self, path: Path, choice: Choice, positions: Tensor, count: int) -> Tensor:
        # In the order of the training set: what shuffles, or does not, is the configuration.
        chosen, order = positions[choice.positions.cpu()].sort()
        weights = None
        if choice.weights is not None:
            weights = choice.weights.float().cpu()[order] * (count / len(self._samples))
        if len(chosen) < count:  # so many were deleted; they stay in, with the weight 0, to keep the batches
            chosen = torch.cat([chosen, _others(chosen, len(self._samples), count - len(chosen))])
            weights = None if weights is None else torch.nn.functional.pad(weights, (0, count - len(weights)))
        self._samples.write_choice(path, chosen.numpy(), None if weights is None else weights.numpy())
        return chosen

    def places(self, span: Span) -> Tensor:
        """Where the samples of a batch are in the training set, int64 [n]."""
        order = self._seeds.order(self._shuffle, span.epoch, len(self._places))
        return self._places[torch.from_numpy(order.apply(span.first, span.count).astype(np.int64))]

    def keys(self, epoch: int, first: int, count: int) -> Keys:
        """int64 [count] keys of samples [first, first + count) of an epoch's order; until `clear`."""
        samples = self._feeding.samples(self._file(self._choice_of_epoch(epoch)))
        return samples.orders(self._seeds, self._shuffle, None).keys(epoch, first, count)

    def _choice_of_epoch(self, epoch: int) -> int:
        return epoch // self._period if self._period else 0

    def _file(self, number: int) -> Path:
        return self._folder / f"{number:05d}.trainingset"

    def clear(self) -> None:
        """Remove the files: the training is done."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def state_dict(self) -> dict[str, Any]:
        """Which choice is in use, and what the downsampler keeps."""
        return {
            "choice": self._chosen,
            "places": self._places,
            "seconds": self.seconds,
            "source": self._source.state_dict(),
            "downsampler": self._downsampler.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue with the choice of an earlier attempt."""
        self._chosen, self._places, self.seconds = state["choice"], state["places"], state["seconds"]
        self._source.load_state_dict(state["source"])
        self._downsampler.load_state_dict(state["downsampler"])
        if len(self._places) and self._samples.deleted_at(self._places.numpy()).all():
            self._chosen = None  # nothing is left of it: choose again
        if self._chosen is not None and self._earlier is not None:
            self._folder.mkdir(exist_ok=True)
            for number in range(self._chosen + 1):  # the older ones for the training history
                with publish(self._file(number)) as temporary:
                    shutil.copyfile(self._earlier / _FOLDER / self._file(number).name, temporary)


def _others(chosen: Tensor, size: int, count: int) -> Tensor:
    """The first `count` positions that are not among the chosen ones."""
    left = torch.ones(size, dtype=torch.bool)
    left[chosen] = False
    return left.nonzero().flatten()[:count]
