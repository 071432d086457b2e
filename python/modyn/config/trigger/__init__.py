"""The `trigger` section: when to train. One module for each policy."""

from __future__ import annotations

from modyn.config.trigger.amount import DataAmountTriggerConfig
from modyn.config.trigger.cost import (
    AvoidableMisclassificationCostTriggerConfig,
    DataIncorporationLatencyCostTriggerConfig,
)
from modyn.config.trigger.drift import DataDriftTriggerConfig
from modyn.config.trigger.ensemble import EnsembleTriggerConfig, TriggerConfig
from modyn.config.trigger.performance import PerformanceTriggerConfig
from modyn.config.trigger.time import TimeTriggerConfig

__all__ = [
    "AvoidableMisclassificationCostTriggerConfig",
    "DataAmountTriggerConfig",
    "DataDriftTriggerConfig",
    "DataIncorporationLatencyCostTriggerConfig",
    "EnsembleTriggerConfig",
    "PerformanceTriggerConfig",
    "TimeTriggerConfig",
    "TriggerConfig",
]
