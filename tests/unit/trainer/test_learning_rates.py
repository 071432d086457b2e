"""Optimizers and schedulers, as configured, against torch by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from modyn.config.training import LrSchedulerConfig, OptimizerConfig
from modyn.errors import ModelError, UnsupportedError
from modyn.trainer.optimizers import build_optimizers, parameters_of
from modyn.trainer.schedulers import build_schedule


class Nested(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.bottom = nn.ModuleDict({"embeddings": nn.Embedding(3, 2)})
        self.layers = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
        self.scale = nn.Parameter(torch.ones(1))
        self.width = 2


def optimizer_config(**fields: Any) -> OptimizerConfig:
    default = {"name": "default", "algorithm": "SGD", "param_groups": [{"module": "model", "config": {"lr": 0.5}}]}
    return OptimizerConfig.model_validate(default | fields)


def scheduler_config(name: str, config: dict[str, Any], **fields: Any) -> LrSchedulerConfig:
    return LrSchedulerConfig.model_validate({"name": name, "optimizers": ["default"], "config": config} | fields)


def test_parts_of_the_model_are_found_by_path() -> None:
    model = Nested()
    assert len(parameters_of(model, "model")) == 6
    assert parameters_of(model, "model.bottom.embeddings") == [model.bottom["embeddings"].weight]
    assert parameters_of(model, "model.layers.2") == list(model.layers[2].parameters())
    assert parameters_of(model, "model.scale") == [model.scale]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("layers", "the path begins with 'model'"),
        ("model.layer", "model has no part 'layer', only bottom, layers, scale"),
        ("model.bottom.embedding", "model.bottom has no part 'embedding', only embeddings"),
        ("model.layers.1", "has no parameters"),
        ("model.width", "is a int, not a module"),
        ("model.__class__", "is a type, not a module"),
        ("model.layers[0]", "has no part 'layers"),
    ],
)
def test_paths_that_lead_nowhere_are_refused(path: str, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        parameters_of(Nested(), path)
    assert message in str(caught.value)


def test_groups_and_optimizers_get_their_own_settings() -> None:
    model = Nested()
    groups = [
        {"module": "model.layers", "config": {"lr": 0.1, "momentum": 0.9}},
        {"module": "model.scale", "config": {"lr": 0.2}},
    ]
    embeddings = [{"module": "model.bottom", "config": {"lr": 0.3, "betas": [0.5, 0.6]}}]
    first, second = build_optimizers(
        [
            optimizer_config(param_groups=groups),
            optimizer_config(name="embeddings", algorithm="Adam", param_groups=embeddings),
        ],
        model,
    ).values()
    assert isinstance(first, torch.optim.SGD)
    assert [(group["lr"], group["momentum"]) for group in first.param_groups] == [(0.1, 0.9), (0.2, 0)]
    assert isinstance(second, torch.optim.Adam)
    assert second.param_groups[0]["params"] == [model.bottom["embeddings"].weight]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"lr": -1}, "SGD does not take"),
        ({"lr": "1e-3"}, "lr is the string '1e-3' to YAML, write 0.001"),
        ({"lr": 0.1, "momentun": 0.9}, "SGD does not take .*momentun"),
    ],
)
def test_options_that_do_not_fit_are_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        build_optimizers([optimizer_config(param_groups=[{"module": "model", "config": config}])], Nested())


def test_a_parameter_in_two_groups_is_refused() -> None:
    groups = [{"module": "model", "config": {"lr": 0.1}}, {"module": "model.scale", "config": {"lr": 0.1}}]
    with pytest.raises(ModelError, match="optimizer 'default': SGD cannot be built"):
        build_optimizers([optimizer_config(param_groups=groups)], Nested())


@pytest.mark.parametrize("fields", [{"algorithm": "LBFGS"}, {"algorithm": "FusedAdam", "source": "APEX"}])
def test_optimizers_that_cannot_run_are_refused_by_name(fields: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedError, match="'default'"):
        build_optimizers([optimizer_config(**fields)], Nested())


@pytest.mark.parametrize(
    ("name", "config", "by_hand"),
    [
        ("StepLR", {"step_size": 2, "gamma": 0.5}, {"step_size": 2, "gamma": 0.5}),
        ("CosineAnnealingLR", {"T_max": "MODYN_NUM_BATCHES"}, {"T_max": 12}),
        ("MultiStepLR", {"milestones": ["MODYN_NUM_EPOCHS", "MODYN_NUM_BATCHES"]}, {"milestones": [3, 12]}),
        ("OneCycleLR", {"max_lr": 1.0, "total_steps": "MODYN_NUM_BATCHES"}, {"max_lr": 1.0, "total_steps": 12}),
        ("ExponentialLR", {"gamma": 0.9}, {"gamma": 0.9}),
    ],
)
def test_schedulers_step_as_torch_by_hand(name: str, config: dict[str, Any], by_hand: dict[str, Any]) -> None:
    ours = build_optimizers([optimizer_config()], nn.Linear(1, 1))
    schedule = build_schedule(scheduler_config(name, config, step_every="batch"), ours, batches=12, epochs=3)
    theirs = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.5)
    scheduler = getattr(torch.optim.lr_scheduler, name)(theirs, **by_hand)
    for batch in range(12):
        assert ours["default"].param_groups[0]["lr"] == theirs.param_groups[0]["lr"], f"batch {batch}"
        ours["default"].step()
        theirs.step()
        schedule.after_batch(torch.tensor(1.0))
        schedule.after_epoch(1.0)  # has no effect on a schedule by batch
        scheduler.step()


def test_placeholders_are_replaced_in_nested_options() -> None:
    optimizers = build_optimizers([optimizer_config()], nn.Linear(1, 1))
    config = scheduler_config(
        "DLRMScheduler",
        {
            "base_lrs": [["MODYN_NUM_EPOCHS"]],
            "warmup_steps": 0,
            "warmup_factor": 0,
            "decay_start_step": "MODYN_NUM_BATCHES",
            "decay_steps": 1,
            "decay_power": 1,
            "end_lr_factor": 0,
        },
        source="Custom",
    )
    build_schedule(config, optimizers, batches=12, epochs=3)
    assert optimizers["default"].param_groups[0]["lr"] == 3


def test_a_plateau_scheduler_goes_by_the_loss_of_the_epoch() -> None:
    optimizers = build_optimizers([optimizer_config()], nn.Linear(1, 1))
    config = scheduler_config("ReduceLROnPlateau", {"patience": 0, "factor": 0.1})
    schedule = build_schedule(config, optimizers, batches=12, epochs=3)
    for loss in (1.0, 0.5):
        schedule.after_epoch(loss)
    assert optimizers["default"].param_groups[0]["lr"] == 0.5
    schedule.after_epoch(0.6)
    assert optimizers["default"].param_groups[0]["lr"] == pytest.approx(0.05)


def test_scheduler_options_that_do_not_fit_are_refused() -> None:
    optimizers = build_optimizers([optimizer_config()], nn.Linear(1, 1))
    with pytest.raises(ModelError, match=r"lr_scheduler 'StepLR' does not take .*stepsize"):
        build_schedule(scheduler_config("StepLR", {"stepsize": 1}), optimizers, batches=1, epochs=1)


def test_schedulers_made_of_functions_are_refused_by_name() -> None:
    optimizers = build_optimizers([optimizer_config()], nn.Linear(1, 1))
    with pytest.raises(UnsupportedError, match="LambdaLR"):
        build_schedule(scheduler_config("LambdaLR", {}), optimizers, batches=1, epochs=1)
