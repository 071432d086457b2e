"""What triggers share that decide on batches of samples and can warm up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from modyn.config.section import Issue, Section, rule
from modyn.config.trigger.amount import DataAmountTriggerConfig
from modyn.config.trigger.time import TimeTriggerConfig

WarmupPolicy = Annotated[TimeTriggerConfig | DataAmountTriggerConfig, Field(discriminator="id")]


class BatchedTriggerConfig(Section):
    """A decision for every so many samples, at first by a simple warm-up policy."""

    evaluation_interval_data_points: int = Field(ge=1, description="Samples between decisions.")
    warmup_intervals: int | None = Field(
        default=None, ge=0, description="So many first decisions are left to the warm-up policy."
    )
    warmup_policy: WarmupPolicy | None = Field(default=None, description="Decides while warming up.")

    @property
    def needs_warmup(self) -> bool:
        """Whether a criterion has to see data before it can decide."""
        return False

    @rule
    def calibration_has_a_policy(self) -> Iterator[Issue]:
        if self.needs_warmup and self.warmup_policy is None:
            what = "a criterion has to be calibrated, but there is no 'warmup_policy'"
            yield Issue((), what, "a TimeTrigger or a DataAmountTrigger")
