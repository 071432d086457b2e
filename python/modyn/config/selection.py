"""The `selection_strategy` section: what a trigger trains on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from modyn.config.downsampling import DownsamplingConfig, NoDownsampling, RatioSection
from modyn.config.plugin import PLUGIN, PolicyChoice, not_one_of
from modyn.config.section import Issue, Options, Section, rule
from modyn.plugins import SELECTION_STRATEGIES

# The name, and what has no effect.
_NO_OPTIONS = {"name", "maximum_keys_in_memory", "processor_type", "storage_backend"}


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

    def options(self) -> dict[str, Any]:
        """The keyword arguments that the strategy is made with."""
        return {name: getattr(self, name) for name in type(self).model_fields if name not in _NO_OPTIONS}


class FreshnessSamplingStrategy(_Selection):
    """Mixes samples that were never trained on with such that were."""

    name: Literal["FreshnessSamplingStrategy"] = Field(description="Name of the strategy.")
    unused_data_ratio: int = Field(ge=1, le=99, description="Percentage of samples that were never trained on.")

    @rule
    def used_data_stays_in_the_window(self) -> Iterator[Issue]:
        if self.tail_triggers == 0:
            what = "with tail_triggers 0 no sample that was trained on is left to be mixed in"
            yield Issue(("tail_triggers",), what, "null, or at least 1")


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

    @rule
    def nothing_is_left_out_without_presampling(self) -> Iterator[Issue]:
        if self.strategy == "No" and self.ratio != self.ratio_max:
            what = f'strategy "No" keeps everything, not {self.ratio} of {self.ratio_max}'
            yield Issue(("ratio",), what, f"ratio {self.ratio_max}, or a strategy that chooses, such as Random")


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

    @rule
    def several_triggers_are_balanced(self) -> Iterator[Issue]:
        if self.presampling_config.strategy == "TriggerBalanced" and self.tail_triggers == 0:
            what = "with tail_triggers 0 there is only one trigger's data, and nothing to balance"
            yield Issue(("tail_triggers",), what, "null, or at least 1")


class PluginStrategy(Section):
    """A strategy that is not part of Modyn: a class of yours, or one that an installed package publishes."""

    name: str = Field(
        description="`module:Class` beside the pipeline file or installed, or a name that a package publishes.",
        json_schema_extra=not_one_of(SELECTION_STRATEGIES.own),
    )
    config: Options = Field(default={}, description="The keyword arguments that the class is made with.")

    def options(self) -> dict[str, Any]:
        """The keyword arguments that the strategy is made with."""
        return dict(self.config)


SelectionConfig = Annotated[
    Annotated[FreshnessSamplingStrategy, Tag("FreshnessSamplingStrategy")]
    | Annotated[NewDataStrategy, Tag("NewDataStrategy")]
    | Annotated[CoresetStrategy, Tag("CoresetStrategy")]
    | Annotated[PluginStrategy, Tag(PLUGIN)],
    Discriminator(PolicyChoice("name", SELECTION_STRATEGIES, SELECTION_STRATEGIES.own)),
]
