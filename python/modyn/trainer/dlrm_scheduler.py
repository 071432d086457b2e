"""The learning-rate schedule of the DLRM recommendation model: warm-up, plateau, polynomial decay."""

from __future__ import annotations

from typing import Any

import torch


class DLRMScheduler:
    """Scales the learning rates of several optimizers by one factor.

    Step s counts from 1 and trains with factor(s), so the first step is warmed up already:

    - s <= W: 1 - (W - s) / (W * 2^f), the warm-up
    - start < s <= start + D: max(((start + D - s) / D)^p, e), the decay
    - s > start + D: e
    - otherwise 1

    Args:
        optimizers: in the order of `base_lrs`.
        base_lrs: the learning rates at factor 1, for each parameter group of each optimizer.
        warmup_steps: W.
        warmup_factor: f.
        decay_start_step: start; not before the warm-up ends.
        decay_steps: D.
        decay_power: p.
        end_lr_factor: e.

    Raises:
        ValueError: the decay starts within the warm-up, or `base_lrs` does not fit the optimizers.
    """

    def __init__(
        self,
        optimizers: list[torch.optim.Optimizer],
        *,
        base_lrs: list[list[float]],
        warmup_steps: int,
        warmup_factor: float,
        decay_start_step: int,
        decay_steps: int,
        decay_power: float,
        end_lr_factor: float,
    ) -> None:
        if decay_start_step < warmup_steps:
            raise ValueError(
                f"decay_start_step {decay_start_step} lies within the warm-up of {warmup_steps} steps; "
                "let the decay start later"
            )
        groups = [len(optimizer.param_groups) for optimizer in optimizers]
        if [len(rates) for rates in base_lrs] != groups:
            raise ValueError(
                f"base_lrs {base_lrs} needs one rate for each parameter group; the optimizers have {groups} groups"
            )
        self._optimizers = optimizers
        self._base_lrs = base_lrs
        self._warmup_steps = warmup_steps
        self._warmup_factor = warmup_factor
        self._decay_start_step = decay_start_step
        self._decay_steps = decay_steps
        self._decay_power = decay_power
        self._end_lr_factor = end_lr_factor
        self._step = 1
        self._apply()

    def step(self) -> None:
        """Go on to the next step."""
        self._step += 1
        self._apply()

    def factor(self, step: int) -> float:
        """The factor of a step, counted from 1."""
        if step <= self._warmup_steps:
            return 1 - (self._warmup_steps - step) / (self._warmup_steps * 2**self._warmup_factor)
        end = self._decay_start_step + self._decay_steps
        if step > end:
            return self._end_lr_factor
        if step > self._decay_start_step:
            return float(max(((end - step) / self._decay_steps) ** self._decay_power, self._end_lr_factor))
        return 1.0

    def state_dict(self) -> dict[str, Any]:
        return {"step": self._step}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._step = state["step"]
        self._apply()

    def _apply(self) -> None:
        factor = self.factor(self._step)
        for optimizer, rates in zip(self._optimizers, self._base_lrs, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor
