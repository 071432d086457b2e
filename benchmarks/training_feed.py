"""Training through the trainer against a hand-written loop over tensors in memory.

The work is the flights demo: its network, its optimizer, batches of 1,024, no loader workers. The peer holds all
decoded tensors in memory and draws its batches by a random permutation; the trainer reads the records from their files
in the order of its own permutation, decodes them, reseeds all generators before each step, runs deterministic
algorithms, records losses and reports progress.

Data: examples/flights/data if it is prepared, else as many random records of the same layout.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import torch
from benchmarks.report import Row, interleaved, write_rows
from torch import nn

from modyn import _native
from modyn.config import PipelineConfig, load_pipeline
from modyn.models.build import build_model
from modyn.storage.api import FixedRecord, TimestampFrom, ViewRef
from modyn.storage.sample_format import settings_text
from modyn.trainer.api import TrainingRequest
from modyn.trainer.batch_plan import BatchPlan
from modyn.trainer.data.decoder import build_decoder
from modyn.trainer.data.loader import Loader
from modyn.trainer.data.source import TrainingSamples
from modyn.trainer.job import train
from modyn.trainer.seeding import AddressedSeeds, Shuffle

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "flights"
RECORD = np.dtype([("label", "<u4"), ("numeric", "<f4", 9), ("categorical", "<i4", 6)])
SYNTHETIC_SAMPLES = 327_346
SEED = 7


@dataclass(frozen=True)
class Work:
    """The demo's records, registered and selected as one training set."""

    config: PipelineConfig
    root: Path
    view: ViewRef
    training_set: Path

    def records(self) -> np.ndarray:
        """All records, as they lie in the files."""
        return np.concatenate([np.fromfile(path, RECORD) for path in sorted(self.root.glob("*.bin"))])


def prepare(folder: Path, epochs: int) -> Work:
    root = EXAMPLE / "data" / "flights"
    if not any(root.glob("*.bin")):
        root = _synthetic(folder / "data")
    dataset = folder / "dataset"
    timestamp = TimestampFrom("filename", "%Y-%m-%d")
    _native.scan(
        dataset,
        root,
        file_extension=".bin",
        format=settings_text(FixedRecord(record_size=64, label_size=4), timestamp),
        timestamp_source=timestamp.source,
        timestamp_pattern=timestamp.pattern,
    )
    index = _native.Index.open(dataset)
    _native.TrainingSet.write_ranges(
        folder / "all.set", _native.View.build(index, "time"), np.array([[0, index.summary.samples]], np.uint64), None
    )
    document = load_pipeline(EXAMPLE / "monthly-all.yaml").model_dump(mode="json")
    document["training"] |= {"epochs_per_trigger": epochs, "batch_size": 1024, "dataloader_workers": 0, "device": "cpu"}
    config = PipelineConfig.model_validate(document)
    return Work(config, root, ViewRef("flights", dataset, root, index.summary.manifest), folder / "all.set")


def _synthetic(root: Path) -> Path:
    root.mkdir()
    random = np.random.default_rng(SEED)
    records = np.zeros(SYNTHETIC_SAMPLES, RECORD)
    records["numeric"] = random.normal(size=(SYNTHETIC_SAMPLES, 9))
    records["categorical"] = random.integers(0, [16, 4, 100, 24, 7, 8], (SYNTHETIC_SAMPLES, 6))
    records["label"] = random.random(SYNTHETIC_SAMPLES) < 0.24
    for day, part in enumerate(np.array_split(records, 365)):
        name = np.datetime64("2013-01-01") + np.timedelta64(day, "D")
        (root / f"{name}.bin").write_bytes(part.tobytes())
    return root


def trainer(work: Work, folder: Path, threads: int) -> Callable[[], float]:
    """Samples a second of the training loop, through the trainer."""
    attempts = count()

    def run() -> float:
        attempt = folder / f"attempt-{next(attempts)}"
        attempt.mkdir()
        result = train(
            TrainingRequest(
                pipeline=work.config.model_dump(mode="json"),
                source_folder=EXAMPLE,
                view=work.view,
                training_set=work.training_set,
                trigger=0,
                seed=SEED,
                previous_model=None,
                num_samples=None,
                folder=attempt,
                threads=threads,
            ),
            lambda event: None,
        )
        return result.samples / result.seconds

    return run


def by_hand(work: Work, threads: int) -> Callable[[], float]:
    """Samples a second of the same training, written out over tensors in memory."""
    records = work.records()
    numeric = torch.from_numpy(records["numeric"].copy())
    categorical = torch.from_numpy(records["categorical"].copy())
    labels = torch.from_numpy(records["label"].astype(np.float32))
    training = work.config.training
    size = training.batch_size

    def run() -> float:
        torch.use_deterministic_algorithms(False)
        torch.set_num_threads(threads)
        torch.manual_seed(SEED)
        model: nn.Module = build_model(work.config.model, EXAMPLE, torch.device("cpu"))
        optimizer = torch.optim.AdamW(model.parameters(), **training.optimizers[0].param_groups[0].config)
        criterion = nn.BCEWithLogitsLoss()
        model.train()
        samples = 0
        started = time.perf_counter()
        for _ in range(training.epochs_per_trigger):
            order = torch.randperm(len(labels))
            for first in range(0, len(labels) - size + 1, size):
                rows = order[first : first + size]
                optimizer.zero_grad()
                output = model({"numeric": numeric[rows], "categorical": categorical[rows]})
                criterion(output, labels[rows]).backward()
                optimizer.step()
                samples += size
        return samples / (time.perf_counter() - started)

    return run


def bare_feed(work: Work, threads: int) -> Callable[[], float]:
    """Samples a second of the trainer's batches, without a step."""

    def run() -> float:
        torch.set_num_threads(threads)
        training = work.config.training
        seeds = AddressedSeeds(SEED, 0)
        samples = TrainingSamples(work.view, work.training_set, threads)
        decoder = build_decoder(work.config.data, samples.sample_size)
        plan = BatchPlan(len(samples), training.batch_size, drop_last=True, epochs=training.epochs_per_trigger)
        ordered = samples.orders(seeds, Shuffle.of(training), decoder.fields)
        loader = Loader(plan, ordered, decoder, seeds, samples.sample_size)
        started = time.perf_counter()
        with loader.batches(0) as batches:
            fetched = sum(batch.span.count for batch in batches)
        return fetched / (time.perf_counter() - started)

    return run


def bare_gather(work: Work, threads: int) -> Callable[[], float]:
    """Samples a second of drawing the batches from memory, without a step."""
    records = work.records()
    tensors = [torch.from_numpy(records[name].copy()) for name in ("numeric", "categorical")]
    tensors.append(torch.from_numpy(records["label"].astype(np.float32)))
    size = work.config.training.batch_size

    def run() -> float:
        torch.set_num_threads(threads)
        samples = 0
        started = time.perf_counter()
        for _ in range(work.config.training.epochs_per_trigger):
            order = torch.randperm(len(records))
            for first in range(0, len(records) - size + 1, size):
                rows = order[first : first + size]
                numeric, _, _ = (tensor[rows] for tensor in tensors)
                samples += len(numeric)
        return samples / (time.perf_counter() - started)

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        work = prepare(folder, arguments.epochs)
        works = {
            "trainer": trainer(work, folder, arguments.threads),
            "by hand": by_hand(work, arguments.threads),
            "feed": bare_feed(work, arguments.threads),
            "gather": bare_gather(work, arguments.threads),
        }
        interleaved(works, 1)  # warms caches and allocators up
        speed = interleaved(works, arguments.repeats)
    write_rows(
        "training_feed",
        [
            Row(
                work="training the flights network",
                unit="samples/s",
                ours=speed["trainer"],
                other=speed["by hand"],
                against="hand-written loop over tensors in memory",
                ratio=speed["trainer"] / speed["by hand"],
                reach=0.95,
            ),
            Row(
                work="the bare feed, no step",
                unit="samples/s",
                ours=speed["feed"],
                other=speed["gather"],
                against="gathering from tensors in memory",
                ratio=speed["feed"] / speed["gather"],
                reach=None,
            ),
        ],
    )


if __name__ == "__main__":
    main()
