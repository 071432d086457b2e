"""What to evaluate: turns the evaluation handlers of a pipeline into tasks, one per model and interval."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, assert_never

from modyn.config.evaluation import EvalStrategyConfig, EvaluationConfig, HandlerConfig, Models
from modyn.evaluator.api import EvaluationTask, TrainedModel
from modyn.evaluator.intervals import EvaluationInterval, evaluation_intervals

Stage = Literal["after_training", "after_pipeline"]


def after_training_tasks(config: EvaluationConfig, model: TrainedModel, dataset_end: int) -> list[EvaluationTask]:
    """What the `after_training` handlers ask of the model that has just been trained: all of their intervals.

    No model is flagged as active or trained, because which ones are is known only when all are trained.

    Args:
        config: the `evaluation` section.
        model: the new model.
        dataset_end: timestamp of the last sample that its trigger brought.
    """
    return [
        _task(handler.name, dataset, model, index, interval, active=False, trained=False)
        for handler in _handlers(config, "after_training")
        for dataset in dict.fromkeys(handler.datasets)
        for index, interval in enumerate(evaluation_intervals(handler.strategy, [model], dataset_end))
    ]


def after_pipeline_tasks(
    config: EvaluationConfig, models: list[TrainedModel], dataset_end: int
) -> list[EvaluationTask]:
    """What the `after_pipeline` handlers ask of all models of a run: ordered by handler, dataset, model, interval.

    Of each interval one model is *active*: the newest of those trained only on data before it, if there is one. One is
    *trained*: the successor of the active model, which is that model itself if nothing was trained later, and the first
    model if none is active. An interval that belongs to a model (`OffsetEvalStrategy`) has that one as its trained
    model, and no active one. Handlers ask for all models (`matrix`), for the active ones or for the trained ones only.

    Args:
        config: the `evaluation` section.
        models: all models of the run in order.
        dataset_end: timestamp of the last sample that the run has seen.
    """
    return [
        task
        for handler in _handlers(config, "after_pipeline")
        for dataset in dict.fromkeys(handler.datasets)
        for task in _filtered(_matrix(handler.name, dataset, handler.strategy, models, dataset_end), handler.models)
    ]


def _matrix(
    handler: str, dataset: str, strategy: EvalStrategyConfig, models: list[TrainedModel], dataset_end: int
) -> Iterator[EvaluationTask]:
    intervals = evaluation_intervals(strategy, models, dataset_end)
    flagged = [_active_and_trained(interval, models) for interval in intervals]
    for model in models:
        for index, (interval, (active, trained)) in enumerate(zip(intervals, flagged, strict=True)):
            yield _task(
                handler, dataset, model, index, interval, active=model.model == active, trained=model.model == trained
            )


def _filtered(tasks: Iterator[EvaluationTask], models: Models) -> list[EvaluationTask]:
    match models:
        case "matrix":
            return list(tasks)
        case "active":
            return [task for task in tasks if task.currently_active]
        case "training":
            return [task for task in tasks if task.currently_trained]
        case unreachable:
            assert_never(unreachable)


def _active_and_trained(interval: EvaluationInterval, models: list[TrainedModel]) -> tuple[int | None, int | None]:
    if interval.time is None:
        return None, interval.model
    numbers = [model.model for model in models]
    active = max((model.model for model in models if model.last_timestamp < interval.time), default=None)
    if active is None:
        return None, min(numbers, default=None)
    return active, min((number for number in numbers if number > active), default=active)


def _handlers(config: EvaluationConfig, stage: Stage) -> list[HandlerConfig]:
    return [handler for handler in config.handlers if handler.execution_time == stage]


def _task(
    handler: str,
    dataset: str,
    model: TrainedModel,
    index: int,
    interval: EvaluationInterval,
    *,
    active: bool,
    trained: bool,
) -> EvaluationTask:
    return EvaluationTask(
        handler=handler,
        dataset=dataset,
        model=model.model,
        trigger=model.trigger,
        interval=interval.interval,
        interval_index=index,
        currently_active=active,
        currently_trained=trained,
    )
