"""The `model` and `model_storage` sections."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from modyn.config.code import model_name
from modyn.config.section import Options, Section

ModelName = Annotated[str, AfterValidator(model_name)]


class ModelConfig(Section):
    """The model to train."""

    id: ModelName = Field(
        description="A name of the model zoo, or `module:Class` for a class of your own in a module beside the file."
    )
    config: Options = Field(default={}, description="Keyword arguments for the model.")


class _StorageStrategy(Section):
    config: Options = Field(default={}, description="Options of the strategy.")
    zip: bool | None = Field(default=None, description="Whether the reference system compresses the file.")
    zip_algorithm: str = Field(default="ZIP_DEFLATED", description="How the reference system compresses the file.")


class FullModelStrategy(_StorageStrategy):
    """How whole models are stored."""

    name: Literal["PyTorchFullModel", "BinaryFullModel"] = Field(description="Both store safetensors.")


class IncrementalModelStrategy(_StorageStrategy):
    """How models are stored as differences from an earlier one."""

    name: Literal["WeightsDifference"] = Field(description="Name of the strategy.")
    full_model_interval: int | None = Field(
        default=None, ge=1, description="Every how many triggers a whole model is stored; only the first if null."
    )


class ModelStorageConfig(Section):
    """How trained models are stored."""

    full_model_strategy: FullModelStrategy = Field(
        default=FullModelStrategy(name="PyTorchFullModel"), description="How whole models are stored."
    )
    incremental_model_strategy: IncrementalModelStrategy | None = Field(
        default=None, description="How differences are stored; null to store only whole models."
    )
