"""The `evaluation` section: which models are evaluated, when, and on which intervals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from modyn.config.data import DataConfig
from modyn.config.durations import Offset, PositiveDuration
from modyn.config.intervals import RelativeInterval
from modyn.config.metrics import MetricConfig, check_metrics
from modyn.config.section import Issue, Section, inherited, rule
from modyn.config.spelling import listed, nearest

Timestamp = Annotated[int, Field(ge=0)]


class SlicingEvalStrategy(Section):
    """Consecutive slices of time; the last one is cut off at the end."""

    type: Literal["SlicingEvalStrategy"] = Field(description="Name of the strategy.")
    eval_every: PositiveDuration = Field(description="Length of a slice.")
    eval_start_from: Timestamp = Field(description="Begin of the first slice, in Unix seconds.")
    eval_end_at: Timestamp = Field(description="End of the last slice, in Unix seconds; not included.")

    @rule
    def end_is_after_start(self) -> Iterator[Issue]:
        if self.eval_end_at <= self.eval_start_from:
            what = f"eval_end_at {self.eval_end_at} is not after eval_start_from"
            yield Issue(("eval_end_at",), what, f"more than {self.eval_start_from}")


class OffsetEvalStrategy(Section):
    """Intervals before, on and after the data that a model was trained on."""

    type: Literal["OffsetEvalStrategy"] = Field(description="Name of the strategy.")
    offsets: list[Offset] = Field(
        min_length=1,
        description="Each is one interval: `-30d` before the training interval, `30d` after it, `0d` the interval "
        "itself, `-inf` and `inf` all before and all after it.",
    )


class BetweenTwoTriggersEvalStrategy(Section):
    """The intervals between triggers, and the one after the last."""

    type: Literal["BetweenTwoTriggersEvalStrategy"] = Field(description="Name of the strategy.")


class PeriodicEvalStrategy(Section):
    """An interval around every point of a time grid."""

    type: Literal["PeriodicEvalStrategy"] = Field(description="Name of the strategy.")
    every: PositiveDuration = Field(description="Distance of the points.")
    start_timestamp: Timestamp = Field(description="The first point, in Unix seconds.")
    end_timestamp: Timestamp = Field(description="No point lies after it, in Unix seconds.")
    interval: RelativeInterval = Field(
        description="The interval around each point, such as `[-1d; +1d)`: brackets include and parentheses exclude "
        "the bound, `inf` leaves a side open."
    )

    @rule
    def end_is_not_before_start(self) -> Iterator[Issue]:
        if self.end_timestamp < self.start_timestamp:
            what = f"end_timestamp {self.end_timestamp} is before start_timestamp"
            yield Issue(("end_timestamp",), what, f"at least {self.start_timestamp}")


class StaticEvalStrategy(Section):
    """Given intervals."""

    type: Literal["StaticEvalStrategy"] = Field(description="Name of the strategy.")
    intervals: list[tuple[int, int | None]] = Field(
        description="Pairs of begin and end in Unix seconds; the end is not included, null leaves it open."
    )

    @rule
    def intervals_are_not_empty(self) -> Iterator[Issue]:
        for position, (start, end) in enumerate(self.intervals):
            if end is not None and end <= start:
                yield Issue(("intervals", position), f"the interval from {start} to {end} is empty", "the begin first")


EvalStrategyConfig = Annotated[
    SlicingEvalStrategy
    | OffsetEvalStrategy
    | BetweenTwoTriggersEvalStrategy
    | PeriodicEvalStrategy
    | StaticEvalStrategy,
    Field(discriminator="type"),
]


_MODELS_SCHEMA = {"enum": ["matrix", "active", "training", "train"], "type": "string"}


def _training(value: Any) -> Any:
    return "training" if value == "train" else value


Models = Annotated[Literal["matrix", "active", "training"], BeforeValidator(_training), WithJsonSchema(_MODELS_SCHEMA)]

UNNAMED_HANDLER = "Modyn EvalHandler"


class HandlerConfig(Section):
    """When to evaluate, which models, on which intervals of which datasets."""

    name: str = Field(
        default=UNNAMED_HANDLER, description="What results call it; handlers without a name are numbered."
    )
    execution_time: Literal["after_training", "after_pipeline", "manual"] = Field(
        description="After each training the new model, after the pipeline all of them, or only on demand."
    )
    models: Models = inherited(
        "execution_time",
        "active",
        "For each interval: all models, the one active at its begin, or the one trained next (`training` or `train`). "
        "By default active; with after_training matrix, which then means the new model.",
    )
    strategy: EvalStrategyConfig = Field(description="Which intervals.")
    datasets: list[str] = Field(description="Ids of entries of evaluation.datasets.")

    @rule
    def models_fit_the_time(self) -> Iterator[Issue]:
        offset = isinstance(self.strategy, OffsetEvalStrategy)
        if offset and self.execution_time != "after_training":
            what = f"offsets count from one training, but execution_time is '{self.execution_time}'"
            yield Issue(("execution_time",), what, "'after_training'")
        elif self.execution_time == "after_training" and "models" in self.model_fields_set:
            valid = ["matrix", "training"] if offset else ["matrix"]
            if self.models not in valid:
                what = f"execution_time 'after_training' has only the new model, not '{self.models}'"
                yield Issue(("models",), what, f"{listed(valid)}, or no 'models'")


class EvaluationDatasetConfig(DataConfig):
    """A dataset to evaluate on. If it has no parser of its own, everything about parsing is taken from `data`."""

    parser_required: ClassVar[bool] = False

    batch_size: int = inherited("training.batch_size", 1, "Samples in a batch.", ge=1)
    dataloader_workers: int = inherited(
        "training.dataloader_workers", 0, "Processes that parse samples, if parsing needs Python.", ge=0
    )
    metrics: list[MetricConfig] = Field(min_length=1, description="What is measured.")

    @rule
    def metrics_differ(self) -> Iterator[Issue]:
        yield from check_metrics(self.metrics)


class EvaluationConfig(Section):
    """Which models are evaluated, when, and on which data."""

    handlers: list[HandlerConfig] = Field(min_length=1, description="What is evaluated when.")
    device: str = inherited("training.device", "cpu", "auto, cpu, cuda or cuda:N.", min_length=1)
    datasets: list[EvaluationDatasetConfig] = Field(min_length=1, description="On which data, and what is measured.")
    after_training_evaluation_workers: int = Field(
        default=5, ge=1, description="Evaluations at a time, after each training."
    )
    after_pipeline_evaluation_workers: int = Field(
        default=5, ge=1, description="Evaluations at a time, after the pipeline."
    )

    @rule
    def dataset_ids_differ(self) -> Iterator[Issue]:
        ids = [dataset.dataset_id for dataset in self.datasets]
        for position, name in enumerate(ids):
            if name in ids[:position]:
                yield Issue(("datasets", position, "dataset_id"), f"dataset '{name}' comes twice", "each dataset once")

    @rule
    def handler_names_differ(self) -> Iterator[Issue]:
        names = [handler.name for handler in self.handlers]
        for position, name in enumerate(names):
            if name != UNNAMED_HANDLER and name in names[:position]:
                yield Issue(("handlers", position, "name"), f"there are two handlers '{name}'", "a name of its own")

    @rule
    def handlers_know_their_datasets(self) -> Iterator[Issue]:
        ids = [dataset.dataset_id for dataset in self.datasets]
        for number, handler in enumerate(self.handlers):
            for position, name in enumerate(handler.datasets):
                if name not in ids:
                    yield Issue(
                        ("handlers", number, "datasets", position),
                        f"evaluation.datasets has no '{name}'",
                        listed(ids),
                        nearest(name, ids),
                    )
