"""Scores that the training itself leaves behind, so that choosing again needs no pass over the data.

Every step runs samples through the model anyway. What a downsampler measures of them is remembered by their place in
the training set; a later choice takes these numbers, at most an epoch old for what was trained on, and only samples
that never went through the model are scored. They are taken in training mode, as the model is while it trains.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from modyn.trainer.downsampling.api import Candidates


class RecordedScores:
    """The last value of each column for each sample of a training set.

    Args:
        size: samples of the training set.
    """

    def __init__(self, size: int) -> None:
        self._known = torch.zeros(size, dtype=torch.bool)
        self._left_out = torch.zeros(size, dtype=torch.bool)
        self._columns: dict[str, Tensor] = {}
        self._labels: Tensor | None = None

    def unknown(self) -> Tensor:
        """Places of the samples of which nothing is known, or no finite number, int64, ascending."""
        known = self._known.clone()
        for column in self._columns.values():
            known &= column.flatten(1).isfinite().all(dim=1) if column.ndim > 1 else column.isfinite()
        return (~known & ~self._left_out).nonzero().flatten()

    def leave_out(self, places: Tensor) -> None:
        """These samples, int64 [n], are no candidates."""
        self._left_out[places] = True

    def leave_out_unknown(self) -> None:
        """Samples of which nothing is known are no candidates."""
        self._left_out |= ~self._known

    def enter(self, places: Tensor, columns: Mapping[str, Tensor], labels: Tensor) -> None:
        """New values of some samples.

        Args:
            places: int64 [n], in the training set.
            columns: [n] each.
            labels: [n].
        """
        for name, column in columns.items():
            whole = self._columns.setdefault(
                name, column.new_zeros((len(self._known), *column.shape[1:]), device="cpu")
            )
            whole[places] = column.detach().to(whole)
        if self._labels is None:
            self._labels = labels.new_zeros((len(self._known), *labels.shape[1:]), device="cpu")
        self._labels[places] = labels.to(self._labels)
        self._known[places] = True

    def candidates(self) -> tuple[Candidates, Tensor]:
        """All samples of which something is known, and their places, int64 ascending."""
        places = (self._known & ~self._left_out).nonzero().flatten()
        columns = {name: column[places] for name, column in self._columns.items()}
        return Candidates(len(places), columns, None if self._labels is None else self._labels[places]), places

    def state_dict(self) -> dict[str, Any]:
        """All of it."""
        return {
            "known": self._known,
            "left_out": self._left_out,
            "columns": dict(self._columns),
            "labels": self._labels,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to it."""
        self._known, self._left_out = state["known"], state["left_out"]
        self._columns, self._labels = dict(state["columns"]), state["labels"]
