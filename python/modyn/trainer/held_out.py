"""Losses under auxiliary models that were trained on held-out samples: the irreducible losses of RHO-LOSS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from modyn.config.downsampling import RHOLossDownsampling
from modyn.config.model import ModelConfig
from modyn.models.build import build_model
from modyn.models.weights import load_weights
from modyn.trainer.api import HeldOutModel
from modyn.trainer.components import Components
from modyn.trainer.data.feeding import Feeding
from modyn.trainer.data.source import TrainingSamples
from modyn.trainer.downsampling.api import BOTH_MODES, Candidates, Choice, Draw, Mode, Needs, Stateless
from modyn.trainer.downsampling.outputs import Outputs
from modyn.trainer.downsampling.scorer import Scorer
from modyn.trainer.downsampling.scoring import ScoringPass

# Scoring passes of the training itself count from 0.
_FIRST_PASS = 1 << 20


class IrreducibleLosses(NamedTuple):
    """float32 [N], and how many samples went through a held-out model for them."""

    losses: Tensor
    scored_samples: int


def irreducible_losses(
    config: RHOLossDownsampling,
    parts: Components,
    feeding: Feeding,
    samples: TrainingSamples,
    progress: Callable[[int, int], None],
) -> IrreducibleLosses:
    """The loss of each sample of a training set under the held-out model that has not seen it.

    The loss is that of the training's own criterion. A single model judges all samples; of twins each judges those of
    the other's half, so each sample goes through one of them once. Samples that have no judge, and those of weight 0,
    such as deleted ones, have the loss 0.
    """
    training, il = feeding.config.training, config.il_training_config
    model_config = ModelConfig(id=il.il_model_id, config=il.il_model_config)
    losses, judged = torch.zeros(len(samples)), 0
    for number, one in enumerate(feeding.request.held_out):
        places = torch.arange(len(samples))
        if config.holdout_set_strategy == "Twin":
            places = _places_of_others(samples, one)
        if len(places) == 0:
            continue
        model = build_model(model_config, feeding.request.source_folder, parts.device, amp=training.amp)
        load_weights(model, one.model)
        scoring = ScoringPass(
            replace(parts, model=model),
            feeding,
            Scorer(training.optimization_criterion, parts.device),
            None,
            progress,
        )
        scored = scoring.run(samples, places, _Losses(), _FIRST_PASS + number)
        judged += len(places)
        losses[scored.positions] = scored.candidates.columns["loss"].cpu()
    return IrreducibleLosses(losses, judged)


def _places_of_others(samples: TrainingSamples, model: HeldOutModel) -> Tensor:
    """Where the samples are that the model was not trained on, int64 [n], ascending, without deleted ones."""
    positions = np.arange(len(samples))
    keys, _ = samples.read_at(positions)
    seen = np.isin(keys, samples.keys_of(model.training_set))
    return torch.from_numpy(np.flatnonzero(~seen & ~samples.deleted_at(positions)))


class _Losses(Stateless):
    """Measures losses; never chooses."""

    needs: Needs = "outputs"
    modes: frozenset[Mode] = BOTH_MODES
    weighted = False

    def measure(self, outputs: Outputs) -> dict[str, Tensor]:
        return {"loss": outputs.losses}

    def choose(self, candidates: Candidates, count: int, draw: Draw) -> Choice:
        raise AssertionError("losses are only measured")
