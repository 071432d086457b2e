"""Real small datasets and training requests."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from modyn import _native
from modyn.storage.api import ViewRef
from modyn.storage.sample_format import FixedRecord, TimestampFrom, settings_text
from modyn.trainer.api import TrainingRequest, TrainingResult
from modyn.trainer.job import train

# Label first, then the sample's bytes: three numbers and two categories.
RECORD = np.dtype([("label", "<u4"), ("numbers", "<f4", 3), ("categories", "<i4", 2)])

MODEL = '''
import torch
from torch import nn


class Small(nn.Module):
    """Logits [B] of {"numbers": [B, 3], "categories": [B, 2]} or of float32 [B, 5]."""

    def __init__(self, hidden: int = 8, dropout: float = 0.25) -> None:
        super().__init__()
        self.embedding = nn.Embedding(4, 3)
        self.layers = nn.Sequential(nn.Linear(9, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, 1))

    def forward(self, data):
        if not isinstance(data, dict):
            data = {"numbers": data[:, :3].float(), "categories": data[:, 3:].long()}
        features = torch.cat([data["numbers"], self.embedding(data["categories"]).flatten(1)], dim=1)
        return self.layers(features).squeeze(1)
'''

PIPELINE: dict[str, Any] = {
    "pipeline": {"name": "test"},
    "model": {"id": "model:Small", "config": {}},
    "data": {
        "dataset_id": "numbers",
        "decoder": {
            "label_dtype": "float32",
            "fields": [
                {"name": "numbers", "dtype": "float32", "shape": [3], "offset": 0},
                {"name": "categories", "dtype": "int32", "shape": [2], "offset": 12},
            ],
        },
    },
    "training": {
        "device": "cpu",
        "batch_size": 32,
        "shuffle": True,
        "use_previous_model": False,
        "epochs_per_trigger": 2,
        "optimizers": [
            {"name": "default", "algorithm": "AdamW", "param_groups": [{"module": "model", "config": {"lr": 0.01}}]}
        ],
        "optimization_criterion": {"name": "BCEWithLogitsLoss"},
    },
    "trigger": {"id": "DataAmountTrigger", "num_samples": 100},
    "selection_strategy": {"name": "NewDataStrategy", "tail_triggers": None},
}


@dataclass
class Workbench:
    """A dataset of 300 records in three files, a model module, and a folder to train in."""

    folder: Path
    records: npt.NDArray[Any]
    view: ViewRef
    attempts: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)

    def training_set(self, samples: int = 300, weights: npt.NDArray[np.float32] | None = None) -> Path:
        """The first `samples` samples of the view."""
        path = self.folder / f"{samples}-{'' if weights is None else hash(weights.tobytes())}.set"
        if not path.exists():
            view = _native.View.build(_native.Index.open(self.view.folder, self.view.manifest), self.view.order)
            _native.TrainingSet.write_ranges(path, view, np.array([[0, samples]], np.uint64), weights)
        return path

    def request(self, changes: dict[str, Any] | None = None, **fields: Any) -> TrainingRequest:
        """A request for the standard pipeline with `changes`: paths such as "training.batch_size" to values."""
        self.attempts += 1
        values: dict[str, Any] = {
            "pipeline": pipeline(changes or {}),
            "source_folder": self.folder,
            "view": self.view,
            "training_set": self.training_set(),
            "trigger": 0,
            "seed": 7,
            "previous_model": None,
            "num_samples": None,
            "folder": self.folder / f"attempt-{self.attempts}",
            "threads": 1,
        }
        request = TrainingRequest(**(values | fields))
        request.folder.mkdir(exist_ok=True)
        return request

    def train(self, changes: dict[str, Any] | None = None, **fields: Any) -> TrainingResult:
        """Train in this process."""
        self.events = []
        return train(self.request(changes, **fields), self.events.append)


def build_workbench(folder: Path, records: npt.NDArray[Any]) -> Workbench:
    """A workbench in an existing folder, with 300 records of `RECORD`; keys are their places."""
    root = folder / "data"
    root.mkdir()
    for number, part in enumerate(np.split(records, [90, 200])):
        (root / f"2024-01-0{number + 1}.bin").write_bytes(part.tobytes())
    dataset = folder / "dataset"
    _native.scan(
        dataset,
        root,
        file_extension=".bin",
        format=settings_text(FixedRecord(record_size=RECORD.itemsize, label_size=4), TimestampFrom()),
        timestamp_source="filename",
        timestamp_pattern="%Y-%m-%d",
    )
    (folder / "model.py").write_text(MODEL)
    manifest = _native.Index.open(dataset).summary.manifest
    torch.set_num_threads(1)
    return Workbench(folder, records, ViewRef("numbers", dataset, root, manifest))


def pipeline(changes: dict[str, Any]) -> dict[str, Any]:
    """The standard pipeline with the values at the given paths replaced, or removed if they are None."""
    result = copy.deepcopy(PIPELINE)
    for path, value in changes.items():
        *parents, last = path.split(".")
        section = result
        for name in parents:
            section = section[name]
        if value is None:
            section.pop(last, None)
        else:
            section[last] = value
    return result
