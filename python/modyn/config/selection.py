"""The `selection_strategy` section: what a trigger trains on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from modyn.config.downsampling import DownsamplingConfig, NoDownsampling, RatioSection
from modyn.config.section import Section


class _Selection(Section):
    maximum_keys_in_memory: int = Field(
        default=1_000_000, ge=1, description="Size of the reference system's partitions."
    )
    processor_type: str | None = Field(default=None, description="The reference system's metadata processor.")
    limit: int = Field(default=-1, description="At most so many samples for a trigger; no limit if 0 or negative.")
    storage_backend: Literal["database", "local"] = Field(
        default="database", description="Where the reference system keeps what it has seen."
    )
    uses_weights: bool = Field(
        default=False, description="Whether every sample of a training set has a weight, which weights its loss."
    )
    tail_triggers: int | None = Field(
        default=None,
        ge=0,
        description="How many earlier triggers' data is kept; null for all of it, 0 for new data only.",
    )


class FreshnessSamplingStrategy(_Selection):
    """Mixes samples that were never trained on with such that were."""

    name: Literal["FreshnessSamplingStrategy"] = Field(description="Name of the strategy.")
    unused_data_ratio: int = Field(ge=1, le=99, description="Percentage of samples that were never trained on.")


class NewDataStrategy(_Selection):
    """Everything since the last trigger, and as much of what came before as tail_triggers says."""

    name: Literal["NewDataStrategy"] = Field(description="Name of the strategy.")
    limit_reset: Literal["lastX", "sampleUAR"] = Field(
        default="lastX", description="With a limit: keep the newest samples, or a uniform random choice."
    )


class PresamplingConfig(RatioSection):
    """Which samples get into the training set, decided without the model."""

    strategy: Literal["Random", "RandomNoReplacement", "LabelBalanced", "TriggerBalanced", "No"] = Field(
        description='Name of the strategy; "No" is written with quotes, since YAML reads a bare No as false.'
    )
    force_column_balancing: bool = Field(
        default=False, description="For the balanced strategies: cut all groups to the smallest."
    )
    force_required_target_size: bool = Field(
        default=False, description="Reach the target size even if the balance suffers."
    )


class CoresetStrategy(_Selection):
    """A chosen part of the data: presampling makes the training set, downsampling chooses from it while training."""

    name: Literal["CoresetStrategy"] = Field(description="Name of the strategy.")
    warmup_triggers: int = Field(default=0, ge=0, description="So many first triggers are trained on all data.")
    presampling_config: PresamplingConfig = Field(
        default=PresamplingConfig(strategy="No", ratio=100), description="Which samples get into the training set."
    )
    downsampling_config: DownsamplingConfig = Field(
        default=NoDownsampling(strategy="No"), description="Which of them are trained on: one strategy or several."
    )


SelectionConfig = Annotated[FreshnessSamplingStrategy | NewDataStrategy | CoresetStrategy, Field(discriminator="name")]
