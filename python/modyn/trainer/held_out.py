"""Losses under auxiliary models that were trained on held-out samples: the irreducible losses of RHO-LOSS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from modyn.config.downsampling import RHOLossDownsampling
from modyn.config.model import ModelConfig
from modyn.models.build import build_model
from modyn.models.weights import load_weights
from modyn.trainer.components import Components
from modyn.trainer.data.feeding import Feeding
from modyn.trainer.data.source import TrainingSamples
from modyn.trainer.downsampling.api import BOTH_MODES, Candidates, Choice, Draw, Mode, Needs, Stateless
from modyn.trainer.downsampling.outputs import Outputs
from modyn.trainer.downsampling.scorer import Scorer
from modyn.trainer.downsampling.scoring import ScoringPass

# Scoring passes of the training itself count from 0.
_FIRST_PASS = 1 << 20


def irreducible_losses(
    config: RHOLossDownsampling,
    parts: Components,
    feeding: Feeding,
    samples: TrainingSamples,
    progress: Callable[[int, int], None],
) -> Tensor:
    """The loss of each sample of a training set under the held-out model that has not seen it, float32 [N].

    The loss is that of the training's own criterion. Of a single model it is the loss of all samples; of two, each
    judges those that the other was trained on. Samples of weight 0, such as deleted ones, have the loss 0.
    """
    training = feeding.config.training
    losses = torch.zeros(len(samples))
    models = feeding.request.held_out
    for number, one in enumerate(models):
        il = config.il_training_config
        model_config = ModelConfig(id=il.il_model_id, config=il.il_model_config)
        model = build_model(model_config, feeding.request.source_folder, parts.device, amp=training.amp)
        load_weights(model, one.model)
        scoring = ScoringPass(
            replace(parts, model=model),
            feeding,
            Scorer(training.optimization_criterion, parts.device),
            None,
            progress,
        )
        scored = scoring.run(samples, torch.arange(len(samples)), _Losses(), _FIRST_PASS + number)
        mine = torch.ones(len(scored.positions), dtype=torch.bool)
        if len(models) > 1:
            keys, _ = samples.read_at(scored.positions.numpy())
            mine = torch.from_numpy(~np.isin(keys, samples.keys_of(one.training_set)))
        losses[scored.positions[mine]] = scored.candidates.columns["loss"].cpu()[mine]
    return losses


class _Losses(Stateless):
    """Measures losses; never chooses."""

    needs: Needs = "outputs"
    modes: frozenset[Mode] = BOTH_MODES
    weighted = False

    def measure(self, outputs: Outputs) -> dict[str, Tensor]:
        return {"loss": outputs.losses}

    def choose(self, candidates: Candidates, count: int, draw: Draw) -> Choice:
        raise AssertionError("losses are only measured")
