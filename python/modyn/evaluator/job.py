"""Entry of an evaluation job: several models on several intervals of a dataset, in one pass over the data.

Values depend on the model and the interval only, not on what else the request asks for: batches begin where an
interval begins, and the generators of torch, NumPy and `random` are seeded for each batch and model.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

import torch
from torch import nn

from modyn import _native
from modyn.compute.api import Emit, Json
from modyn.config import PipelineConfig
from modyn.config.evaluation import EvaluationConfig, EvaluationDatasetConfig
from modyn.errors import DatasetError, ModelError
from modyn.evaluator.api import EvaluationRequest, EvaluationResult, IntervalResult
from modyn.evaluator.interval_batches import range_batches
from modyn.evaluator.metrics import Metric, build_metrics, decision_threshold
from modyn.models.build import build_model, takes_sample_ids
from modyn.models.weights import load_weights
from modyn.storage.api import Interval
from modyn.trainer.data.batch import Batch
from modyn.trainer.data.decoder import Data
from modyn.trainer.device import find_device
from modyn.trainer.seeding import explain_nondeterminism, seed_generators, use_deterministic_algorithms
from modyn.trainer.user_code import load_function

Values = dict[int, dict[str, float | None]]  # model -> metric -> value


def run(payload: Json, emit: Emit) -> Json:
    """Run one evaluation; `payload` is an `EvaluationRequest`, the answer an `EvaluationResult`."""
    return evaluate(EvaluationRequest.from_json(payload), emit).to_json()


def evaluate(request: EvaluationRequest, emit: Emit) -> EvaluationResult:
    """Evaluate as requested. Intervals that hold the same samples are read and computed once.

    Raises:
        ModelError: a model cannot be built or loaded, its output does not fit a metric, or the device does not exist.
        DatasetError: samples cannot be read or decoded, or a label is none of a metric's classes.
        CorruptFileError: a model's file is torn.
        UnsupportedError: something that the configuration knows and this version cannot run.
    """
    started = time.perf_counter()
    if request.threads:
        torch.set_num_threads(request.threads)
    use_deterministic_algorithms()
    # The pipeline's code may import what lies beside its file, in loader workers too.
    sys.path.insert(0, str(request.source_folder))
    config = PipelineConfig.model_validate(request.pipeline)
    view = _native.View.build(_native.Index.open(request.view.folder, request.view.manifest), request.view.order)
    wanted = [_positions(view, interval) for interval in request.intervals]
    ranges = [one for one in dict.fromkeys(wanted) if one]
    values: dict[range, Values] = {}
    if ranges:
        evaluation, dataset = _sections(config, request.dataset)
        models = LoadedModels(config, evaluation, dataset, request)
        with range_batches(
            request.view,
            view,
            ranges,
            dataset,
            config,
            seed=_native.random_bits(request.seed, 0, _native.PURPOSE_EVALUATION, 0),
            threads=torch.get_num_threads(),
            folder=request.folder,
        ) as batches:
            for number, batches_of_range in groupby(batches, key=lambda batch: batch.span.epoch):
                values[ranges[number]] = models.measure(ranges[number], batches_of_range)
                emit({"event": "range_evaluated", "done": len(values), "total": len(ranges)})
    results = [
        IntervalResult(model, index, len(one), values[one][model] if one else _no_data(config, request.dataset))
        for index, one in enumerate(wanted)
        for model in sorted(request.models)
    ]
    return EvaluationResult(results, time.perf_counter() - started, _warnings(request, view, ranges))


class LoadedModels:
    """The models of a request, loaded onto its device."""

    def __init__(
        self,
        config: PipelineConfig,
        evaluation: EvaluationConfig,
        dataset: EvaluationDatasetConfig,
        request: EvaluationRequest,
    ) -> None:
        self._dataset = dataset
        self._seed = request.seed
        self._threshold = decision_threshold(config.training.optimization_criterion.name)
        self._device = find_device(evaluation.device)
        self._autocast = torch.autocast(self._device.type, enabled=config.training.amp)
        transformer = dataset.label_transformer_function
        self._label_transformer = load_function(transformer, "label_transformer_function") if transformer else None
        self._models = {number: self._load(config, request, number) for number in sorted(request.models)}

    def _load(self, config: PipelineConfig, request: EvaluationRequest, number: int) -> Callable[[Data, Batch], Any]:
        seed_generators(_native.random_bits(request.seed, number, _native.PURPOSE_EVALUATION, 0))
        model = build_model(config.model, request.source_folder, self._device, amp=config.training.amp)
        load_weights(model, request.models[number])
        return _forward(model.eval())

    def measure(self, positions: range, batches: Iterable[Batch]) -> Values:
        """All metrics of all models on the samples of one range.

        Raises:
            DatasetError: the batches do not hold every sample of the range once.
        """
        metrics = {number: build_metrics(self._dataset.metrics, self._threshold) for number in self._models}
        samples = 0
        for batch in batches:
            samples += len(batch.keys)
            self._update(metrics, batch)
        if samples != len(positions):
            raise DatasetError(
                f"dataset '{self._dataset.dataset_id}': {samples} samples were read at positions {positions.start} to "
                f"{positions.stop - 1}, expected {len(positions)}"
            )
        return {number: {metric.name: metric.compute() for metric in metrics[number]} for number in self._models}

    @torch.inference_mode()
    def _update(self, metrics: dict[int, list[Metric]], batch: Batch) -> None:
        labels = batch.labels if self._label_transformer is None else self._label_transformer(batch.labels)
        labels = labels.to(self._device)
        data = batch.moved(self._device)
        for number, model in self._models.items():
            seed_generators(_native.random_bits(self._seed, number, _native.PURPOSE_EVALUATION, batch.span.index))
            with self._autocast:
                output = _checked(model, data, batch)
            for metric in metrics[number]:
                metric.update(output, labels)


def _forward(model: nn.Module) -> Callable[[Data, Batch], Any]:
    if takes_sample_ids(model):
        return lambda data, batch: model(data, sample_ids=batch.keys.tolist())
    return lambda data, batch: model(data)


def _checked(model: Callable[[Data, Batch], Any], data: Data, batch: Batch) -> torch.Tensor:
    try:
        output = model(data, batch)
    except RuntimeError as error:
        if explanation := explain_nondeterminism(error):
            raise ModelError(explanation) from error
        raise
    if not isinstance(output, torch.Tensor):
        raise ModelError(f"the model gives {type(output).__name__}, which no metric can use; return a tensor")
    return output


def _positions(view: _native.View, interval: Interval) -> range:
    """Positions of a half-open interval in a view in time order; empty if it ends before it begins."""
    start = 0 if interval.start is None else view.position_of_time(interval.start)
    end = len(view) if interval.end is None else view.position_of_time(interval.end)
    return range(start, end)


def _sections(config: PipelineConfig, name: str) -> tuple[EvaluationConfig, EvaluationDatasetConfig]:
    assert config.evaluation is not None, "requests are made from the evaluation section"
    for dataset in config.evaluation.datasets:
        if dataset.dataset_id == name:
            return config.evaluation, dataset
    raise DatasetError(f"evaluation.datasets has no '{name}'")


def _no_data(config: PipelineConfig, name: str) -> dict[str, float | None]:
    _, dataset = _sections(config, name)
    return {metric.full_name: None for metric in dataset.metrics}


def _warnings(request: EvaluationRequest, view: _native.View, ranges: list[range]) -> list[str]:
    if ranges or not request.intervals:
        return []
    held = "it has no samples"
    if len(view):
        held = f"its samples lie from {view.timestamps(0, 1)[0]} to {view.timestamps(len(view) - 1, 1)[0]}"
    return [f"none of the {len(request.intervals)} intervals holds a sample of dataset '{request.dataset}': {held}"]
