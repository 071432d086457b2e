"""Evaluation jobs on real files, compared with a plain loop over the same records."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from sklearn.metrics import accuracy_score, roc_auc_score
from tests.growing import BYTES_PARSER, DAY, MODEL, RECORD, START, pipeline, write_days

from modyn import _native
from modyn.config import PipelineConfig
from modyn.errors import DatasetError, ModelError, SourceChangedError
from modyn.evaluator.api import EvaluationRequest, EvaluationResult
from modyn.evaluator.job import evaluate, run
from modyn.storage.api import Interval, ViewRef
from modyn.storage.sample_format import FixedRecord, TimestampFrom, settings_text

DAYS, PER_DAY = 6, 45
MODELS = (0, 4)

AS_BATCHES = """
import numpy
import torch

def batch_parser_function(data):
    return torch.from_numpy(numpy.ascontiguousarray(data[:, :16]).view("<f4"))
"""


def weights(model: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(model)
    shapes = {"layers.0.weight": (8, 4), "layers.0.bias": (8,), "layers.3.weight": (1, 8), "layers.3.bias": (1,)}
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data, the user's model, its index, and two trained models."""
    folder = tmp_path_factory.mktemp("source")
    write_days(folder / "data", range(DAYS), PER_DAY)
    (folder / "model.py").write_text(MODEL)
    for model in MODELS:
        save_file(weights(model), folder / f"{model}.safetensors")
    _native.scan(
        folder / "index",
        folder / "data",
        file_extension=".bin",
        format=settings_text(FixedRecord(record_size=RECORD.itemsize, label_size=4), TimestampFrom()),
        timestamp_source="filename",
        timestamp_pattern="%Y-%m-%d",
    )
    return folder


@pytest.fixture
def request_for(source: Path, tmp_path: Path):
    """Makes requests; keywords replace fields of the evaluation dataset."""
    folders = iter(range(100))

    def make(intervals: list[Interval], document: dict[str, Any] | None = None, **dataset: Any) -> EvaluationRequest:
        document = document or pipeline()
        document["evaluation"]["datasets"][0] |= dataset
        folder = tmp_path / str(next(folders))
        folder.mkdir()
        return EvaluationRequest(
            pipeline=PipelineConfig.model_validate(document).model_dump(mode="json"),
            source_folder=source,
            dataset="growing",
            view=ViewRef("growing", source / "index", source / "data", 1),
            models={model: source / f"{model}.safetensors" for model in MODELS},
            intervals=intervals,
            seed=7,
            folder=folder,
            threads=1,
        )

    return make


def ignore(_event: dict[str, Any]) -> None:
    pass


def day(number: int) -> int:
    return START + number * DAY


def expected(source: Path, model: int, days: range) -> dict[str, float]:
    """The metrics by a plain loop: all records of the days through the layers at once, scores to scikit-learn."""
    records = np.concatenate(
        [np.fromfile(source / "data" / f"{np.datetime64('2013-01-01') + one}.bin", RECORD) for one in days]
    )
    layers = weights(model)
    inputs = torch.from_numpy(records["features"].copy())
    hidden = (inputs @ layers["layers.0.weight"].T + layers["layers.0.bias"]).relu()
    scores = (hidden @ layers["layers.3.weight"].T + layers["layers.3.bias"]).squeeze(1).numpy()
    return {
        "ROC-AUC": float(roc_auc_score(records["label"], scores)),
        "Accuracy": float(accuracy_score(records["label"], scores > 0)),
    }


def by_task(result: EvaluationResult) -> dict[tuple[int, int], tuple[int, dict[str, float | None]]]:
    return {(one.interval_index, one.model): (one.samples, one.metrics) for one in result.results}


INTERVALS = [
    Interval(day(0), day(2)),
    Interval(day(1), day(5)),
    Interval(None, None),
    Interval(day(5), None),
    Interval(day(0), day(2)),
    # Midnight holds all samples of a day, so this is day 3.
    Interval(day(3) - 1, day(3) + 1),
]
DAYS_OF = [range(2), range(1, 5), range(6), range(5, 6), range(2), range(3, 4)]


def test_metrics_equal_those_of_a_plain_loop(request_for, source):
    result = evaluate(request_for(INTERVALS, batch_size=32), ignore)
    assert [(one.interval_index, one.model) for one in result.results] == [
        (index, model) for index in range(len(INTERVALS)) for model in MODELS
    ]
    for (index, model), (samples, metrics) in by_task(result).items():
        assert samples == len(DAYS_OF[index]) * PER_DAY
        assert metrics == pytest.approx(expected(source, model, DAYS_OF[index]), abs=1e-6)
    assert result.warnings == []


def test_values_do_not_depend_on_what_else_is_asked_for(request_for):
    together = by_task(evaluate(request_for(INTERVALS), ignore))
    for index, interval in enumerate(INTERVALS):
        for model in MODELS:
            request = request_for([interval])
            alone = evaluate(replace(request, models={model: request.models[model]}), ignore)
            assert alone.results[0].metrics == together[index, model][1]


@pytest.mark.parametrize("parser", [{"bytes_parser_function": BYTES_PARSER}, {"batch_parser_function": AS_BATCHES}])
def test_every_parser_gives_the_same_values(request_for, parser):
    decoded = evaluate(request_for(INTERVALS), ignore)
    assert evaluate(request_for(INTERVALS, **parser), ignore).results == decoded.results


def test_random_parsers_are_repeatable_with_and_without_worker_processes(request_for):
    noisy = {"bytes_parser_function": BYTES_PARSER, "transformations": ["lambda x: x + torch.randn(4)"]}
    here, in_workers, alone = (
        by_task(evaluate(request_for(intervals, **noisy, dataloader_workers=workers), ignore))
        for intervals, workers in ((INTERVALS, 0), (INTERVALS, 2), (INTERVALS[1:2], 0))
    )
    assert here == in_workers
    assert here[1, 0] == alone[0, 0]


def test_intervals_without_samples_have_no_data(request_for):
    empty = [Interval(day(7), day(9)), Interval(day(2), day(1)), Interval(day(1) + 1, day(2)), Interval(0, 0)]
    result = evaluate(request_for([*empty, Interval(day(0), day(1))]), ignore)
    found = by_task(result)
    for index in range(4):
        assert found[index, 0] == (0, {"ROC-AUC": None, "Accuracy": None})
    assert found[4, 0][0] == PER_DAY
    assert result.warnings == []

    (warning,) = evaluate(request_for(empty), ignore).warnings
    assert warning == (
        f"none of the 4 intervals holds a sample of dataset 'growing': its samples lie from {day(0)} to {day(5)}"
    )


def test_requests_and_results_travel_as_json(request_for):
    request = request_for([Interval(day(0), None)])
    assert EvaluationRequest.from_json(json.loads(json.dumps(request.to_json()))) == request
    events: list[dict[str, Any]] = []
    answer = json.loads(json.dumps(run(request.to_json(), events.append)))
    result = EvaluationResult.from_json(answer)
    assert result.results == evaluate(replace(request, folder=request_for([]).folder), ignore).results
    assert json.loads(json.dumps(events)) == [{"event": "range_evaluated", "done": 1, "total": 1}]


def test_labels_and_outputs_may_be_transformed(request_for, source):
    flipped = "def label_transformer_function(labels):\n    return 1 - labels\n"
    negated = "def evaluation_transformer_function(output):\n    return -output\n"
    plain, turned, both = (
        by_task(evaluate(request_for(INTERVALS[:1], **changes), ignore))[0, 0][1]["ROC-AUC"]
        for changes in (
            {},
            {"label_transformer_function": flipped},
            {
                "label_transformer_function": flipped,
                "metrics": [{"name": "RocAuc", "evaluation_transformer_function": negated}],
            },
        )
    )
    assert turned == pytest.approx(1 - plain)
    assert both == pytest.approx(plain)


def test_the_criterion_says_where_single_outputs_are_divided(request_for, source):
    document = pipeline(training__optimization_criterion={"name": "BCELoss"})
    found = by_task(evaluate(request_for(INTERVALS[:1], document), ignore))[0, 0][1]["Accuracy"]
    assert found != by_task(evaluate(request_for(INTERVALS[:1]), ignore))[0, 0][1]["Accuracy"]


def test_models_are_told_the_keys_if_they_ask(request_for, source, tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "keyed.py").write_text(
        "import torch\n"
        "from torch import nn\n\n"
        "class Keyed(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.bias = nn.Parameter(torch.zeros(1))\n\n"
        "    def forward(self, data, sample_ids=None):\n"
        "        return torch.tensor([key % 2 for key in sample_ids])\n"
    )
    save_file({"bias": torch.zeros(1)}, folder / "keyed.safetensors")
    request = request_for([Interval()], pipeline(model={"id": "keyed:Keyed"}))
    request = replace(request, source_folder=folder, models={0: folder / "keyed.safetensors"})
    records = np.concatenate([np.fromfile(path, RECORD) for path in sorted((source / "data").iterdir())])
    expected_accuracy = np.mean(records["label"] == np.arange(DAYS * PER_DAY) % 2)
    assert evaluate(request, ignore).results[0].metrics["Accuracy"] == pytest.approx(expected_accuracy)


def test_models_that_do_not_fit_are_named(request_for, source):
    request = request_for([Interval()], pipeline(model={"id": "model:Net", "config": {"hidden": 9}}))
    with pytest.raises(ModelError, match=r"0\.safetensors"):
        evaluate(request, ignore)


def test_a_label_that_a_metric_does_not_know_is_named(request_for):
    shifted = "def label_transformer_function(labels):\n    return labels + 1\n"
    with pytest.raises(DatasetError, match="'ROC-AUC': label 2 is none of the classes 0 to 1"):
        evaluate(request_for([Interval()], label_transformer_function=shifted), ignore)


def test_a_source_that_changed_is_an_error_and_never_fewer_samples(request_for, source, tmp_path):
    shutil.copytree(source / "data", tmp_path / "data")
    view = replace(request_for(INTERVALS).view, root=tmp_path / "data")
    evaluate(replace(request_for(INTERVALS), view=view), ignore)
    changed = sorted((tmp_path / "data").iterdir())[3]
    os.truncate(changed, changed.stat().st_size - RECORD.itemsize)
    with pytest.raises(SourceChangedError, match=changed.name):
        evaluate(replace(request_for(INTERVALS), view=view), ignore)
