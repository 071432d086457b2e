"""The DLRM schedule, value by value."""

from __future__ import annotations

import pytest
import torch

from modyn.trainer.dlrm_scheduler import DLRMScheduler

OPTIONS = {
    "warmup_steps": 4,
    "warmup_factor": 1,
    "decay_start_step": 6,
    "decay_steps": 4,
    "decay_power": 2,
    "end_lr_factor": 0.1,
}


def optimizers() -> list[torch.optim.Optimizer]:
    parameters = [torch.nn.Parameter(torch.zeros(1)) for _ in range(3)]
    return [
        torch.optim.SGD([{"params": parameters[:1]}, {"params": parameters[1:2]}], lr=99),
        torch.optim.SGD(parameters[2:], lr=99),
    ]


def test_factors_through_warm_up_plateau_and_decay() -> None:
    scheduler = DLRMScheduler(optimizers(), base_lrs=[[1, 1], [1]], **OPTIONS)
    factors = [scheduler.factor(step) for step in range(1, 13)]
    warm_up = [1 - 3 / 8, 1 - 2 / 8, 1 - 1 / 8, 1]
    plateau = [1, 1]
    decay = [(3 / 4) ** 2, (2 / 4) ** 2, 0.1, 0.1]  # (1/4)^2 and 0 are below the end factor
    assert factors == pytest.approx([*warm_up, *plateau, *decay, 0.1, 0.1])


def test_rates_of_all_groups_follow_from_the_first_step_on() -> None:
    chosen = optimizers()
    scheduler = DLRMScheduler(chosen, base_lrs=[[8, 16], [80]], **OPTIONS)

    def rates() -> list[float]:
        return [group["lr"] for optimizer in chosen for group in optimizer.param_groups]

    assert rates() == [5, 10, 50]
    scheduler.step()
    assert rates() == [6, 12, 60]


def test_no_warm_up_begins_at_the_full_rate() -> None:
    options = OPTIONS | {"warmup_steps": 0}
    assert DLRMScheduler(optimizers(), base_lrs=[[1, 1], [1]], **options).factor(1) == 1


def test_state_brings_back_the_step() -> None:
    scheduler = DLRMScheduler(optimizers(), base_lrs=[[1, 1], [1]], **OPTIONS)
    scheduler.step()
    scheduler.step()
    chosen = optimizers()
    DLRMScheduler(chosen, base_lrs=[[1, 1], [1]], **OPTIONS).load_state_dict(scheduler.state_dict())
    assert chosen[1].param_groups[0]["lr"] == scheduler.factor(3)


def test_a_decay_within_the_warm_up_is_refused() -> None:
    with pytest.raises(ValueError, match="decay_start_step 3 lies within the warm-up of 4"):
        DLRMScheduler(optimizers(), base_lrs=[[1, 1], [1]], **(OPTIONS | {"decay_start_step": 3}))


def test_rates_that_do_not_fit_the_groups_are_refused() -> None:
    with pytest.raises(ValueError, match=r"base_lrs \[\[1\], \[1\]\]"):
        DLRMScheduler(optimizers(), base_lrs=[[1], [1]], **OPTIONS)
