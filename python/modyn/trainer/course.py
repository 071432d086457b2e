"""The course of a training: where its batches come from, and what is trained on of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from modyn.config.downsampling import RHOLossDownsampling
from modyn.metadata.history import TrainingHistory
from modyn.storage.api import Keys
from modyn.trainer.batch_plan import BatchPlan, Span
from modyn.trainer.components import Components
from modyn.trainer.data.batch import Batch
from modyn.trainer.data.feeding import Feeding
from modyn.trainer.data.source import TrainingSamples
from modyn.trainer.downsampling import Downsampling
from modyn.trainer.downsampling.api import Draw
from modyn.trainer.downsampling.batch_choice import BatchChoice
from modyn.trainer.downsampling.candidates import CandidateSource, FreshlyScored, Recorded, Unseen
from modyn.trainer.downsampling.kept_inputs import KeptInputs
from modyn.trainer.downsampling.kept_rows import KeptRows
from modyn.trainer.downsampling.last_layer import LastLayer
from modyn.trainer.downsampling.rho_loss import RHOLoss
from modyn.trainer.downsampling.scorer import Scorer
from modyn.trainer.downsampling.scoring import ScoringPass
from modyn.trainer.downsampling.steps import Steps
from modyn.trainer.downsampling.whole_set import WholeSet
from modyn.trainer.held_out import irreducible_losses
from modyn.trainer.loop import Stateful
from modyn.trainer.row_backward import same_in_training
from modyn.trainer.seeding import AddressedSeeds, Shuffle
from modyn.trainer.whole_batches import Observer, Stepper, WholeBatches


class Choosing(NamedTuple):
    """What choosing cost: samples that went through a model for it alone, and seconds of the training loop."""

    scored_samples: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Course:
    """What the training loop goes through.

    Attributes:
        batches: all batches from a number on, as a context.
        stepper: trains on each.
        stateful: what a checkpoint holds of it.
        keys: int64 [count] keys of samples [first, first + count) of an epoch's order, from (epoch, first, count).
        finish: removes what is no longer needed when the training is done.
        choosing: what choosing has cost so far.
    """

    batches: Callable[[int], AbstractContextManager[Iterator[Batch]]]
    stepper: Stepper
    keys: Callable[[int, int, int], Keys]
    stateful: dict[str, Stateful] = field(default_factory=dict)
    finish: Callable[[], None] = lambda: None
    choosing: Callable[[], Choosing] = Choosing


def plan_of(feeding: Feeding, samples: TrainingSamples, downsampling: Downsampling | None) -> BatchPlan:
    """Which batches a training has."""
    training = feeding.config.training
    chosen_before = downsampling is not None and downsampling.sample_then_batch
    return BatchPlan(
        samples=downsampling.kept(len(samples)) if downsampling is not None and chosen_before else len(samples),
        batch_size=training.batch_size,
        drop_last=training.drop_last_batch,
        epochs=training.epochs_per_trigger,
        num_samples=feeding.request.num_samples,
    )


def steps_of(plan: BatchPlan, downsampling: Downsampling | None) -> int:
    """How many steps the optimizers will make."""
    if downsampling is None or downsampling.sample_then_batch:
        return plan.total_batches
    return Steps(plan, downsampling.ratio, downsampling.ratio_max).total


def build_course(
    parts: Components,
    feeding: Feeding,
    samples: TrainingSamples,
    plan: BatchPlan,
    downsampling: Downsampling | None,
    observers: Sequence[Observer],
    scoring_progress: Callable[[int, int], None],
) -> Course:
    """The course that the configuration describes.

    Args:
        parts: the training.
        feeding: reads samples.
        samples: the training set.
        plan: see `plan_of`.
        downsampling: None to train on everything.
        observers: are shown what the model gives for each batch that is read for training.
        scoring_progress: told how far a pass is that only scores: samples done, and all.

    Raises:
        ModelError: the downsampler needs what the model or the criterion does not give.
    """
    request, shuffle = feeding.request, Shuffle.of(feeding.config.training)
    seeds = AddressedSeeds(request.seed, request.trigger)
    keys = samples.orders(seeds, shuffle, None).keys
    if downsampling is None:
        return Course(feeding.loader(samples, plan, shuffle).batches, WholeBatches(parts, observers), keys)
    downsampler = downsampling.downsampler
    scorer = Scorer(feeding.config.training.optimization_criterion, parts.device)
    last_layer = LastLayer(parts.model, downsampling.last_layer) if downsampler.needs == "embeddings" else None
    draw = Draw(request.seed, request.trigger, 0)
    judged_samples = 0
    if isinstance(downsampler, RHOLoss):
        held_out = RHOLossDownsampling.model_validate(request.downsampling)
        judged = irreducible_losses(held_out, parts, feeding, samples, scoring_progress)
        downsampler.compare_with(judged.losses)
        judged_samples = judged.scored_samples
    if downsampling.sample_then_batch:
        scoring = ScoringPass(parts, feeding, scorer, last_layer, scoring_progress)
        return _whole_set(parts, feeding, samples, plan, downsampling, scoring, draw, observers, judged_samples)

    def positions(span: Span) -> Tensor:
        order = seeds.order(shuffle, span.epoch, len(samples))
        return torch.from_numpy(order.apply(span.first, span.count).astype("int64"))

    steps = Steps(plan, downsampling.ratio, downsampling.ratio_max)
    choice = BatchChoice(downsampler, steps, scorer, last_layer, draw, parts.device, positions)
    passes = downsampling.forward_passes
    if passes == "auto":
        passes = "one" if same_in_training(parts.model) else "two"
    stepper = KeptRows(parts, choice, observers) if passes == "one" else KeptInputs(parts, choice, observers)
    return Course(
        feeding.loader(samples, plan, shuffle).batches,
        stepper,
        keys,
        {"downsampling": stepper},
        choosing=lambda: Choosing(judged_samples),
    )


def _whole_set(
    parts: Components,
    feeding: Feeding,
    samples: TrainingSamples,
    plan: BatchPlan,
    downsampling: Downsampling,
    scoring: ScoringPass,
    draw: Draw,
    observers: Sequence[Observer],
    judged_samples: int,
) -> Course:
    downsampler, request = downsampling.downsampler, feeding.request
    source: CandidateSource
    if downsampler.needs == "nothing":
        source = Unseen(samples)
    elif downsampling.scores == "recorded":
        history = None if request.history is None else TrainingHistory.open(request.history)
        source = Recorded(scoring, samples, downsampler, history)
    else:
        source = FreshlyScored(scoring, samples, downsampler)
    whole = WholeSet(downsampler, samples, plan, downsampling.period, feeding, source, draw, request.resume_folder)

    def record(batch: Batch, output: Tensor, labels: Tensor) -> None:
        assert isinstance(source, Recorded), "no other source wants to know"
        source.observe(batch, whole.places(batch.span), output, labels)

    all_observers = [*observers, record] if isinstance(source, Recorded) else observers
    return Course(
        whole.batches,
        WholeBatches(parts, all_observers),
        whole.keys,
        {"downsampling": whole},
        whole.clear,
        lambda: Choosing(judged_samples + whole.scored, whole.seconds),
    )
