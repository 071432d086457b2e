"""Draws samples in proportion to a score, without replacement, with weights that undo the favour.

Sample i is drawn with the probability p_i = min(1, c * s_i), where c makes the p_i sum up to the number of samples
drawn. Its weight is 1 / p_i, so many samples it stands for: then the sum of weighted losses is, over many draws, that
of all N samples (Horvitz and Thompson, JASA 1952).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from torch import Tensor

import modyn.ops as ops
from modyn.trainer.downsampling.api import BOTH_MODES, Candidates, Choice, Draw, Mode, Needs, Stateless
from modyn.trainer.downsampling.outputs import Outputs


def draw_by_score(scores: Tensor, count: int, draw: Draw) -> Choice:
    """`count` samples in proportion to scores [N]; negative and non-finite scores count as 0."""
    drawn = ops.weighted_sample(
        scores, count, seed=draw.seed, trigger=draw.trigger, purpose=draw.purpose, index=draw.index
    )
    return Choice(drawn.indices, (1 / drawn.probabilities).float())


class Loss(Stateless):
    """Draws samples in proportion to their loss.

    Katharopoulos and Fleuret, "Biased importance sampling for deep neural network training", 2017; here with the
    weights that make it unbiased.
    """

    needs: Needs = "outputs"
    modes: frozenset[Mode] = BOTH_MODES
    weighted = True

    history_values = ("loss",)

    def measure(self, outputs: Outputs) -> dict[str, Tensor]:
        """The loss of each sample."""
        return {"loss": outputs.losses}

    def from_history(self, values: Mapping[str, npt.NDArray[np.float64]]) -> dict[str, npt.NDArray[np.float64]]:
        """The last one."""
        return {"loss": values["loss"]}

    def choose(self, candidates: Candidates, count: int, draw: Draw) -> Choice:
        """See `draw_by_score`."""
        return draw_by_score(candidates.columns["loss"], count, draw)


class GradNorm(Stateless):
    """Draws samples in proportion to the norm of their gradient with respect to the outputs.

    That norm bounds the norm of the whole gradient: Katharopoulos and Fleuret, "Not all samples are created equal",
    ICML 2018.
    """

    needs: Needs = "outputs"
    modes: frozenset[Mode] = BOTH_MODES
    weighted = True

    history_values = ("gradient_norm",)

    def measure(self, outputs: Outputs) -> dict[str, Tensor]:
        """The gradient norm of each sample."""
        return {"gradient_norm": outputs.gradient_norms}

    def from_history(self, values: Mapping[str, npt.NDArray[np.float64]]) -> dict[str, npt.NDArray[np.float64]]:
        """The last one."""
        return {"gradient_norm": values["gradient_norm"]}

    def choose(self, candidates: Candidates, count: int, draw: Draw) -> Choice:
        """See `draw_by_score`."""
        return draw_by_score(candidates.columns["gradient_norm"], count, draw)
