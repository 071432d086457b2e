"""The tables of a run with the columns and types that the report relies on, also where a run has none yet."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from modyn.rundata import RunData

STAGES = ("decide", "select", "hold_out", "train", "store", "evaluate")

_TRIGGERS = {
    "trigger": "int64",
    "state": "object",
    "position_start": "Int64",
    "position_end": "Int64",
    "new_samples": "Int64",
    "first_timestamp": "Int64",
    "last_timestamp": "Int64",
    "training_samples": "Int64",
    "model": "Int64",
    **{f"{stage}_seconds": "float64" for stage in STAGES},
}
_MODELS = {
    "model": "int64",
    "trigger": "int64",
    "samples": "Int64",
    "batches": "Int64",
    "epochs": "Int64",
    "bytes": "Int64",
    "training_seconds": "float64",
    "final_loss": "float64",
}
_EVALUATIONS = {
    "handler": "object",
    "stage": "object",
    "dataset": "object",
    "model": "int64",
    "trigger": "int64",
    "interval_index": "int64",
    "interval_start": "Int64",
    "interval_end": "Int64",
    "currently_active": "bool",
    "currently_trained": "bool",
    "samples": "Int64",
    "metric": "object",
    "value": "float64",
}


def conform(run: RunData) -> RunData:
    """The same run with all columns that the report reads, in their types.

    A column that is absent, because nothing of its kind has happened yet, comes back as missing values.
    """
    return replace(
        run,
        triggers=_typed(run.triggers, _TRIGGERS).sort_values("trigger", ignore_index=True),
        models=_typed(run.models, _MODELS).sort_values("model", ignore_index=True),
        evaluations=_typed(run.evaluations, _EVALUATIONS),
    )


def _typed(frame: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    return frame.reindex(columns=list(columns)).astype(columns)
