"""RS2: a new random subset for every epoch; no forward pass, and nothing is read but what is trained on.

Okanovic et al., "Repeated random sampling for minimizing the time-to-accuracy of learning", ICLR 2024.
"""

from __future__ import annotations

import torch
from torch import Tensor

from modyn import _native
from modyn.trainer.downsampling.api import Candidates, Choice, Draw, Mode, Needs, Stateless
from modyn.trainer.downsampling.outputs import Outputs


class RS2(Stateless):
    """Random subsets.

    With replacement, every subset is drawn from all samples. Without, the samples are shuffled and dealt out in subsets
    that do not overlap, and shuffled anew when fewer are left than a subset takes; these few sit out that round.
    Within a subset no sample comes twice.

    Args:
        with_replacement: as above.
    """

    needs: Needs = "nothing"
    modes: frozenset[Mode] = frozenset({"sample_then_batch"})
    weighted = False

    def __init__(self, with_replacement: bool) -> None:
        self._with_replacement = with_replacement

    def measure(self, outputs: Outputs) -> dict[str, Tensor]:
        """Nothing: it is never asked."""
        return {}

    def choose(self, candidates: Candidates, count: int, draw: Draw) -> Choice:
        """The subset of choice number `draw.index`, a function of that number alone."""
        if self._with_replacement:
            shuffle, first = draw.index, 0
        else:
            shuffle, place = divmod(draw.index, candidates.size // count)
            first = place * count
        permutation = _native.Permutation(draw.seed, draw.trigger, draw.purpose, shuffle, candidates.size)
        return Choice(torch.from_numpy(permutation.apply(first, count).astype("int64")))
