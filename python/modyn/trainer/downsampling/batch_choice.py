"""Chooses among the samples of a batch, after a forward pass over all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from modyn.trainer.batch_plan import Span
from modyn.trainer.data.batch import Batch
from modyn.trainer.downsampling.api import Candidates, Downsampler, Draw
from modyn.trainer.downsampling.checks import check_choice, check_measured
from modyn.trainer.downsampling.last_layer import LastLayer
from modyn.trainer.downsampling.outputs import Outputs
from modyn.trainer.downsampling.scorer import Scorer
from modyn.trainer.downsampling.steps import Steps
from modyn.trainer.forward import Forwarded


class Kept(NamedTuple):
    """The kept samples of a batch: int64 rows [k], ascending, and their float32 weights [k]."""

    rows: Tensor
    weights: Tensor


class BatchChoice:
    """Lets a downsampler choose.

    Args:
        downsampler: chooses.
        steps: how many are kept.
        scorer: knows the criterion.
        last_layer: sees embeddings, if someone needs them.
        draw: address of the first choice's random numbers.
        device: of the training.
        positions: where the samples of a span are in the training set, int64 [n].
    """

    def __init__(
        self,
        downsampler: Downsampler,
        steps: Steps,
        scorer: Scorer,
        last_layer: LastLayer | None,
        draw: Draw,
        device: torch.device,
        positions: Callable[[Span], Tensor],
    ) -> None:
        self.last_layer = last_layer
        self.steps = steps
        self._downsampler = downsampler
        self._scorer = scorer
        self._draw = draw
        self._device = device
        self._positions = positions

    @property
    def looks(self) -> bool:
        """Whether a choice wants to know what the model gives."""
        return self._downsampler.needs != "nothing"

    def choose(self, batch: Batch, forwarded: Forwarded) -> Kept:
        """The kept samples; samples of weight 0, such as deleted ones, only if there are too few others."""
        columns = self._measured(batch, forwarded) if self.looks else {}
        return self._kept(batch, columns, forwarded.weights)

    def choose_unseen(self, batch: Batch, weights: Tensor | None) -> Kept:
        """The same without a forward pass; `weights` are those that the samples have, on the device."""
        return self._kept(batch, {}, weights)

    def _measured(self, batch: Batch, forwarded: Forwarded) -> Mapping[str, Tensor]:
        outputs = Outputs(
            keys=batch.keys,
            positions=self._positions(batch.span),
            output=forwarded.output.detach(),
            labels=forwarded.labels,
            embeddings=None if self.last_layer is None else self.last_layer.take(forwarded.output),
            scorer=self._scorer,
        )
        columns = self._downsampler.measure(outputs)
        check_measured(columns, batch.span.count, self._downsampler)
        return columns

    def _kept(self, batch: Batch, columns: Mapping[str, Tensor], own: Tensor | None) -> Kept:
        candidates = Candidates(batch.span.count, columns, batch.labels.to(self._device))
        rows, weights = self._of(candidates, own, self.steps.kept(candidates.size), batch.span.index)
        order = torch.argsort(rows)
        return Kept(rows[order], weights[order])

    def state_dict(self) -> dict[str, Any]:
        """Of the downsampler."""
        return self._downsampler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Into the downsampler."""
        self._downsampler.load_state_dict(state)

    def _of(self, candidates: Candidates, own: Tensor | None, count: int, number: int) -> tuple[Tensor, Tensor]:
        """Rows and weights; `own` are the weights that the samples have."""
        if own is None:
            return self._choose(candidates, count, number)
        there = (own != 0).nonzero().flatten()
        wanted = min(count, len(there))
        if wanted == 0:
            return torch.arange(count, device=own.device), own[:count]
        rows, weights = self._choose(candidates.rows(there), wanted, number)
        rows = there[rows]
        fill = (own == 0).nonzero().flatten()[: count - wanted]
        return torch.cat([rows, fill]), torch.cat([own[rows] * weights, own[fill]])

    def _choose(self, candidates: Candidates, count: int, number: int) -> tuple[Tensor, Tensor]:
        draw = Draw(self._draw.seed, self._draw.trigger, number)
        choice = self._downsampler.choose(candidates, count, draw)
        check_choice(choice, candidates.size, count, self._downsampler)
        assert candidates.labels is not None, "a batch has labels"
        device = candidates.labels.device  # some downsamplers choose on the CPU
        weights = torch.ones(count) if choice.weights is None else choice.weights.float() * self.steps.share
        return choice.positions.to(device), weights.to(device)
