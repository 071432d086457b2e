"""Keeps the samples that the model is least certain about.

Lewis and Gale, "A sequential algorithm for training text classifiers", SIGIR 1994 (least confidence); Scheffer et al.,
"Active hidden Markov models", IDA 2001 (margin); Dagan and Engelson, ICML 1995 (entropy).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
from torch import Tensor

import modyn.ops as ops
from modyn.trainer.downsampling.api import BOTH_MODES, Candidates, Choice, Draw, Mode, Needs, Stateless
from modyn.trainer.downsampling.outputs import Outputs


class Uncertainty(Stateless):
    """The least certain samples by one measure.

    Args:
        score_metric: `LeastConfidence`, the probability of the most probable class; `Margin`, its distance to the
            second; `Entropy`, of all classes.
    """

    needs: Needs = "outputs"
    modes: frozenset[Mode] = BOTH_MODES
    weighted = False

    def __init__(self, score_metric: Literal["LeastConfidence", "Entropy", "Margin"]) -> None:
        self._metric = score_metric

    def measure(self, outputs: Outputs) -> dict[str, Tensor]:
        """How certain the model is of each sample."""
        scores = outputs.scores
        certainty = {
            "LeastConfidence": scores.max_probability,
            "Margin": scores.margin,
            "Entropy": -scores.entropy,
        }
        return {"certainty": certainty[self._metric]}

    @property
    def history_values(self) -> tuple[str, ...]:
        """The entropy; a history has neither margins between classes nor probabilities of other than the label."""
        return ("entropy",)

    def from_history(self, values: Mapping[str, npt.NDArray[np.float64]]) -> dict[str, npt.NDArray[np.float64]]:
        """The last one, for the metric that a history knows."""
        known = values["entropy"] if self._metric == "Entropy" else np.full_like(values["entropy"], np.nan)
        return {"certainty": -known}

    def choose(self, candidates: Candidates, count: int, draw: Draw) -> Choice:
        """The smallest certainties; among equal ones the first."""
        return Choice(ops.top_k(candidates.columns["certainty"], count, largest=False))
