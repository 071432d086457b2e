"""Trigger policies: `build_trigger` makes the one that a pipeline asks for."""

from __future__ import annotations

from modyn.config.trigger import DataAmountTriggerConfig, TimeTriggerConfig, TriggerConfig
from modyn.errors import UnsupportedError
from modyn.triggers.amount import DataAmountTrigger
from modyn.triggers.api import Trigger
from modyn.triggers.time import TimeTrigger

__all__ = ["build_trigger"]


def build_trigger(config: TriggerConfig) -> Trigger:
    """The policy of a pipeline's `trigger` section, in its initial state.

    Raises:
        UnsupportedError: the schema knows the policy, but this version cannot run it.
    """
    match config:
        case DataAmountTriggerConfig():
            return DataAmountTrigger(config.num_samples)
        case TimeTriggerConfig():
            return TimeTrigger(config.every.seconds, config.start_timestamp)
        case _:
            raise UnsupportedError(
                f"trigger.id '{config.id}' cannot be run by this version; use 'DataAmountTrigger' or 'TimeTrigger'"
            )
