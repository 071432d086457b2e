"""What a run cost and what it bought, in one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from modyn.report.composite import Mean, Measure, common_intervals, mean, measures, rows_of, span, stitch
from modyn.report.frames import STAGES
from modyn.rundata import RunData

# Metrics of which more is better; only among these is a best run named.
_LARGER_IS_BETTER = ("accuracy", "f1", "roc", "auc")


@dataclass(frozen=True)
class Totals:
    """One row of the headline table.

    Attributes:
        triggers: triggers so far, empty ones included.
        empty_triggers: triggers that brought no training.
        new_samples: samples that the triggers brought.
        training_samples: sum of the sizes of the training sets; an epoch passes over a set once.
        training_seconds: time in the training loops; None if nothing was trained.
        stage_seconds: time per step over all triggers, by the names of `STAGES`.
        other_seconds: wall time of the run that belongs to no trigger's step (evaluation after the pipeline,
            starting processes), None if unknown.
    """

    triggers: int
    empty_triggers: int
    new_samples: int
    training_samples: int
    training_seconds: float | None
    stage_seconds: dict[str, float]
    other_seconds: float | None

    @property
    def pipeline_seconds(self) -> float:
        """Seconds to decide, select, train and store: what the models cost, without judging them."""
        return sum(seconds for stage, seconds in self.stage_seconds.items() if stage != "evaluate")


@dataclass(frozen=True)
class Quality:
    """Means of the active composite model of several runs for one measure, over the same intervals.

    Attributes:
        measure: what was measured.
        means: one per run, None where a run did not measure this.
        shared: whether the means are over the intervals that all of these runs have data for. If the runs share
            none, each mean is over the run's own intervals and they cannot be compared.
        start: first start of those intervals (Unix seconds), None if open or not shared.
        end: last end of those intervals, likewise.
    """

    measure: Measure
    means: list[Mean | None]
    shared: bool
    start: int | None
    end: int | None

    def best(self) -> int | None:
        """Index of the run with the largest mean; None if they cannot be ranked or tie."""
        known = [(one.value, index) for index, one in enumerate(self.means) if one and one.value is not None]
        if not self.shared or len(known) < 2 or not larger_is_better(self.measure.metric):
            return None
        known.sort(reverse=True)
        return known[0][1] if known[0][0] > known[1][0] else None


def larger_is_better(metric: str) -> bool:
    """Whether a larger value of the metric is known to be better."""
    return any(word in metric.lower() for word in _LARGER_IS_BETTER)


def totals(run: RunData) -> Totals:
    """Add up a run (its frames as `frames.conform` leaves them)."""
    triggers, models = run.triggers, run.models
    stages = {stage: float(triggers[f"{stage}_seconds"].sum()) for stage in STAGES}
    other = run.seconds - sum(stages.values())
    trained = models["training_seconds"].dropna()
    return Totals(
        triggers=len(triggers),
        empty_triggers=int(empty(run).sum()),
        new_samples=int(triggers["new_samples"].sum()),
        training_samples=int(triggers["training_samples"].sum()),
        training_seconds=float(trained.sum()) if len(trained) else None,
        stage_seconds=stages,
        other_seconds=other if other > 0 else None,
    )


def empty(run: RunData) -> pd.Series[bool]:
    """Bool per trigger: it selected nothing, so nothing was trained."""
    return run.triggers["training_samples"].fillna(run.triggers["new_samples"]).fillna(0) == 0


def all_measures(runs: Sequence[RunData]) -> list[Measure]:
    """The measures of all runs, in order of first appearance."""
    return list(dict.fromkeys(measure for run in runs for measure in measures(run.evaluations)))


def quality(runs: Sequence[RunData], measure: Measure) -> Quality:
    """Compare the runs by one measure, over the intervals that all of them have data for."""
    series = [stitch(rows_of(run.evaluations, measure), "currently_active") for run in runs]
    having = [one for one in series if len(one)]
    shared = common_intervals(having)
    only = shared if len(having) > 1 and shared else None
    start, end = span(having[0], only) if having and (only or len(having) == 1) else (None, None)
    return Quality(
        measure=measure,
        means=[mean(one, only) if len(one) else None for one in series],
        shared=only is not None or len(having) == 1,
        start=start,
        end=end,
    )
