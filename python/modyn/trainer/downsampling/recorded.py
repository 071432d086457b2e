"""Scores that the training itself leaves behind, so that choosing again needs no pass over the data.

Every step runs samples through the model anyway. What a downsampler measures of them is remembered by their place in
the training set, and a later choice takes these numbers: at most an epoch old for what was trained on, and those of the
pass before the first choice for what never was. They are taken in training mode, as the model is while it trains.
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
        self._size = size
        self._places: Tensor | None = None
        self._columns: dict[str, Tensor] = {}
        self._labels: Tensor | None = None

    @property
    def known(self) -> bool:
        """Whether there was a pass over all."""
        return self._places is not None

    def begin(self, places: Tensor, candidates: Candidates) -> None:
        """What a pass over all gave; its candidates are those of all later choices.

        Args:
            places: int64 [n], where they are in the training set, ascending.
            candidates: n of them.
        """
        assert candidates.labels is not None, "a pass reads labels"
        self._places = places
        self._columns = {
            name: torch.zeros((self._size, *column.shape[1:]), dtype=column.dtype)
            for name, column in candidates.columns.items()
        }
        self._labels = candidates.labels.cpu()
        self.enter(places, candidates.columns)

    def enter(self, places: Tensor, columns: Mapping[str, Tensor]) -> None:
        """New values of some samples.

        Args:
            places: int64 [n], in the training set.
            columns: [n, ...] each.
        """
        for name, column in columns.items():
            whole = self._columns[name]
            whole[places] = column.detach().to(whole)

    def candidates(self) -> tuple[Candidates, Tensor]:
        """The candidates and their places, int64 ascending."""
        assert self._places is not None, "a pass comes before"
        columns = {name: column[self._places] for name, column in self._columns.items()}
        return Candidates(len(self._places), columns, self._labels), self._places

    def state_dict(self) -> dict[str, Any]:
        """All of it."""
        return {"places": self._places, "columns": dict(self._columns), "labels": self._labels}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to it."""
        self._places, self._columns, self._labels = state["places"], dict(state["columns"]), state["labels"]
