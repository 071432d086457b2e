"""A user's parser in this process and in any number of workers."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from tests.unit.trainer.workbench import Workbench

from modyn.compute.local import LocalCompute
from modyn.trainer.api import ENTRY

# Draws from all three generators.
BYTES_PARSER = """
import random
import struct
import numpy
import torch

def bytes_parser_function(data):
    values = torch.tensor(struct.unpack("<3f2i", data), dtype=torch.float32)
    values[:3] += 0.01 * torch.randn(3) + numpy.random.normal() * 0.01 + random.random() * 0.01
    return values
"""

BATCH_PARSER = """
import torch

def batch_parser_function(batch):
    return {
        "numbers": torch.from_numpy(batch[:, :12].copy()).view(torch.float32),
        "categories": torch.from_numpy(batch[:, 12:].copy()).view(torch.int32),
    }
"""

FLOAT_LABELS = "def label_transformer_function(labels):\n    return labels.float()\n"


def parsed(source: str, workers: int) -> dict[str, Any]:
    name = re.search(r"def (\w+)", source)
    assert name is not None
    return {
        "data.decoder": None,
        f"data.{name.group(1)}": source,
        "data.label_transformer_function": FLOAT_LABELS,
        "training.dataloader_workers": workers,
    }


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_any_number_of_workers_gives_the_same_model(workbench: Workbench) -> None:
    results = {workers: workbench.train(parsed(BYTES_PARSER, workers), threads=2) for workers in (0, 1, 2, 5)}
    assert len({result.digest for result in results.values()}) == 1
    assert len({(result.final_loss, result.samples) for result in results.values()}) == 1


def test_a_batch_parser_gives_the_model_of_the_decoder(workbench: Workbench) -> None:
    weights = workbench.records["numbers"][:, 0] ** 2
    for training_set in (workbench.training_set(), workbench.training_set(300, weights)):
        digests = {workbench.train(parsed(BATCH_PARSER, 0), training_set=training_set).digest}
        digests.add(workbench.train(parsed(BATCH_PARSER, 1), training_set=training_set).digest)
        digests.add(workbench.train(training_set=training_set).digest)
        # A decoder needs no workers.
        digests.add(workbench.train({"training.dataloader_workers": 3}, training_set=training_set).digest)
        assert len(digests) == 1


@pytest.mark.parametrize("workers", [0, 1])
def test_an_exception_of_the_parser_reaches_the_trainer(workbench: Workbench, workers: int) -> None:
    failing = BATCH_PARSER.replace("return", 'raise ValueError(f"cannot parse {batch.shape}")\n    return')
    with pytest.raises(ValueError, match=r"cannot parse \(32, 20\)"):
        workbench.train(parsed(failing, workers))


def test_workers_end_with_a_killed_training(workbench: Workbench) -> None:
    sleeping = f"""
import os, time

def batch_parser_function(batch):
    open({str(workbench.folder)!r} + f"/worker-{{os.getpid()}}", "w").close()
    time.sleep(120)
"""
    request = workbench.request(parsed(sleeping, 2))
    with LocalCompute(threads=1) as compute:
        job = compute.submit(ENTRY, request.to_json(), request.folder)
        workers = _wait_for_workers(workbench, 2)
        assert job.process is not None
        assert job.how == "fork" or sys.platform == "darwin"  # nothing that is imported in advance starts a thread
        os.kill(job.process, signal.SIGKILL)
        end = time.monotonic() + 10
        while any(map(_is_running, workers)) and time.monotonic() < end:
            time.sleep(0.05)
        assert not any(map(_is_running, workers))


def _wait_for_workers(workbench: Workbench, count: int) -> list[int]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = [int(path.name.removeprefix("worker-")) for path in workbench.folder.glob("worker-*")]
        if len(found) == count:
            return found
        time.sleep(0.05)
    raise TimeoutError("the workers do not start")


def _is_running(process: int) -> bool:
    answer = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    return answer.stdout.strip()[:1] not in ("", "Z")
