"""A trigger for every so many samples."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from modyn.config.section import Section


class DataAmountTriggerConfig(Section):
    """Fires after every `num_samples` samples."""

    id: Literal["DataAmountTrigger"] = Field(description="Name of the policy.")
    num_samples: int = Field(ge=1, description="Number of samples between triggers.")
