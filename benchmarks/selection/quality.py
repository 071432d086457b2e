"""What every downsampler costs and buys, end to end: whole runs on real data, compared with training on everything.

Usage: python -m benchmarks.selection.quality [--workloads flights digits wide] [--seeds 3] [--only Loss GradNorm ...]

- flights: the demo's data and network; retrained every 90 days on all flights so far, 2 epochs. Quality is the mean
  ROC-AUC of the active model over the months after its training.
- digits: scikit-learn's 1,797 digits in four arrivals, each of which retrains a small convolutional network on all so
  far, 15 epochs. Quality is the accuracy on the digits that no training has seen, of the last model.
- wide: the digits again, with a network whose backward pass dominates, to see what one forward pass for all and a
  backward pass for some saves.

Every run is `workspace.run` on a pipeline file. The time is that in the training loops, scoring included, summed over
the triggers of a run, on one core; seeds are averaged, and runs of one seed alternate between all policies, so that a
slow minute of the machine meets them all. Prints a table, and writes build/bench/quality.json and quality.md, in which
workloads of earlier calls stay.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from benchmarks.report import RESULTS

import modyn

ROOT = Path(__file__).resolve().parent.parent.parent
RATIOS = (50, 25)
FILE = RESULTS / "quality.json"
_DAY = 86_400
_JANUARY = 1_356_998_400

# Every downsampler, with the modes that it has and the options that it needs.
BOTH = ("sample-then-batch", "batch-then-sample")
METHODS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "RS2": ({"strategy": "RS2", "with_replacement": False}, BOTH[:1]),
    "Loss": ({"strategy": "Loss"}, BOTH),
    "GradNorm": ({"strategy": "GradNorm"}, BOTH),
    "Uncertainty, margin": ({"strategy": "Uncertainty", "score_metric": "Margin"}, BOTH),
    "Uncertainty, entropy": ({"strategy": "Uncertainty", "score_metric": "Entropy"}, BOTH),
    "Uncertainty, least confidence": ({"strategy": "Uncertainty", "score_metric": "LeastConfidence"}, BOTH),
    "K-center": ({"strategy": "KcenterGreedy"}, BOTH),
    "GradMatch": ({"strategy": "GradMatch"}, BOTH),
    "Craig": ({"strategy": "Craig", "greedy": "LazyGreedy"}, BOTH),
    "Facility location": ({"strategy": "Submodular", "submodular_function": "FacilityLocation"}, BOTH),
    "Graph cut": ({"strategy": "Submodular", "submodular_function": "GraphCut"}, BOTH),
    "Log-determinant": ({"strategy": "Submodular", "submodular_function": "LogDeterminant"}, BOTH),
    "RHO-LOSS, simple": ({"strategy": "RHOLoss", "holdout_set_strategy": "Simple", "holdout_set_ratio": 30}, BOTH),
    "RHO-LOSS, twin": ({"strategy": "RHOLoss", "holdout_set_strategy": "Twin", "holdout_set_ratio": 50}, BOTH),
}
_SUBMODULAR = ("Facility location", "Graph cut", "Log-determinant")
_WITH_EMBEDDING = (*_SUBMODULAR, "GradMatch", "Craig")


@dataclass(frozen=True)
class Outcome:
    """One run.

    Attributes:
        workload: of which data.
        policy: name of the downsampler, or "everything".
        mode: how it was used.
        ratio: percent of the samples that were kept.
        seed: of the run.
        seconds: in training loops.
        run_seconds: of the whole run, evaluation included.
        quality: see the module.
    """

    workload: str
    policy: str
    mode: str
    ratio: int
    seed: int
    seconds: float
    run_seconds: float
    quality: float


class Flights:
    """The demo's data."""

    def __init__(self) -> None:
        sys.path.insert(0, str(ROOT / "examples" / "flights"))
        from prepare import DEFAULT_FOLDER, prepare

        prepare(DEFAULT_FOLDER)
        self._pipeline = yaml.safe_load((ROOT / "examples" / "flights" / "monthly-all.yaml").read_text())
        self._data = DEFAULT_FOLDER
        self.folder = ROOT / "examples" / "flights"

    def pipeline(self) -> dict[str, Any]:
        pipeline: dict[str, Any] = json.loads(json.dumps(self._pipeline))
        pipeline["datasets"][0]["base_path"] = str(self._data)
        pipeline["trigger"]["every"] = "90d"
        pipeline["training"]["epochs_per_trigger"] = 2
        return pipeline

    @staticmethod
    def quality(run: modyn.Run) -> float:
        found = run.evaluations
        chosen = found[found["currently_active"] & (found["interval_index"] >= 3)]
        return float(chosen["value"].mean())


class Digits:
    """scikit-learn's digits as fixed records, four days of 350 and a last one to test on."""

    model = "digits_models:DigitNet"
    epochs = 15

    def __init__(self) -> None:
        from sklearn.datasets import load_digits

        self.folder = Path(tempfile.mkdtemp(prefix="modyn-digits-"))
        images, labels = load_digits(return_X_y=True)
        order = np.random.default_rng(0).permutation(len(labels))
        records = np.zeros(len(labels), [("label", "<u4"), ("pixels", "<f4", 64)])
        records["label"], records["pixels"] = labels[order], images[order] / 16
        (self.folder / "data").mkdir()
        for day, part in enumerate(np.split(records, [350, 700, 1050, 1400])):
            part.tofile(self.folder / "data" / f"2013-01-0{day + 1}.bin")
        shutil.copy(Path(__file__).parent / "digits_models.py", self.folder)

    def pipeline(self) -> dict[str, Any]:
        end = _JANUARY + 5 * _DAY
        return {
            "pipeline": {"name": "digits"},
            "datasets": [
                {
                    "name": "digits",
                    "base_path": str(self.folder / "data"),
                    "file_wrapper_type": "BinaryFileWrapper",
                    "file_wrapper_config": {"file_extension": ".bin", "record_size": 260, "label_size": 4},
                    "timestamp": {"source": "filename", "pattern": "%Y-%m-%d"},
                }
            ],
            "data": {
                "dataset_id": "digits",
                "decoder": {"fields": [{"name": "pixels", "dtype": "float32", "shape": [64], "offset": 0}]},
            },
            "model": {"id": self.model, "config": {}},
            "training": {
                "device": "cpu",
                "batch_size": 64,
                "shuffle": True,
                "use_previous_model": False,
                "epochs_per_trigger": self.epochs,
                "optimizers": [
                    {
                        "name": "default",
                        "algorithm": "AdamW",
                        "param_groups": [{"module": "model", "config": {"lr": 0.002}}],
                    }
                ],
                "optimization_criterion": {"name": "CrossEntropyLoss"},
            },
            "trigger": {"id": "DataAmountTrigger", "num_samples": 350},
            "selection_strategy": {"name": "NewDataStrategy", "tail_triggers": None},
            "model_storage": {"full_model_strategy": {"name": "PyTorchFullModel"}},
            "evaluation": {
                "device": "cpu",
                "handlers": [
                    {
                        "name": "last day",
                        "execution_time": "after_pipeline",
                        "models": "matrix",
                        "datasets": ["digits"],
                        "strategy": {
                            "type": "SlicingEvalStrategy",
                            "eval_every": "1d",
                            "eval_start_from": end - _DAY,
                            "eval_end_at": end,
                        },
                    }
                ],
                "datasets": [{"dataset_id": "digits", "metrics": [{"name": "Accuracy"}]}],
            },
        }

    @staticmethod
    def quality(run: modyn.Run) -> float:
        found = run.evaluations
        return float(found[found["model"] == 3]["value"].mean())


class Wide(Digits):
    """The digits with a network whose backward pass dominates."""

    model = "digits_models:WideNet"
    epochs = 10


WORKLOADS: dict[str, type[Flights | Digits]] = {"flights": Flights, "digits": Digits, "wide": Wide}


def selection(policy: str, mode: str, ratio: int, pipeline: dict[str, Any]) -> dict[str, Any]:
    """The `selection_strategy` section of a policy."""
    options, _ = METHODS[policy]
    section = {**options, "ratio": ratio}
    if policy != "RS2":
        section["sample_then_batch"] = mode == BOTH[0]
    if policy in _WITH_EMBEDDING:
        section["full_grad_approximation"] = "LastLayerWithEmbedding"
    if policy in _SUBMODULAR:
        section["submodular_optimizer"] = "LazyGreedy"
    if policy.startswith("RHO"):
        epochs = max(1, pipeline["training"]["epochs_per_trigger"] // 3)
        training = {**pipeline["training"], "epochs_per_trigger": epochs}
        section["il_training_config"] = training | {
            "il_model_id": pipeline["model"]["id"],
            "il_model_config": pipeline["model"]["config"],
        }
    return {"name": "CoresetStrategy", "tail_triggers": None, "downsampling_config": section}


def run_once(workload: str, data: Flights | Digits, policy: str, mode: str, ratio: int, seed: int) -> Outcome:
    """One run in a workspace of its own."""
    pipeline = data.pipeline()
    pipeline["pipeline"]["seed"] = seed
    if policy != "everything":
        pipeline["selection_strategy"] = selection(policy, mode, ratio, pipeline)
    file = data.folder / f".quality-{os.getpid()}.yaml"
    file.write_text(yaml.safe_dump(pipeline))
    folder = Path(tempfile.mkdtemp(prefix="modyn-quality-"))
    try:
        with modyn.open(folder) as workspace:
            run = workspace.run(file).wait()
            seconds = run.models["training_seconds"].sum() + run.triggers["hold_out_seconds"].sum()
            whole = float(run.data().seconds)
            return Outcome(workload, policy, mode, ratio, seed, float(seconds), whole, data.quality(run))
    finally:
        shutil.rmtree(folder)
        file.unlink()


def cases(only: list[str]) -> list[tuple[str, str, int]]:
    """Policy, mode and ratio of every row, training on everything first."""
    wanted = [name for name in METHODS if not only or name in only]
    return [
        ("everything", "", 100),
        *((name, mode, ratio) for name in wanted for mode in METHODS[name][1] for ratio in RATIOS),
    ]


def markdown(outcomes: list[Outcome]) -> str:
    """One table: a row for each policy and mode, and cells for each workload and ratio.

    A cell has the time in training loops, the time of the whole run (both over those of training on everything), and
    the quality with the standard deviation over the seeds.
    """
    workloads = list(dict.fromkeys(one.workload for one in outcomes))
    everything = {(one.workload, one.seed): one for one in outcomes if one.policy == "everything"}

    def cell(policy: str, mode: str, workload: str, ratio: int) -> str:
        mine = [one for one in outcomes if (one.policy, one.mode, one.workload) == (policy, mode, workload)]
        mine = [one for one in mine if one.ratio == ratio]
        if not mine:
            return ""
        whole = [everything[one.workload, one.seed] for one in mine]
        training = statistics.mean(one.seconds / other.seconds for one, other in zip(mine, whole, strict=True))
        run = statistics.mean(one.run_seconds / other.run_seconds for one, other in zip(mine, whole, strict=True))
        quality = [one.quality for one in mine]
        spread = statistics.stdev(quality) if len(quality) > 1 else 0.0
        return f"{training:.2f} / {run:.2f} · {statistics.mean(quality):.3f} ± {spread:.3f}"

    columns = [(workload, ratio) for workload in workloads for ratio in RATIOS]
    lines = [
        "| strategy | mode | " + " | ".join(f"{workload}, {ratio} %" for workload, ratio in columns) + " |",
        "|---|---|" + "---|" * len(columns),
    ]
    for policy, mode in dict.fromkeys((one.policy, one.mode) for one in outcomes):
        ratios = [100 if policy == "everything" else ratio for _, ratio in columns]
        cells = [cell(policy, mode, workload, ratio) for (workload, _), ratio in zip(columns, ratios, strict=True)]
        lines.append(f"| {policy} | {mode} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def earlier() -> list[Outcome]:
    """What earlier calls found."""
    return [Outcome(**one) for one in json.loads(FILE.read_text())] if FILE.exists() else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[], choices=METHODS, metavar="DOWNSAMPLER")
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):  # threads that share the work of such small networks mostly wait
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    RESULTS.mkdir(parents=True, exist_ok=True)
    outcomes = [one for one in earlier() if one.workload not in arguments.workloads]
    for workload in arguments.workloads:
        data = WORKLOADS[workload]()
        for seed in range(1, arguments.seeds + 1):
            for policy, mode, ratio in cases(arguments.only):
                outcome = run_once(workload, data, policy, mode, ratio, seed)
                outcomes.append(outcome)
                print(
                    f"{workload}, seed {seed}: {policy} {mode} {ratio} %: {outcome.seconds:.2f} s, "
                    f"quality {outcome.quality:.4f}",
                    flush=True,
                )
                FILE.write_text(json.dumps([asdict(one) for one in outcomes], indent=1) + "\n")
    table = markdown(outcomes)
    (RESULTS / "quality.md").write_text(table)
    print(table)


if __name__ == "__main__":
    main()
