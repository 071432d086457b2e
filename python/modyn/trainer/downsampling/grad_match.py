"""GradMatch: a weighted set whose gradient matches that of all samples.

Killamsetty et al., "GRAD-MATCH: gradient matching based data subset selection for efficient deep model training",
ICML 2021, by orthogonal matching pursuit.
"""

from __future__ import annotations

from torch import Tensor

import modyn.ops as ops
from modyn.trainer.downsampling.api import BOTH_MODES, Candidates, Choice, Draw, Mode, Stateless
from modyn.trainer.downsampling.gradient_columns import Approximation, GradientColumns
from modyn.trainer.downsampling.outputs import Outputs


class GradMatch(Stateless):
    """Orthogonal matching pursuit of the mean gradient; the weights are its coefficients times the candidates.

    That the weights sum up to 1 is one more equation than in the paper. Trainings divide by the sum of the weights, so
    what has to match is the weighted mean. Without the equation the picks are the samples that pull hardest along the
    mean, in early epochs those of one class.

    Args:
        full_grad_approximation: what stands for a sample's gradient.
    """

    modes: frozenset[Mode] = BOTH_MODES
    weighted = True

    def __init__(self, full_grad_approximation: Approximation = "LastLayer") -> None:
        self._columns = GradientColumns(full_grad_approximation)
        self.needs = self._columns.needs

    def measure(self, outputs: Outputs) -> dict[str, Tensor]:
        """The gradients."""
        return self._columns.measure(outputs)

    def choose(self, candidates: Candidates, count: int, draw: Draw) -> Choice:
        """In the order in which they were taken."""
        gradients, embeddings = self._columns.of(candidates)
        picks, weights = ops.orthogonal_matching_pursuit(gradients, embeddings, count, unit_sum=1.0)
        return Choice(picks, weights * candidates.size)
