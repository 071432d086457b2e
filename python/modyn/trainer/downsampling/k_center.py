"""K-center greedy: samples that cover the space of embeddings.

Sener and Savarese, "Active learning for convolutional neural networks: a core-set approach", ICLR 2018; the greedy
algorithm, within twice of the best radius, is Gonzalez, TCS 1985.
"""

from __future__ import annotations

from torch import Tensor

import modyn.ops as ops
from modyn.trainer.downsampling.api import BOTH_MODES, Candidates, Choice, Draw, Mode, Needs, Stateless
from modyn.trainer.downsampling.gradient_columns import finite
from modyn.trainer.downsampling.outputs import Outputs


class KCenterGreedy(Stateless):
    """Begins with a random sample, then always takes the one that is farthest from all taken ones."""

    needs: Needs = "embeddings"
    modes: frozenset[Mode] = BOTH_MODES
    weighted = False

    def measure(self, outputs: Outputs) -> dict[str, Tensor]:
        """The embeddings."""
        assert outputs.embeddings is not None, "they are asked for"
        return {"embedding": finite(outputs.embeddings)}

    def choose(self, candidates: Candidates, count: int, draw: Draw) -> Choice:
        """In the order in which they were taken."""
        picks, _ = ops.k_center(candidates.columns["embedding"], count, first=draw.bits() % candidates.size)
        return Choice(picks)
