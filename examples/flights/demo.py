"""Replay the flights of 2013 with three policies: what does it cost to keep a model fresh, and what does it buy?

Usage: python demo.py [FOLDER]        (default: build/demo)

Prepares the data, runs the three pipelines beside this file, prints a table, and writes into FOLDER:

    results.json   a list of {policy, triggers, samples, training_seconds, mean_auc}
    report.html    the three runs side by side, one self-contained page
    workspace/     the Modyn workspace with the runs, made anew each time
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from prepare import DEFAULT_FOLDER, prepare
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

import modyn

HERE = Path(__file__).resolve().parent
# Policy, and after how many triggers it stops to train (None: never).
POLICIES = {"monthly-all": None, "monthly-new": None, "once": 1}
# Months 3 to 12, counted from 0. From the third month on, every policy has a model when the month begins.
COMPARED_MONTHS = range(2, 12)


@dataclass(frozen=True)
class Result:
    """What a policy cost and what it bought.

    Attributes:
        policy: name of the pipeline file.
        triggers: how often it trained.
        samples: sum of the sizes of its training sets.
        training_seconds: time in the training loops.
        mean_auc: mean over months 3 to 12 of the AUC of the model that was active when the month began.
    """

    policy: str
    triggers: int
    samples: int
    training_seconds: float
    mean_auc: float


def keep_to_one_core() -> None:
    """Let this process and those that it starts use a single core.

    Threads that share the work of so small a network mostly wait for each other, for long if the machine is busy.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def run_policy(workspace: modyn.Workspace, policy: str, console: Console) -> modyn.Run:
    """Run one pipeline to its end, with a progress bar if somebody watches."""
    run = workspace.run(HERE / f"{policy}.yaml", max_triggers=POLICIES[policy])
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[doing]}")
    try:
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            bar = progress.add_task(f"{policy:12}", total=None, doing="")
            for event in run.events():
                match event["event"]:
                    case "data":
                        progress.update(bar, completed=event["position"], total=event["total"])
                    case "training_started":
                        progress.update(bar, doing=f"training model {event['trigger'] + 1}")
                    case "evaluation_started":
                        progress.update(bar, doing="evaluating")
                    case "warning":
                        console.print(f"{policy}: {event['message']}")
        return run.wait()
    except KeyboardInterrupt:
        run.stop()
        run.wait()
        raise


def result_of(policy: str, run: modyn.Run) -> Result:
    """Add up a finished run."""
    evaluations = run.evaluations
    compared = evaluations[
        (evaluations["metric"] == "ROC-AUC")
        & evaluations["currently_active"]
        & evaluations["interval_index"].isin(COMPARED_MONTHS)
    ]
    if len(compared) != len(COMPARED_MONTHS) or compared["value"].isna().any():
        raise SystemExit(f"{policy}: expected one AUC for each of {len(COMPARED_MONTHS)} months, got:\n{compared}")
    return Result(
        policy=policy,
        triggers=len(run.triggers),
        samples=int(run.triggers["training_samples"].sum()),
        training_seconds=round(float(run.models["training_seconds"].sum()), 3),
        mean_auc=round(float(compared["value"].mean()), 4),
    )


def table_of(results: list[Result]) -> Table:
    """The results for people."""
    table = Table(
        title="Flights of 2013: will a flight arrive 15 or more minutes late?",
        caption="samples: sum of the sizes of the training sets; AUC: months 3 to 12, active model",
    )
    table.add_column("policy")
    for heading in ("trainings", "samples", "training time", "mean AUC"):
        table.add_column(heading, justify="right")
    for result in results:
        seconds = f"{result.training_seconds:.1f} s"
        table.add_row(result.policy, str(result.triggers), f"{result.samples:,}", seconds, f"{result.mean_auc:.3f}")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("build/demo"))
    folder: Path = parser.parse_args().folder
    console = Console()
    started = time.monotonic()
    keep_to_one_core()

    console.print(f"{prepare(DEFAULT_FOLDER):,} flights in {DEFAULT_FOLDER}")
    shutil.rmtree(folder / "workspace", ignore_errors=True)
    with modyn.open(folder / "workspace") as workspace:
        runs = {}
        for policy in POLICIES:
            began = time.monotonic()
            runs[policy] = run_policy(workspace, policy, console)
            console.print(f"{policy}: done in {time.monotonic() - began:.0f} s")
        results = [result_of(policy, run) for policy, run in runs.items()]
        report = modyn.compare(list(runs.values()), folder / "report.html")

    results_file = folder / "results.json"
    results_file.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")
    console.print(table_of(results))
    console.print(f"{report} compares the runs in full; {results_file} holds this table.")
    console.print(f"{time.monotonic() - started:.0f} s in all")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
