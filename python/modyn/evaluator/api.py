"""Evaluator: models on intervals of a dataset, as a job. The request is all that its process is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modyn.compute.api import Message
from modyn.storage.api import Interval, ViewRef

ENTRY = "modyn.evaluator.job:run"


@dataclass(frozen=True)
class TrainedModel:
    """A stored model and the time span of the data that its trigger brought (both ends are samples)."""

    model: int
    trigger: int
    first_timestamp: int
    last_timestamp: int


@dataclass(frozen=True)
class EvaluationTask:
    """One model on one interval, as a handler asks for it."""

    handler: str
    dataset: str
    model: int
    trigger: int
    interval: Interval
    interval_index: int
    currently_active: bool
    currently_trained: bool


@dataclass(frozen=True)
class EvaluationRequest(Message):
    """Models x intervals of one dataset; one pass over the data serves all models.

    `dataset` is the entry of `evaluation.datasets` with this dataset id; `models` maps model numbers to
    safetensors files.
    """

    pipeline: dict[str, Any]
    source_folder: Path
    dataset: str
    view: ViewRef
    models: dict[int, Path]
    intervals: list[Interval]
    seed: int
    folder: Path
    threads: int = 0


@dataclass(frozen=True)
class IntervalResult:
    """Metrics of one model on one interval. `None` is "no data" or "not defined" (AUC of one class)."""

    model: int
    interval_index: int
    samples: int
    metrics: dict[str, float | None]


@dataclass(frozen=True)
class EvaluationResult(Message):
    """All results of a request: ordered by interval, then by model."""

    results: list[IntervalResult]
    seconds: float
    warnings: list[str] = field(default_factory=list)
