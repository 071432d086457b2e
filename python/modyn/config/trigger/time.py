"""A trigger for every so much time."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from modyn.config.durations import PositiveDuration
from modyn.config.section import Section


class TimeTriggerConfig(Section):
    """Fires in regular intervals of the samples' own time."""

    id: Literal["TimeTrigger"] = Field(description="Name of the policy.")
    every: PositiveDuration = Field(description="Time between triggers.")
    start_timestamp: int | None = Field(
        default=None, description="Where the first interval begins, in Unix seconds; at the first sample if null."
    )
