"""A whole pipeline: the sections together, the rules between them, and what is taken over from one to another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

from pydantic import Field, ValidationInfo, model_validator

from modyn.config.data import PARSERS, DataConfig
from modyn.config.datasets import BinaryDataset, DatasetConfig
from modyn.config.downsampling import single_strategies, unfilled_steps
from modyn.config.evaluation import UNNAMED_HANDLER, EvaluationConfig, EvaluationDatasetConfig, HandlerConfig
from modyn.config.model import ModelConfig, ModelStorageConfig
from modyn.config.section import DEFER_CHECKS, Issue, Loc, Section, rule
from modyn.config.selection import CoresetStrategy, SelectionConfig
from modyn.config.spelling import listed, nearest
from modyn.config.training import TrainingConfig
from modyn.config.trigger import TriggerConfig
from modyn.config.trigger.performance import PerformanceWatchConfig

_PARSING = (*PARSERS, "transformations", "label_transformer_function", "tokenizer")


class PipelineInfo(Section):
    """What the pipeline is called."""

    name: str = Field(min_length=1, description="Name of the pipeline; its runs are called after it.")
    description: str | None = Field(default=None, description="For readers.")
    version: str | None = Field(default=None, description="For readers.")
    seed: int | None = Field(
        default=None,
        ge=0,
        lt=2**64,
        description="Seed of everything random; training.seed, or a recorded one, if null.",
    )


class PipelineConfig(Section):
    """A pipeline: which model is trained when, on what, how, and how it is evaluated."""

    pipeline: PipelineInfo = Field(description="What the pipeline is called.")
    datasets: list[DatasetConfig] = Field(
        default=[],
        description="Datasets that are registered when the run starts. If there are any, they are all that the file "
        "uses; if there are none, those registered in the workspace are used.",
    )
    data: DataConfig = Field(description="What to train on, and how bytes become tensors.")
    model: ModelConfig = Field(description="The model.")
    training: TrainingConfig = Field(description="How to train.")
    trigger: TriggerConfig = Field(description="When to train.")
    selection_strategy: SelectionConfig = Field(description="What a trigger trains on.")
    model_storage: ModelStorageConfig = Field(
        default=ModelStorageConfig(), description="How trained models are stored."
    )
    evaluation: EvaluationConfig | None = Field(
        default=None, description="Which models are evaluated, when, and on which data."
    )

    @rule
    def datasets_have_names_of_their_own(self) -> Iterator[Issue]:
        names = [dataset.name for dataset in self.datasets]
        for position, name in enumerate(names):
            if name in names[:position]:
                yield Issue(("datasets", position, "name"), f"there are two datasets '{name}'", "a name of its own")

    @rule
    def datasets_exist(self) -> Iterator[Issue]:
        names = [dataset.name for dataset in self.datasets]
        if names:
            for loc, data in _uses_of_datasets(self):
                if data.dataset_id not in names:
                    what = f"datasets has no '{data.dataset_id}'"
                    yield Issue((*loc, "dataset_id"), what, listed(names), nearest(data.dataset_id, names))

    @rule
    def decoded_fields_lie_in_the_sample(self) -> Iterator[Issue]:
        sizes = {
            dataset.name: dataset.file_wrapper_config.sample_size
            for dataset in self.datasets
            if isinstance(dataset, BinaryDataset)
        }
        for loc, data in _uses_of_datasets(self):
            size = sizes.get(data.dataset_id)
            for position, field in enumerate(data.decoder.fields if data.decoder and size is not None else []):
                if size is not None and field.end > size:
                    yield Issue(
                        (*loc, "decoder", "fields", position),
                        f"field '{field.name}' ends at byte {field.end}",
                        f"an end within the {size} bytes of a sample (its record without the label)",
                    )

    @rule
    def batches_divide_into_downsampled_ones(self) -> Iterator[Issue]:
        if not isinstance(self.selection_strategy, CoresetStrategy):
            return
        for loc, downsampling in single_strategies(self.selection_strategy.downsampling_config):
            what = unfilled_steps(downsampling, self.training.batch_size)
            if what is not None:
                expected = "a number that divides training.batch_size, so that steps have its size"
                yield Issue(("selection_strategy", "downsampling_config", *loc), what, expected)

    @model_validator(mode="after")
    def _inherit(self, info: ValidationInfo) -> Self:
        # Rules look at what the file says, so with deferred checks the caller resolves after it has checked.
        if info.context is not DEFER_CHECKS:
            self.resolve()
        return self

    def resolve(self) -> None:
        """Fill in what sections take over from others; does nothing the second time."""
        if self.evaluation is not None:
            object.__setattr__(self, "evaluation", _resolved_evaluation(self.evaluation, self))
        if isinstance(self.trigger, PerformanceWatchConfig):
            evaluation = self.trigger.evaluation
            update = {"dataset": _resolved_dataset(evaluation.dataset, self)}
            trigger = self.trigger.model_copy(update={"evaluation": evaluation.model_copy(update=update)})
            object.__setattr__(self, "trigger", trigger)


def _resolved_evaluation(evaluation: EvaluationConfig, config: PipelineConfig) -> EvaluationConfig:
    update: dict[str, Any] = {
        "datasets": [_resolved_dataset(dataset, config) for dataset in evaluation.datasets],
        "handlers": _numbered([_resolved_handler(handler) for handler in evaluation.handlers]),
    }
    if "device" not in evaluation.model_fields_set:
        update["device"] = config.training.device
    return evaluation.model_copy(update=update)


def _resolved_dataset(dataset: EvaluationDatasetConfig, config: PipelineConfig) -> EvaluationDatasetConfig:
    given = dataset.model_fields_set
    update: dict[str, Any] = {
        name: getattr(config.training, name) for name in ("batch_size", "dataloader_workers") if name not in given
    }
    if dataset.parser is None:
        # A parser of its own means other samples, for which the transformations of training may be wrong.
        update |= {name: getattr(config.data, name) for name in _PARSING if name in PARSERS or name not in given}
    return dataset.model_copy(update=update)


def _resolved_handler(handler: HandlerConfig) -> HandlerConfig:
    if handler.execution_time == "after_training" and "models" not in handler.model_fields_set:
        return handler.model_copy(update={"models": "matrix"})
    return handler


def _numbered(handlers: list[HandlerConfig]) -> list[HandlerConfig]:
    """The handlers with names that differ, where the file gives none."""
    taken = {handler.name for handler in handlers if handler.name != UNNAMED_HANDLER}
    named = []
    for handler in handlers:
        name, number = handler.name, 2
        while name in taken and handler.name == UNNAMED_HANDLER:
            name, number = f"{UNNAMED_HANDLER} {number}", number + 1
        taken.add(name)
        named.append(handler.model_copy(update={"name": name}))
    return named


def _uses_of_datasets(config: PipelineConfig) -> Iterator[tuple[Loc, DataConfig]]:
    yield ("data",), config.data
    for position, dataset in enumerate(config.evaluation.datasets if config.evaluation else []):
        yield ("evaluation", "datasets", position), dataset
    if isinstance(config.trigger, PerformanceWatchConfig):
        yield ("trigger", "evaluation", "dataset"), config.trigger.evaluation.dataset
