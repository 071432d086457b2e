"""A small growing dataset, a model and pipelines on it, for tests that run the whole.

Records are 24 bytes: label uint32, then four float32 features and the record's number as uint32. The label
depends on the features by a rule that moves from day to day, so models of different triggers differ.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml

DAY = 86_400
START = 1_356_998_400  # 2013-01-01
RECORD = np.dtype([("label", "<u4"), ("features", "<f4", 4), ("number", "<u4")])

MODEL = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, hidden: int = 8) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, hidden), nn.ReLU(), nn.Dropout(0.1), nn.Linear(hidden, 1))

    def forward(self, data: torch.Tensor) -> torch.Tensor:
        return self.layers(data).squeeze(1)
"""

BYTES_PARSER = """
import numpy
import torch

def bytes_parser_function(data):
    return torch.from_numpy(numpy.frombuffer(data, dtype="<f4", count=4).copy())
"""


def write_days(folder: Path, days: range, per_day: int = 100) -> None:
    """One file a day, named by date; the same arguments give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for day in days:
        random = np.random.default_rng(day)
        records = np.zeros(per_day, RECORD)
        records["features"] = random.normal(size=(per_day, 4))
        weights = np.array([1.0, np.cos(day / 10), np.sin(day / 10), 0.0])
        records["label"] = records["features"] @ weights + random.normal(scale=0.3, size=per_day) > 0
        records["number"] = day * per_day + np.arange(per_day)
        name = np.datetime64("2013-01-01") + day
        records.tofile(folder / f"{name}.bin")


def pipeline(name: str = "growing", **changes: Any) -> dict[str, Any]:
    """A complete pipeline; `changes` replace whole sections, or single keys as `section__key`."""
    end = START + 30 * DAY
    document: dict[str, Any] = {
        "pipeline": {"name": name, "seed": 7},
        "datasets": [
            {
                "name": "growing",
                "base_path": "data",
                "file_wrapper_type": "BinaryFileWrapper",
                "file_wrapper_config": {
                    "file_extension": ".bin",
                    "record_size": RECORD.itemsize,
                    "label_size": 4,
                    "byteorder": "little",
                },
                "timestamp": {"source": "filename", "pattern": "%Y-%m-%d"},
            }
        ],
        "data": {
            "dataset_id": "growing",
            "decoder": {
                "label_dtype": "float32",
                "fields": [{"name": "features", "dtype": "float32", "shape": [4], "offset": 0}],
            },
        },
        "model": {"id": "model:Net", "config": {"hidden": 8}},
        "training": {
            "device": "cpu",
            "batch_size": 64,
            "shuffle": True,
            "use_previous_model": True,
            "epochs_per_trigger": 2,
            "optimizers": [
                {
                    "name": "default",
                    "algorithm": "AdamW",
                    "source": "PyTorch",
                    "param_groups": [{"module": "model", "config": {"lr": 0.01}}],
                }
            ],
            "optimization_criterion": {"name": "BCEWithLogitsLoss"},
        },
        "trigger": {"id": "TimeTrigger", "every": "5d", "start_timestamp": START},
        "selection_strategy": {"name": "NewDataStrategy", "tail_triggers": 1},
        "model_storage": {"full_model_strategy": {"name": "PyTorchFullModel"}},
        "evaluation": {
            "device": "cpu",
            "handlers": [
                {
                    "name": "next-days",
                    "execution_time": "after_training",
                    "models": "matrix",
                    "datasets": ["growing"],
                    "strategy": {"type": "OffsetEvalStrategy", "offsets": ["0d", "5d"]},
                },
                {
                    "name": "slices",
                    "execution_time": "after_pipeline",
                    "models": "matrix",
                    "datasets": ["growing"],
                    "strategy": {
                        "type": "SlicingEvalStrategy",
                        "eval_every": "5d",
                        "eval_start_from": START,
                        "eval_end_at": end,
                    },
                },
            ],
            "datasets": [{"dataset_id": "growing", "metrics": [{"name": "RocAuc"}, {"name": "Accuracy"}]}],
        },
    }
    for key, value in changes.items():
        section, _, inner = key.partition("__")
        if inner:
            document[section][inner] = value
        else:
            document[section] = value
    return document


def write_pipeline(folder: Path, document: dict[str, Any], days: int = 30, per_day: int = 100) -> Path:
    """Data, model and pipeline file in one folder; returns the pipeline file."""
    write_days(folder / "data", range(days), per_day)
    (folder / "model.py").write_text(MODEL)
    file = folder / f"{document['pipeline']['name']}.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    return file
