"""Real small datasets and training requests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.unit.trainer.workbench import MODEL, RECORD, Workbench

from modyn import _native
from modyn.storage.api import ViewRef
from modyn.storage.sample_format import FixedRecord, TimestampFrom, settings_text


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    root = tmp_path / "data"
    root.mkdir()
    random = np.random.default_rng(3)
    records = np.zeros(300, RECORD)
    records["numbers"] = random.normal(size=(300, 3))
    records["categories"] = random.integers(0, 4, (300, 2))
    records["label"] = records["numbers"].sum(1) + records["categories"][:, 0] > 1
    for number, part in enumerate(np.split(records, [90, 200])):
        (root / f"2024-01-0{number + 1}.bin").write_bytes(part.tobytes())
    dataset = tmp_path / "dataset"
    _native.scan(
        dataset,
        root,
        file_extension=".bin",
        format=settings_text(FixedRecord(record_size=RECORD.itemsize, label_size=4), TimestampFrom()),
        timestamp_source="filename",
        timestamp_pattern="%Y-%m-%d",
    )
    (tmp_path / "model.py").write_text(MODEL)
    manifest = _native.Index.open(dataset).summary.manifest
    torch.set_num_threads(1)
    return Workbench(tmp_path, records, ViewRef("numbers", dataset, root, manifest))
