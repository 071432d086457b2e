"""Craig: medoids of the gradients of each class, weighted by how many samples each stands for.

Mirzasoleiman, Bilmes and Leskovec, "Coresets for data-efficient training of machine learning models", ICML 2020.
"""

from __future__ import annotations

import torch
from torch import Tensor

import modyn.ops as ops
from modyn.trainer.downsampling.api import BOTH_MODES, Candidates, Choice, Draw, Mode, Stateless
from modyn.trainer.downsampling.balanced import class_numbers
from modyn.trainer.downsampling.gradient_columns import Approximation, GradientColumns
from modyn.trainer.downsampling.greedy import Greedy, greedy_options
from modyn.trainer.downsampling.outputs import Outputs


class Craig(Stateless):
    """Facility location over the distances of gradients within each class.

    A sample weighs as many samples as have it as their nearest one in the class, itself included. So weights sum up to
    the number of candidates, but for classes of which nothing was chosen.

    Args:
        greedy: the greedy algorithm.
        full_grad_approximation: what stands for a sample's gradient.
    """

    modes: frozenset[Mode] = BOTH_MODES
    weighted = True

    def __init__(
        self,
        greedy: Greedy = "NaiveGreedy",
        full_grad_approximation: Approximation = "LastLayer",
    ) -> None:
        self._greedy = greedy
        self._columns = GradientColumns(full_grad_approximation)
        self.needs = self._columns.needs

    def measure(self, outputs: Outputs) -> dict[str, Tensor]:
        """The gradients."""
        return self._columns.measure(outputs)

    def choose(self, candidates: Candidates, count: int, draw: Draw) -> Choice:
        """In the order in which they were taken, of whatever class adds most."""
        gradients, embeddings = self._columns.of(candidates)
        classes = class_numbers(candidates).to(gradients.device)
        options = greedy_options(self._greedy, draw)
        picks, _ = ops.facility_location(
            gradients, embeddings, k=count, groups=classes, similarity="distance", **options
        )
        nearest, _ = ops.nearest_pick(gradients, embeddings, picks, groups=classes, similarity="distance")
        return Choice(picks, torch.bincount(nearest[nearest >= 0], minlength=count).float())
