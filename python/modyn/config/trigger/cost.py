"""Triggers that weigh the cost of waiting against the cost of a training."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from modyn.config.trigger.batched import BatchedTriggerConfig
from modyn.config.trigger.performance import PerformanceCriterion, PerformanceWatchConfig, Share

_TRACKED = "Trainings from which the time of the next one is estimated."


class DataIncorporationLatencyCostTriggerConfig(BatchedTriggerConfig):
    """Fires when samples have waited for long enough to be worth a training."""

    id: Literal["DataIncorporationLatencyCostTrigger"] = Field(description="Name of the policy.")
    cost_tracking_window_size: int = Field(default=1000, ge=1, description=_TRACKED)
    incorporation_delay_per_training_second: float = Field(
        ge=0, description="Seconds of waiting, summed over samples, that are worth one second of training."
    )


class AvoidableMisclassificationCostTriggerConfig(PerformanceWatchConfig):
    """Fires when avoidable misclassifications are worth a training."""

    id: Literal["AvoidableMisclassificationCostTrigger"] = Field(description="Name of the policy.")
    cost_tracking_window_size: int = Field(default=1000, ge=1, description=_TRACKED)
    expected_accuracy: Share | None = Field(default=None, description="Accuracy of a fresh model; forecast if null.")
    allow_reduction: bool = Field(default=False, description="Whether an unexpectedly good interval lowers the number.")
    avoidable_misclassification_latency_per_training_second: float = Field(
        ge=0, description="Seconds of misclassification, summed over samples, that are worth one second of training."
    )
    decision_criteria: dict[str, PerformanceCriterion] = Field(
        default={}, description="Criteria of the performance trigger; this one decides by cost."
    )

    @property
    def needs_warmup(self) -> bool:
        return True
