from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.unit.trainer.workbench import RECORD, Workbench, build_workbench


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    random = np.random.default_rng(3)
    records = np.zeros(300, RECORD)
    records["numbers"] = random.normal(size=(300, 3))
    records["categories"] = random.integers(0, 4, (300, 2))
    records["label"] = records["numbers"].sum(1) + records["categories"][:, 0] > 1
    return build_workbench(tmp_path, records)
