"""A trigger for a model that performs worse than it should."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from modyn.config.code import check_function
from modyn.config.evaluation import EvaluationDatasetConfig
from modyn.config.section import Issue, Section, rule
from modyn.config.spelling import listed, nearest
from modyn.config.trigger.batched import BatchedTriggerConfig

_METRIC = "Name of the metric that is watched, such as Accuracy."
_WINDOW = "How many earlier values are remembered."
_CALIBRATION = "Says whether the criterion has to see data first; it may be left out."
Share = Annotated[float, Field(ge=0, le=1)]


class StaticPerformanceThresholdCriterion(Section):
    """Fires if the metric falls to a threshold."""

    id: Literal["StaticPerformanceThresholdCriterion"] = Field(description="Name of the criterion.")
    needs_calibration: Literal[False] = Field(default=False, description=_CALIBRATION)
    metric: str = Field(description=_METRIC)
    metric_threshold: float = Field(default=0.0, description="The threshold.")


class DynamicQuantilePerformanceThresholdCriterion(Section):
    """Fires if the metric is among the lowest of the remembered values."""

    id: Literal["DynamicQuantilePerformanceThresholdCriterion"] = Field(description="Name of the criterion.")
    needs_calibration: Literal[True] = Field(default=True, description=_CALIBRATION)
    metric: str = Field(description=_METRIC)
    window_size: int = Field(default=10, ge=1, description=_WINDOW)
    quantile: Share = Field(default=0.05, description="The share that counts as lowest.")


class DynamicRollingAveragePerformanceThresholdCriterion(Section):
    """Fires if the metric is well below the average of the remembered values."""

    id: Literal["DynamicRollingAveragePerformanceThresholdCriterion"] = Field(description="Name of the criterion.")
    needs_calibration: Literal[True] = Field(default=True, description=_CALIBRATION)
    metric: str = Field(description=_METRIC)
    window_size: int = Field(default=10, ge=1, description=_WINDOW)
    deviation: float = Field(default=0.05, ge=0, description="How far below.")
    absolute: bool = Field(default=False, description="Whether the deviation is a value, or a share of the average.")


class StaticNumberMisclassificationCriterion(Section):
    """Fires if so many misclassifications could have been avoided since the last trigger."""

    id: Literal["StaticNumberMisclassificationCriterion"] = Field(description="Name of the criterion.")
    needs_calibration: Literal[True] = Field(default=True, description=_CALIBRATION)
    avoidable_misclassification_threshold: int = Field(ge=1, description="How many.")
    expected_accuracy: Share | None = Field(default=None, description="Accuracy of a fresh model; forecast if null.")
    allow_reduction: bool = Field(default=False, description="Whether an unexpectedly good interval lowers the number.")


PerformanceCriterion = Annotated[
    StaticPerformanceThresholdCriterion
    | DynamicQuantilePerformanceThresholdCriterion
    | DynamicRollingAveragePerformanceThresholdCriterion
    | StaticNumberMisclassificationCriterion,
    Field(discriminator="id"),
]


class PerformanceEvaluationConfig(Section):
    """How the current model is evaluated on new samples."""

    device: str = Field(min_length=1, description="auto, cpu, cuda or cuda:N.")
    dataset: EvaluationDatasetConfig = Field(description="As in evaluation.datasets; must measure Accuracy.")
    label_transformer_function: str | None = Field(
        default=None,
        description="Python source of `label_transformer_function(labels)`, applied to each batch of labels.",
    )

    @rule
    def code_is_valid(self) -> Iterator[Issue]:
        yield from check_function(self.label_transformer_function, "label_transformer_function", "labels")

    @rule
    def accuracy_is_measured(self) -> Iterator[Issue]:
        if not any(metric.name == "Accuracy" for metric in self.dataset.metrics):
            yield Issue(("dataset", "metrics"), "the trigger needs the metric Accuracy", "an entry with name: Accuracy")


class PerformanceWatchConfig(BatchedTriggerConfig):
    """What triggers share that watch the model's performance."""

    data_density_window_size: int = Field(
        default=20, ge=1, description="Batches over which the rate of samples is averaged."
    )
    performance_triggers_window_size: int = Field(
        default=10, ge=1, description="Triggers after which performance is remembered."
    )
    evaluation: PerformanceEvaluationConfig = Field(description="How the model is evaluated.")
    mode: Literal["hindsight"] = Field(default="hindsight", description="Decides by what has happened.")
    forecasting_method: Literal["ridge_regression", "rolling_average"] = Field(
        default="ridge_regression", description="How a fresh model's accuracy is forecast."
    )
    decision_criteria: dict[str, PerformanceCriterion] = Field(
        min_length=1, description="Criteria by a name of yours; any of them fires."
    )

    @property
    def needs_warmup(self) -> bool:
        return any(criterion.needs_calibration for criterion in self.decision_criteria.values())

    @rule
    def criteria_know_their_metrics(self) -> Iterator[Issue]:
        known = [name for metric in self.evaluation.dataset.metrics for name in metric.names]
        for key, criterion in self.decision_criteria.items():
            metric = getattr(criterion, "metric", None)
            if metric is not None and metric not in known:
                what = f"evaluation.dataset.metrics of the trigger has no '{metric}'"
                yield Issue(("decision_criteria", key, "metric"), what, listed(known), nearest(metric, known))


class PerformanceTriggerConfig(PerformanceWatchConfig):
    """Fires when the current model performs badly on new samples."""

    id: Literal["PerformanceTrigger"] = Field(description="Name of the policy.")
