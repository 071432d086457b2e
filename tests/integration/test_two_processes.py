"""Several processes in one workspace: commits wait for each other, and none is lost."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np

import modyn
from tests.growing import RECORD

FORMAT = modyn.FixedRecord(record_size=RECORD.itemsize, label_size=4)


def _grow(workspace: Path, data: Path, offset: int, files: int) -> None:
    for number in range(offset, 2 * files, 2):
        records = np.zeros(3, RECORD)
        records["label"] = number
        # A name that no scan takes until the file is whole.
        (data / f"{number}.part").write_bytes(records.tobytes())
        (data / f"{number}.part").rename(data / f"{number}.bin")
        with modyn.open(workspace) as opened:
            opened.datasets.add("growing", data, FORMAT)


def test_two_processes_that_open_the_workspace_and_commit_lose_nothing(tmp_path: Path) -> None:
    data, workspace = tmp_path / "data", tmp_path / "workspace"
    data.mkdir()
    context = multiprocessing.get_context("spawn")
    growers = [context.Process(target=_grow, args=(workspace, data, offset, 150)) for offset in (0, 1)]
    for grower in growers:
        grower.start()
    seen = []
    while any(grower.is_alive() for grower in growers):
        with modyn.open(workspace) as opened:
            seen += [status.samples for status in opened.datasets.list()]
    for grower in growers:
        grower.join()
    assert [grower.exitcode for grower in growers] == [0, 0]
    assert seen == sorted(seen), "a commit was seen and then lost"

    with modyn.open(workspace) as opened:
        status = opened.datasets.status("growing")
        assert (status.files, status.samples) == (300, 900)
        assert 150 < opened.datasets.snapshot("growing").sequence <= 300  # a scan may find the other's file too
        view = opened.datasets.view("growing")
    assert sorted(view.labels(0, 900).tolist()) == sorted(list(range(300)) * 3)
    assert sorted(view.keys(0, 900).tolist()) == list(range(900))
