"""One pass over a training set that scores every sample: forward only, in evaluation mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import NamedTuple

from torch import Tensor

from modyn.trainer.batch_plan import BatchPlan, Span
from modyn.trainer.components import Components
from modyn.trainer.data.batch import Batch
from modyn.trainer.data.feeding import Feeding
from modyn.trainer.data.source import TrainingSamples
from modyn.trainer.downsampling.api import Candidates, Downsampler
from modyn.trainer.downsampling.checks import check_measured
from modyn.trainer.downsampling.last_layer import LastLayer
from modyn.trainer.downsampling.outputs import Outputs
from modyn.trainer.downsampling.scorer import Scorer
from modyn.trainer.forward import Forward
from modyn.trainer.seeding import AddressedSeeds, Shuffle

# Scoring passes draw from other addresses than the steps and their decoding: pass p begins at (p + 1) * 2^40.
_PASS = 40


class Scored(NamedTuple):
    """The candidates of a pass, and where each is in the training set: int64 [n], ascending.

    Samples of weight 0, such as deleted ones, are no candidates.
    """

    candidates: Candidates
    positions: Tensor


class ScoringPass:
    """Runs a training's model over a training set.

    Args:
        parts: the training.
        feeding: reads the samples.
        scorer: knows the criterion.
        last_layer: sees embeddings, if someone needs them.
        progress: told how far the pass is: samples done, and all.
    """

    def __init__(
        self,
        parts: Components,
        feeding: Feeding,
        scorer: Scorer,
        last_layer: LastLayer | None,
        progress: Callable[[int, int], None],
    ) -> None:
        self._parts = parts
        self._feeding = feeding
        self._scorer = scorer
        self._last_layer = last_layer
        self._progress = progress
        self._forward = Forward(parts)
        self._seeds = AddressedSeeds(feeding.request.seed, feeding.request.trigger)

    def run(self, samples: TrainingSamples, places: Tensor, downsampler: Downsampler, number: int) -> Scored:
        """Measure samples; the model is in training mode afterwards.

        Args:
            samples: the training set.
            places: int64 [n], at least one, ascending: which of them.
            downsampler: says what is measured.
            number: tells this pass of the training from others.
        """
        if len(places) == len(samples):
            return self._run(samples, places, downsampler, number)
        # Loader workers read training sets, so a part of one is written as another.
        path = self._feeding.request.folder / f"scored-{number}.trainingset"
        path.unlink(missing_ok=True)
        samples.write_choice(path, places.numpy(), None)
        scored = self._run(self._feeding.samples(path), places, downsampler, number)
        path.unlink()
        return scored

    def _run(self, samples: TrainingSamples, places: Tensor, downsampler: Downsampler, number: int) -> Scored:
        size = len(samples)
        plan = BatchPlan(size, min(size, self._feeding.config.training.batch_size), drop_last=False, epochs=1)
        first = (number + 1) << _PASS
        loader = self._feeding.loader(samples, plan, Shuffle("none"), first)
        columns, labels, weights = _Columns(size), _Columns(size), _Columns(size)
        self._parts.model.eval()
        with loader.batches(0) as batches:
            for batch in batches:
                self._seeds.before_step(first + batch.span.index)  # some models draw in evaluation mode, too
                outputs = self._scored(batch, places)
                measured = downsampler.measure(outputs)
                check_measured(measured, batch.span.count, downsampler)
                columns.put(batch.span, measured)
                labels.put(batch.span, {"label": batch.labels})
                if batch.weights is not None:
                    weights.put(batch.span, {"weight": batch.weights})
                self._progress(batch.span.first + batch.span.count, size)
        self._parts.model.train()
        candidates = Candidates(size, columns.whole, labels.whole["label"])
        return _without_weightless(Scored(candidates, places), weights.whole.get("weight"))

    def _scored(self, batch: Batch, places: Tensor) -> Outputs:
        with self._last_layer.watching() if self._last_layer else nullcontext():
            forwarded = self._forward.without_graph(batch)
        first = batch.span.first
        return self.outputs(batch, places[first : first + batch.span.count], forwarded.output, forwarded.labels)

    def outputs(self, batch: Batch, places: Tensor, output: Tensor, labels: Tensor) -> Outputs:
        """What a forward pass gave for a batch whose samples are at these places of the training set."""
        return Outputs(
            keys=batch.keys,
            positions=places,
            output=output.detach(),
            labels=labels,
            embeddings=None if self._last_layer is None else self._last_layer.take(output),
            scorer=self._scorer,
        )


class _Columns:
    """Columns of a known length that arrive in parts: each part is copied once."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.whole: dict[str, Tensor] = {}

    def put(self, span: Span, parts: Mapping[str, Tensor]) -> None:
        for name, part in parts.items():
            if name not in self.whole:
                self.whole[name] = part.new_empty((self._size, *part.shape[1:]))
            self.whole[name][span.first : span.first + span.count] = part


def _without_weightless(scored: Scored, weights: Tensor | None) -> Scored:
    if weights is None or bool((weights != 0).all()):
        return scored
    rows = (weights != 0).nonzero().flatten()
    return Scored(scored.candidates.rows(rows), scored.positions[rows])
