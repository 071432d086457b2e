"""The headline numbers of runs for programs: JSON-able documents, and lines of plain text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from modyn.report import units
from modyn.report.frames import conform
from modyn.report.totals import all_measures, quality, totals
from modyn.rundata import RunData


def documents(runs: Sequence[RunData]) -> list[dict[str, Any]]:
    """One document per run: what it did, cost (seconds) and bought.

    The means of several runs are over the intervals for which all of them have data; `comparable` is false where
    they share none.
    """
    runs = [conform(run) for run in runs]
    qualities = [quality(runs, measure) for measure in all_measures(runs)]
    result = []
    for index, run in enumerate(runs):
        total = totals(run)
        means = [
            {**vars(one.measure), "mean": mean.value, "intervals": mean.intervals, "comparable": one.shared}
            for one in qualities
            if (mean := one.means[index]) is not None
        ]
        result.append(
            {
                "run": run.id,
                "pipeline": run.name,
                "state": run.state,
                "seconds": run.seconds,
                "triggers": total.triggers,
                "empty_triggers": total.empty_triggers,
                "new_samples": total.new_samples,
                "training_samples": total.training_samples,
                "training_seconds": total.training_seconds,
                "pipeline_seconds": total.pipeline_seconds,
                "models": len(run.models),
                "samples_total": run.samples_total,
                "samples_after_last_trigger": run.samples_after_last_trigger,
                "means": means,
            }
        )
    return result


def lines(document: dict[str, Any]) -> list[str]:
    """A document as lines of text, for logs."""
    first = (
        f"{document['run']}: {document['state']}, {document['triggers']:,} triggers, "
        f"{document['training_samples']:,} samples trained on, "
        f"training time {units.duration(document['training_seconds'])}"
    )
    means = [
        f"mean {mean['metric']} of the active model ({mean['handler']}, {mean['dataset']}): "
        + (f"{units.score(mean['mean'])} over {mean['intervals']:,} intervals" if mean["intervals"] else units.NO_DATA)
        for mean in document["means"]
    ]
    rest = document["samples_after_last_trigger"]
    after = [f"after the last trigger: {rest:,} of {document['samples_total']:,} samples"] if rest else []
    return [first, *means, *after]


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as dicts; missing values are None."""
    return frame.astype(object).where(frame.notna(), None).to_dict("records")  # type: ignore[return-value]
