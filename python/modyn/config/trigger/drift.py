"""A trigger for data that drifts away from what the model was trained on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from modyn.config.durations import PositiveDuration
from modyn.config.section import Issue, Section, rule
from modyn.config.trigger.batched import BatchedTriggerConfig
from modyn.config.trigger.drift_metrics import DriftMetricConfig

_OVERLAP = "Whether samples of the current window may be in the reference window too."


class AmountWindowingStrategy(Section):
    """Windows of so many samples."""

    id: Literal["AmountWindowingStrategy"] = Field(description="Name of the strategy.")
    amount_ref: int = Field(default=1000, ge=1, description="Samples in the reference window.")
    amount_cur: int = Field(default=1000, ge=1, description="Samples in the current window.")
    allow_overlap: bool = Field(default=False, description=_OVERLAP)


class TimeWindowingStrategy(Section):
    """Windows of so much time."""

    id: Literal["TimeWindowingStrategy"] = Field(description="Name of the strategy.")
    limit_ref: PositiveDuration = Field(description="Length of the reference window.")
    limit_cur: PositiveDuration = Field(description="Length of the current window.")
    allow_overlap: bool = Field(default=False, description=_OVERLAP)


WindowingStrategy = Annotated[AmountWindowingStrategy | TimeWindowingStrategy, Field(discriminator="id")]


class MajorityVote(Section):
    """More than half must agree."""

    id: Literal["MajorityVote"] = Field(description="Name of the strategy.")


class AtLeastN(Section):
    """So many must agree."""

    id: Literal["AtLeastN"] = Field(description="Name of the strategy.")
    n: int = Field(ge=1, description="How many.")


VoteConfig = Annotated[MajorityVote | AtLeastN, Field(discriminator="id")]


def check_votes(key: str, vote: VoteConfig, voters: int, kind: str) -> Iterator[Issue]:
    """A vote that can never succeed, under `key`."""
    if isinstance(vote, AtLeastN) and voters and vote.n > voters:
        yield Issue((key, "n"), f"{vote.n} of {voters} {kind} can never agree", f"at most {voters}")


class DataDriftTriggerConfig(BatchedTriggerConfig):
    """Fires when a current window of samples differs from a reference window, as the model sees them."""

    id: Literal["DataDriftTrigger"] = Field(description="Name of the policy.")
    windowing_strategy: WindowingStrategy = Field(
        default=AmountWindowingStrategy(id="AmountWindowingStrategy"), description="What the two windows hold."
    )
    sample_size: int | None = Field(default=5000, ge=1, description="At most so many samples of a window are compared.")
    metrics: dict[str, DriftMetricConfig] = Field(
        min_length=1, description="Distances of the windows, by a name of yours."
    )
    aggregation_strategy: VoteConfig = Field(
        default=MajorityVote(id="MajorityVote"), description="How many metrics must see a drift."
    )

    @property
    def needs_warmup(self) -> bool:
        return any(metric.decision_criterion.needs_calibration for metric in self.metrics.values())

    @rule
    def votes_can_succeed(self) -> Iterator[Issue]:
        yield from check_votes("aggregation_strategy", self.aggregation_strategy, len(self.metrics), "metrics")
