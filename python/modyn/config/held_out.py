"""How the auxiliary models of RHO-LOSS are trained: a `training` section and a model."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from modyn.config.model import ModelName
from modyn.config.section import Options
from modyn.config.training import CheckpointingConfig, TrainingConfig


class NoCheckpointing(CheckpointingConfig):
    """No checkpoints."""

    activated: Literal[False] = Field(
        default=False, description="The irreducible-loss model is trained without checkpoints."
    )


class IlTrainingConfig(TrainingConfig):
    """How the irreducible-loss model is trained."""

    num_samples_to_pass: None = Field(
        default=None, description="The irreducible-loss model is trained in whole epochs."
    )
    initial_model: Literal["random"] = Field(
        default="random", description="The irreducible-loss model starts from scratch."
    )
    checkpointing: NoCheckpointing = Field(default=NoCheckpointing(), description="None.")
    record_history: Literal[False] = Field(
        default=False, description="The training history is that of the pipeline's own model."
    )
    drop_last_batch: bool = Field(default=False, description="Whether to leave out the last batch if it is not full.")
    il_model_id: ModelName = Field(description="The irreducible-loss model: as model.id.")
    il_model_config: Options = Field(default={}, description="Keyword arguments of the irreducible-loss model.")
