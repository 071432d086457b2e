"""Means of the loss: of the epoch, and of the batches since the last record."""

from __future__ import annotations

import math
from typing import Any

import torch


class LossRecord:
    """Sums up losses, on a GPU by itself, so that the loop need not wait for it after every batch.

    Args:
        device: where the losses are.
        every: record a mean after so many batches; 0 for never.
    """

    def __init__(self, device: torch.device, every: int) -> None:
        self._every = every
        # Since `_settle`, times samples; a loss on the CPU is at hand, and adding Python's numbers costs nothing.
        self._at_hand = device.type == "cpu"
        self._open_sum = 0.0
        self._open = torch.zeros((), dtype=torch.float64, device=device)
        self._open_samples = 0
        self._window_sum = 0.0
        self._window_samples = 0
        self._due = False  # a record, as soon as there are samples
        self._epoch_sum = 0.0
        self._epoch_samples = 0
        self.final: float | None = None
        self.losses: list[tuple[int, float]] = []

    def add(self, batch: int, loss: torch.Tensor, samples: int) -> None:
        """The mean loss of global batch `batch`, counted from 0."""
        if self._at_hand:
            self._open_sum += loss.item() * samples
        else:
            self._open.add_(loss.detach(), alpha=samples)
        self._open_samples += samples
        self._due |= self._every > 0 and (batch + 1) % self._every == 0
        if self._due and self._window_samples + self._open_samples:
            self._due = False
            self._settle()
            self.losses.append((batch + 1, self._window_sum / self._window_samples))
            self._window_sum, self._window_samples = 0.0, 0

    def epoch_mean(self) -> float:
        """Mean over the samples of this epoch so far; waits for the device."""
        # Without `_settle`: when this is asked depends on the clock, and the sums must not.
        samples = self._epoch_samples + self._open_samples
        return (self._epoch_sum + self._open_total()) / samples if samples else math.nan

    def end_epoch(self) -> float:
        """Mean over the samples of the epoch that ends."""
        self._settle()
        if self._epoch_samples:  # else all samples that it kept wait for a step
            self.final = self.epoch_mean()
        self._epoch_sum, self._epoch_samples = 0.0, 0
        return math.nan if self.final is None else self.final

    def finish(self) -> None:
        """The training is over, perhaps within an epoch."""
        if self._epoch_samples or self._open_samples:
            self.end_epoch()

    def state_dict(self) -> dict[str, Any]:
        self._settle()
        return {
            "window": [self._window_sum, self._window_samples],
            "epoch": [self._epoch_sum, self._epoch_samples],
            "due": self._due,
            "final": self.final,
            "losses": [list(pair) for pair in self.losses],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._window_sum, self._window_samples = state["window"]
        self._epoch_sum, self._epoch_samples = state["epoch"]
        self._due = state["due"]
        self.final = state["final"]
        self.losses = [(batch, loss) for batch, loss in state["losses"]]

    def _settle(self) -> None:
        if not self._open_samples:
            return
        total = self._open_total()
        self._window_sum += total
        self._window_samples += self._open_samples
        self._epoch_sum += total
        self._epoch_samples += self._open_samples
        self._open.zero_()
        self._open_sum = 0.0
        self._open_samples = 0

    def _open_total(self) -> float:
        return self._open_sum if self._at_hand else float(self._open.item())
