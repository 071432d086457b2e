"""Downsampling: which samples of a training set, or of each batch, are trained on.

A downsampler looks at what a forward pass gave (`measure`) and keeps a few numbers for each sample; when all
candidates have passed, it chooses among them (`choose`). It is asked in the same way for a whole training set
(sample-then-batch) and for one batch (batch-then-sample), so one object serves both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from modyn import _native
from modyn.trainer.downsampling.outputs import Outputs

Needs = Literal["nothing", "outputs", "embeddings"]
Mode = Literal["sample_then_batch", "batch_then_sample"]

BOTH_MODES: frozenset[Mode] = frozenset({"sample_then_batch", "batch_then_sample"})


@dataclass(frozen=True)
class Draw:
    """The address of the random numbers of one choice: same address, same choice.

    Attributes:
        seed: the run's seed, 64 bits.
        trigger: number of the trigger.
        index: number of the choice within the training.
    """

    seed: int
    trigger: int
    index: int
    purpose: int = _native.PURPOSE_DOWNSAMPLING

    def part(self, number: int) -> Draw:
        """An address of its own for a part of the choice, such as a class; below 2^20 parts."""
        return replace(self, index=self.index << 20 | number)

    def bits(self) -> int:
        """64 random bits."""
        return int(_native.random_bits(self.seed, self.trigger, self.purpose, self.index))


@dataclass(frozen=True)
class Candidates:
    """The samples to choose from.

    Attributes:
        size: how many, N.
        columns: what `measure` gave, [N, ...] each, in the order of the samples.
        labels: [N], as the decoder gives them; None if nothing was read.
    """

    size: int
    columns: Mapping[str, Tensor] = field(default_factory=dict)
    labels: Tensor | None = None

    def rows(self, positions: Tensor) -> Candidates:
        """Some of them: int64 positions [n]."""
        return Candidates(
            len(positions),
            {name: column[positions] for name, column in self.columns.items()},
            None if self.labels is None else self.labels[positions],
        )


@dataclass(frozen=True)
class Choice:
    """What was chosen: int64 positions [k] among the candidates, each once, and float32 weights [k] or None."""

    positions: Tensor
    weights: Tensor | None = None


class Downsampler(Protocol):
    """A downsampling policy. What it chooses depends only on the candidates, the draw, its options and its state.

    Attributes:
        needs: what it wants of a forward pass: `nothing` (then there is none, and `measure` is never called),
            `outputs`, or `embeddings`, the inputs of the model's last layer, besides.
        modes: where it can be used.
        weighted: whether its choices have weights.
    """

    needs: Needs
    modes: frozenset[Mode]
    weighted: bool

    def measure(self, outputs: Outputs) -> dict[str, Tensor]:
        """What to remember of n samples: columns [n, ...], on any device, without a graph."""
        ...

    def choose(self, candidates: Candidates, count: int, draw: Draw) -> Choice:
        """Exactly `count` of the candidates, 1 <= count <= candidates.size."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """State that outlives a choice, as plain values and tensors."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state that a downsampler with the same options gave."""
        ...


@runtime_checkable
class ReadsHistory(Protocol):
    """A downsampler whose columns also follow from what earlier trainings recorded (docs/training-history.md).

    Attributes:
        history_values: names of what it looks up, of `modyn.metadata.history.VALUES`.
    """

    history_values: tuple[str, ...]

    def from_history(self, values: Mapping[str, npt.NDArray[np.float64]]) -> dict[str, npt.NDArray[np.float64]]:
        """The columns of `measure` for n samples, from the values [n] that were looked up; NaN where there is none."""
        ...


class Stateless:
    """For downsamplers whose choices depend on nothing that was before."""

    def state_dict(self) -> dict[str, Any]:
        """Empty."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing to continue from."""


def budget(size: int, ratio: int, ratio_max: int) -> int:
    """How many of `size` samples are kept: the share rounded down, but at least one of any."""
    return min(size, max(size * ratio // ratio_max, 1))


def all_of(candidates: Candidates) -> Tensor:
    """The positions of all candidates."""
    return torch.arange(candidates.size)
