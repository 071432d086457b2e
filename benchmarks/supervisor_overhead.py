"""What the supervisor costs per trigger: deciding, selecting, journalling, storing, with the training itself left out.

The limit that it is held against is the disk: a trigger commits seven times, and each commit waits for an fsync. The
peer is therefore the same number of durable SQLite commits and nothing else, in the same run and on the same disk.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml
from benchmarks.report import Row, write_rows

import modyn

RECORD = np.dtype([("label", "<u4"), ("features", "<f4", 2)])
COMMITS_PER_TRIGGER = 7


def prepare(folder: Path, triggers: int) -> Path:
    """A dataset of one sample per trigger and a pipeline that trains the smallest model on each."""
    (folder / "data").mkdir()
    np.zeros(triggers, RECORD).tofile(folder / "data" / "samples.bin")
    document = {
        "pipeline": {"name": "overhead", "seed": 1},
        "datasets": [
            {
                "name": "samples",
                "base_path": "data",
                "file_wrapper_type": "BinaryFileWrapper",
                "file_wrapper_config": {"record_size": RECORD.itemsize, "label_size": 4},
            }
        ],
        "data": {
            "dataset_id": "samples",
            "decoder": {
                "label_dtype": "int64",
                "fields": [{"name": "features", "dtype": "float32", "shape": [2], "offset": 0}],
            },
        },
        "model": {"id": "Dummy"},
        "training": {
            "batch_size": 1,
            "shuffle": False,
            "use_previous_model": False,
            "optimizers": [
                {"name": "default", "algorithm": "SGD", "param_groups": [{"module": "model", "config": {"lr": 0.1}}]}
            ],
            "optimization_criterion": {"name": "CrossEntropyLoss"},
        },
        "trigger": {"id": "DataAmountTrigger", "num_samples": 1},
        "selection_strategy": {"name": "NewDataStrategy", "tail_triggers": 0},
        "model_storage": {"full_model_strategy": {"name": "PyTorchFullModel"}},
    }
    file = folder / "pipeline.yaml"
    file.write_text(yaml.safe_dump(document))
    return file


def durable_commits(folder: Path, count: int) -> float:
    """Milliseconds for `count` durable commits of one small row."""
    connection = sqlite3.connect(folder / "peer.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE journal (id INTEGER PRIMARY KEY, state TEXT)")
    started = time.perf_counter()
    for _ in range(count):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO journal (state) VALUES ('decided')")
        connection.execute("COMMIT")
    seconds = time.perf_counter() - started
    connection.close()
    return seconds * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--triggers", type=int, default=60)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = modyn.open(folder / "workspace").run(prepare(folder, arguments.triggers))
        marks = [event["time"] for event in run.events() if event["event"] == "trigger"]
        run.wait()
        trained = run.triggers["train_seconds"].to_numpy()
        gaps = np.diff(marks)
        overhead_ms = statistics.median((gaps - trained[:-1]) * 1000)
        process_ms = statistics.median((run.triggers["train_seconds"] - run.models["training_seconds"]) * 1000)
        peer_ms = statistics.median(durable_commits(folder, COMMITS_PER_TRIGGER) for _ in range(1))
    print(f"a training's process, beside its loop: {process_ms:.1f} ms")
    write_rows(
        "supervisor_overhead",
        [
            Row(
                work="supervisor's overhead per trigger, without training",
                unit="ms",
                ours=overhead_ms,
                other=peer_ms,
                against=f"{COMMITS_PER_TRIGGER} durable SQLite commits",
                ratio=peer_ms / overhead_ms,
                reach=None,
            )
        ],
    )


if __name__ == "__main__":
    main()
