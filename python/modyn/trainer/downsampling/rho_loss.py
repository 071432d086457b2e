"""RHO-LOSS: samples whose loss is much greater than that of a model which was trained on held-out data.

Mindermann et al., "Prioritized training on points that are learnable, worth learning, and not yet learnt", ICML 2022.
What even the held-out model does not get right is noise; what the current one does, it knows.
"""

from __future__ import annotations

from torch import Tensor

import modyn.ops as ops
from modyn.trainer.downsampling.api import BOTH_MODES, Candidates, Choice, Draw, Mode, Needs, Stateless
from modyn.trainer.downsampling.outputs import Outputs


class RHOLoss(Stateless):
    """The greatest reducible losses."""

    needs: Needs = "outputs"
    modes: frozenset[Mode] = BOTH_MODES
    weighted = False

    def __init__(self) -> None:
        self._irreducible: Tensor | None = None

    def compare_with(self, irreducible: Tensor) -> None:
        """Use these losses of the held-out models: float32 [N], of all samples of the training set."""
        self._irreducible = irreducible

    def measure(self, outputs: Outputs) -> dict[str, Tensor]:
        """Loss less irreducible loss."""
        assert self._irreducible is not None, "held-out models come before"
        irreducible = self._irreducible[outputs.positions].to(outputs.losses.device)
        return {"reducible": outputs.losses - irreducible}

    def choose(self, candidates: Candidates, count: int, draw: Draw) -> Choice:
        """The greatest; among equal ones the first. What is no number comes last."""
        return Choice(ops.top_k(candidates.columns["reducible"], count))
