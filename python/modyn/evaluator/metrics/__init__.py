"""Metrics: `build_metrics` makes those that an evaluation dataset asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_never

import torch

from modyn.config.metrics import AccuracyMetric, F1ScoreMetric, MetricConfig, RocAucMetric
from modyn.errors import ModelError
from modyn.evaluator.metrics.accuracy import Accuracy, TopNAccuracy
from modyn.evaluator.metrics.api import Metric
from modyn.evaluator.metrics.f1_score import F1Score
from modyn.evaluator.metrics.roc_auc import RocAuc
from modyn.trainer.user_code import load_function

__all__ = ["Metric", "build_metrics", "decision_threshold"]


def build_metrics(configs: list[MetricConfig], threshold: float) -> list[Metric]:
    """The metrics of an evaluation dataset, without samples yet.

    A metric with an `evaluation_transformer_function` gets what that makes of the model's output. Single values per
    sample are then predictions; otherwise floating-point ones are scores that `threshold` divides.

    Args:
        configs: the `metrics` section.
        threshold: see `decision_threshold`.

    Raises:
        ModelError: the code of a transformer function fails.
    """
    return [_with_transformer(config, threshold) for config in configs]


def decision_threshold(criterion: str) -> float:
    """Above which a single score per sample means class 1, by the criterion that the model was trained with.

    `BCELoss` takes probabilities, divided by 0.5. All others take scores around 0, such as logits.
    """
    return 0.5 if criterion == "BCELoss" else 0.0


def _with_transformer(config: MetricConfig, threshold: float) -> Metric:
    source = config.evaluation_transformer_function
    if not source:
        return _build(config, threshold)
    return _Transformed(_build(config, None), load_function(source, "evaluation_transformer_function"))


def _build(config: MetricConfig, threshold: float | None) -> Metric:
    match config:
        case AccuracyMetric():
            return Accuracy(threshold) if config.topn == 1 else TopNAccuracy(config.topn)
        case F1ScoreMetric():
            return F1Score(config.num_classes, config.average, config.pos_label, threshold)
        case RocAucMetric():
            return RocAuc()
        case unreachable:
            assert_never(unreachable)


class _Transformed:
    """A metric of what a user's function makes of the model's output."""

    def __init__(self, metric: Metric, transform: Callable[[Any], Any]) -> None:
        self.name = metric.name
        self._metric = metric
        self._transform = transform

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        transformed = self._transform(output)
        if not isinstance(transformed, torch.Tensor):
            raise ModelError(
                f"metric '{self.name}': evaluation_transformer_function gives {type(transformed).__name__}, expected a "
                "tensor"
            )
        self._metric.update(transformed, target)

    def compute(self) -> float | None:
        return self._metric.compute()
