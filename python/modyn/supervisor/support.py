"""What the schema knows and this version cannot run is refused here, by name, before anything is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modyn.config import PipelineConfig
from modyn.config.downsampling import RHOLossDownsampling, single_strategies
from modyn.config.model import ModelConfig
from modyn.config.selection import CoresetStrategy, SelectionConfig
from modyn.errors import UnsupportedError
from modyn.model_storage.local import check_supported as check_model_storage
from modyn.models.names import check_supported as check_model
from modyn.supervisor.datasets import dataset_settings
from modyn.triggers import build_trigger


def check_supported(config: PipelineConfig) -> None:
    """Raise UnsupportedError naming everything in `config` that this version cannot run."""
    checks: list[tuple[Callable[[Any], Any], Any]] = [
        (build_trigger, config.trigger),
        (_check_held_out_models, config.selection_strategy),
        (check_model_storage, config.model_storage),
        (check_model, config.model),
        (_check_training, config),
        (_check_datasets, config),
    ]
    reasons = []
    for check, section in checks:
        try:
            check(section)
        except UnsupportedError as error:
            reasons.append(str(error))
    if reasons:
        raise UnsupportedError("\n".join(reasons))


def _check_held_out_models(config: SelectionConfig) -> None:
    if not isinstance(config, CoresetStrategy):
        return
    for _, single in single_strategies(config.downsampling_config):
        if isinstance(single, RHOLossDownsampling):
            training = single.il_training_config
            check_model(ModelConfig(id=training.il_model_id, config=training.il_model_config))


def _check_training(config: PipelineConfig) -> None:
    if config.training.initial_model == "pretrained":
        raise UnsupportedError(
            "training.initial_model 'pretrained' names a model of the reference system's database, which a workspace "
            "does not have; use 'random'"
        )
    apex = [optimizer.name for optimizer in config.training.optimizers if optimizer.source != "PyTorch"]
    if apex:
        raise UnsupportedError(f"optimizer '{apex[0]}': source APEX cannot be run yet; use source PyTorch")


def _check_datasets(config: PipelineConfig) -> None:
    for dataset in config.datasets:
        dataset_settings(dataset)
