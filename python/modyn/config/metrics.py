"""Metrics of an evaluation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from modyn.config.code import check_function
from modyn.config.section import Issue, Section, rule


class _Metric(Section):
    evaluation_transformer_function: str | None = Field(
        default=None,
        description="Python source of `evaluation_transformer_function(output)`, applied to the model's output first.",
    )

    @property
    def full_name(self) -> str:
        """What results call the metric."""
        raise NotImplementedError

    @property
    def names(self) -> list[str]:
        """All names by which a criterion may refer to the metric."""
        return [self.full_name]

    @rule
    def code_is_valid(self) -> Iterator[Issue]:
        yield from check_function(self.evaluation_transformer_function, "evaluation_transformer_function", "output")


class AccuracyMetric(_Metric):
    """Share of samples whose label is predicted."""

    name: Literal["Accuracy"] = Field(description="Name of the metric.")
    topn: int = Field(default=1, ge=1, description="A prediction counts if the label is among so many best.")

    @property
    def full_name(self) -> str:
        return "Accuracy" if self.topn == 1 else f"Top-{self.topn}-Accuracy"


class F1ScoreMetric(_Metric):
    """Harmonic mean of precision and recall."""

    name: Literal["F1Score"] = Field(description="Name of the metric.")
    num_classes: int = Field(ge=1, description="Number of classes.")
    average: Literal["macro", "micro", "weighted", "binary"] = Field(
        default="macro", description="How the scores of the classes become one."
    )
    pos_label: int = Field(default=1, description="The class that is scored, for average binary.")

    @property
    def full_name(self) -> str:
        return f"F1-binary-{self.pos_label}" if self.average == "binary" else f"F1-{self.average}"

    @property
    def names(self) -> list[str]:
        return [self.full_name, "F1Score"]

    @rule
    def binary_has_two_classes(self) -> Iterator[Issue]:
        if self.average == "binary" and self.num_classes != 2:
            yield Issue(("num_classes",), f"average 'binary' has {self.num_classes} classes", "2")


class RocAucMetric(_Metric):
    """Area under the receiver operating characteristic of two classes."""

    name: Literal["RocAuc"] = Field(description="Name of the metric.")

    @property
    def full_name(self) -> str:
        return "ROC-AUC"

    @property
    def names(self) -> list[str]:
        return [self.full_name, "RocAuc"]


MetricConfig = Annotated[AccuracyMetric | F1ScoreMetric | RocAucMetric, Field(discriminator="name")]


def check_metrics(metrics: list[MetricConfig]) -> Iterator[Issue]:
    """Metrics under `metrics` whose results could not be told apart."""
    seen: set[str] = set()
    for position, metric in enumerate(metrics):
        if metric.full_name in seen:
            yield Issue(("metrics", position), f"there are two metrics '{metric.full_name}'", "each metric once")
        seen.add(metric.full_name)
