"""Any downsampler, part by part: for algorithms whose cost grows faster than the number of candidates.

The candidates are shuffled and dealt into parts of nearly equal size, and each part gives its share. This is the first
round of the distributed greedy algorithm of Mirzasoleiman et al. (GreeDi, NIPS 2013); with random parts it keeps a
constant share of the quality (Barbosa et al., ICML 2015). A set that fits into one part is chosen from as a whole.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from modyn import _native
from modyn.trainer.downsampling.api import Candidates, Choice, Downsampler, Draw
from modyn.trainer.downsampling.outputs import Outputs
from modyn.trainer.downsampling.quotas import class_quotas


class Partitioned:
    """Lets a downsampler choose within random parts.

    Args:
        inner: chooses.
        size: the greatest number of candidates in a part.
    """

    def __init__(self, inner: Downsampler, size: int) -> None:
        self._inner = inner
        self._size = size
        self.needs = inner.needs
        self.modes = inner.modes
        self.weighted = inner.weighted

    def measure(self, outputs: Outputs) -> dict[str, Tensor]:
        """As the inner one."""
        return self._inner.measure(outputs)

    def choose(self, candidates: Candidates, count: int, draw: Draw) -> Choice:
        """In proportion from each part."""
        parts = -(-candidates.size // self._size)
        if parts == 1:
            return self._inner.choose(candidates, count, draw)
        permutation = _native.Permutation(draw.seed, draw.trigger, draw.purpose, draw.index, candidates.size)
        order = torch.from_numpy(permutation.apply(0, candidates.size).astype(np.int64))
        bounds = [_native.share(candidates.size, part, parts) for part in range(parts)]
        quotas = class_quotas([length for _, length in bounds], count)
        chosen, weights = [], []
        for number, ((first, length), quota) in enumerate(zip(bounds, quotas, strict=True)):
            if quota == 0:
                continue
            rows = order[first : first + length].sort().values
            choice = self._inner.choose(candidates.rows(rows), quota, draw.part(number))
            chosen.append(rows[choice.positions.cpu()])
            if choice.weights is not None:
                weights.append(choice.weights)
        return Choice(torch.cat(chosen), torch.cat(weights) if weights else None)

    def state_dict(self) -> dict[str, Any]:
        """Of the inner one."""
        return self._inner.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Into the inner one."""
        self._inner.load_state_dict(state)
