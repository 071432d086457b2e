"""Sets that maximise a submodular function of the similarities of gradients.

Facility location: Wei, Iyer and Bilmes, "Submodularity in data subset selection and active learning", ICML 2015. Graph
cut: Kothawade et al., "SIMILAR", NeurIPS 2021. Log-determinant: Chen, Zhang and Zhou, "Fast greedy MAP inference for
determinantal point process", NeurIPS 2018.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from torch import Tensor

import modyn.ops as ops
from modyn.trainer.downsampling.api import BOTH_MODES, Candidates, Choice, Draw, Mode, Stateless
from modyn.trainer.downsampling.gradient_columns import Approximation, GradientColumns
from modyn.trainer.downsampling.greedy import Greedy, greedy_options
from modyn.trainer.downsampling.outputs import Outputs

_FUNCTIONS: dict[str, Callable[..., tuple[Tensor, Tensor]]] = {
    "FacilityLocation": ops.facility_location,
    "GraphCut": ops.graph_cut,
    "LogDeterminant": ops.log_determinant,
}


class Submodular(Stateless):
    """Greedy maximisation over cosine similarities.

    Args:
        submodular_function: what is maximised.
        submodular_optimizer: the greedy algorithm.
        full_grad_approximation: what stands for a sample's gradient.
        graph_cut_lambda: how much similarity to all counts against similarity to each other.
    """

    modes: frozenset[Mode] = BOTH_MODES
    weighted = False

    def __init__(
        self,
        submodular_function: Literal["FacilityLocation", "GraphCut", "LogDeterminant"],
        submodular_optimizer: Greedy = "NaiveGreedy",
        full_grad_approximation: Approximation = "LastLayer",
        graph_cut_lambda: float = 1.0,
    ) -> None:
        self._function = _FUNCTIONS[submodular_function]
        self._options = {"lam": graph_cut_lambda} if submodular_function == "GraphCut" else {}
        self._greedy = submodular_optimizer
        self._columns = GradientColumns(full_grad_approximation)
        self.needs = self._columns.needs

    def measure(self, outputs: Outputs) -> dict[str, Tensor]:
        """The gradients."""
        return self._columns.measure(outputs)

    def choose(self, candidates: Candidates, count: int, draw: Draw) -> Choice:
        """In the order in which they were taken."""
        gradients, embeddings = self._columns.of(candidates)
        options = self._options | greedy_options(self._greedy, draw)
        picks, _ = self._function(gradients, embeddings, k=count, **options)
        return Choice(picks)
