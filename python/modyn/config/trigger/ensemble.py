"""A trigger made of triggers, and the union of all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Union

from pydantic import Field

from modyn.config.section import Issue, Section, rule
from modyn.config.trigger.amount import DataAmountTriggerConfig
from modyn.config.trigger.cost import (
    AvoidableMisclassificationCostTriggerConfig,
    DataIncorporationLatencyCostTriggerConfig,
)
from modyn.config.trigger.drift import DataDriftTriggerConfig, MajorityVote, VoteConfig, check_votes
from modyn.config.trigger.performance import PerformanceTriggerConfig
from modyn.config.trigger.time import TimeTriggerConfig


class EnsembleTriggerConfig(Section):
    """Fires when enough of its triggers have fired."""

    id: Literal["EnsembleTrigger"] = Field(description="Name of the policy.")
    subtriggers: dict[str, TriggerConfig] = Field(default={}, description="The triggers, by a name of yours.")
    ensemble_strategy: VoteConfig = Field(
        default=MajorityVote(id="MajorityVote"), description="How many must have fired."
    )

    @rule
    def votes_can_succeed(self) -> Iterator[Issue]:
        yield from check_votes("ensemble_strategy", self.ensemble_strategy, len(self.subtriggers), "subtriggers")


TriggerConfig = Annotated[
    Union[  # noqa: UP007 (EnsembleTriggerConfig refers to the union)
        DataAmountTriggerConfig,
        TimeTriggerConfig,
        DataDriftTriggerConfig,
        PerformanceTriggerConfig,
        DataIncorporationLatencyCostTriggerConfig,
        AvoidableMisclassificationCostTriggerConfig,
        EnsembleTriggerConfig,
    ],
    Field(discriminator="id"),
]

EnsembleTriggerConfig.model_rebuild()
