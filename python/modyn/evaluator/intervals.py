"""Evaluation strategies: which intervals of a dataset a handler evaluates on.

All intervals are half-open. A strategy whose intervals belong to models (`BetweenTwoTriggersEvalStrategy`,
`OffsetEvalStrategy`) places them by the data that the models' triggers brought: the first and the last timestamp, both
of samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import assert_never

from modyn.config.durations import Offset
from modyn.config.evaluation import (
    BetweenTwoTriggersEvalStrategy,
    EvalStrategyConfig,
    OffsetEvalStrategy,
    PeriodicEvalStrategy,
    SlicingEvalStrategy,
    StaticEvalStrategy,
)
from modyn.evaluator.api import TrainedModel
from modyn.storage.api import Interval


@dataclass(frozen=True)
class EvaluationInterval:
    """An interval to evaluate on.

    Attributes:
        interval: half-open, in Unix seconds; finite sides are at least 0.
        time: the models that were trained on data before this moment could be in use in the interval; None if the
            interval belongs to a model instead.
        model: number of that model; None if there is a `time`.
    """

    interval: Interval
    time: int | None
    model: int | None = None


def evaluation_intervals(
    strategy: EvalStrategyConfig, models: list[TrainedModel], dataset_end: int
) -> list[EvaluationInterval]:
    """The intervals of a strategy, in its own order.

    Args:
        strategy: the `strategy` section of an evaluation handler.
        models: what was trained, in order.
        dataset_end: timestamp of the last sample that the pipeline has seen.
    """
    match strategy:
        case SlicingEvalStrategy():
            found = _slices(strategy.eval_start_from, strategy.eval_end_at, strategy.eval_every.seconds)
            return [_in_time(start, end, start) for start, end in found]
        case StaticEvalStrategy():
            return [_in_time(start, end, start) for start, end in strategy.intervals]
        case PeriodicEvalStrategy():
            times = range(strategy.start_timestamp, strategy.end_timestamp + 1, strategy.every.seconds)
            return [_in_time(*strategy.interval.half_open(time, time), time) for time in times]
        case BetweenTwoTriggersEvalStrategy():
            return [_in_time(start, end, start) for start, end in _between_triggers(models, dataset_end)]
        case OffsetEvalStrategy():
            return [
                EvaluationInterval(_at_offset(offset, model), time=None, model=model.model)
                for model in models
                for offset in strategy.offsets
            ]
        case unreachable:
            assert_never(unreachable)


def _in_time(start: int, end: int | None, time: int) -> EvaluationInterval:
    return EvaluationInterval(Interval(start, end), time)


def _slices(start: int, end: int, length: int) -> Iterator[tuple[int, int]]:
    """Consecutive slices of `[start, end)`; the last one may be shorter."""
    for begin in range(start, end, length):
        yield begin, min(begin + length, end)


def _between_triggers(models: Iterable[TrainedModel], dataset_end: int) -> Iterator[tuple[int, int]]:
    """The time that each model's trigger covers, and what came after the last one, if anything did."""
    covered = None
    for model in models:
        yield model.first_timestamp, model.last_timestamp + 1
        covered = max(model.last_timestamp, covered or model.last_timestamp)
    if covered is not None and covered < dataset_end:
        yield covered + 1, dataset_end + 1


def _at_offset(offset: Offset, model: TrainedModel) -> Interval:
    """So much time before (negative) or after the model's training interval; the interval itself for 0."""
    first, behind = model.first_timestamp, model.last_timestamp + 1
    match offset.unbounded:
        case "past":
            return Interval(0, max(0, first))
        case "future":
            return Interval(behind, None)
        case None:
            if offset.seconds < 0:
                return Interval(max(0, first + offset.seconds), max(0, first))
            if offset.seconds > 0:
                return Interval(behind, behind + offset.seconds)
            return Interval(first, behind)
        case unreachable:
            assert_never(unreachable)
