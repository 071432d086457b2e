"""Rows of the metadata database as data frames. The columns are part of the public API."""

from __future__ import annotations

from typing import Any

import pandas as pd

from modyn.metadata.tables import EvaluationRow, ModelRow, TriggerRow

STEPS = ("decide", "select", "hold_out", "train", "store", "evaluate")

TRIGGER_COLUMNS: dict[str, str] = {
    "trigger": "int64",
    "state": "object",
    "position_start": "int64",
    "position_end": "int64",
    "new_samples": "int64",
    "first_timestamp": "Int64",
    "last_timestamp": "Int64",
    "training_samples": "Int64",
    "training_set_digest": "object",
    "model": "Int64",
    "downsampling": "object",
    "scored_samples": "Int64",
    "choosing_seconds": "float64",
    **{f"{step}_seconds": "float64" for step in STEPS},
}
MODEL_COLUMNS: dict[str, str] = {
    "model": "int64",
    "trigger": "int64",
    "path": "object",
    "digest": "object",
    "bytes": "int64",
    "parent": "Int64",
    "samples": "int64",
    "batches": "int64",
    "epochs": "int64",
    "training_seconds": "float64",
    "final_loss": "float64",
}
LOSS_COLUMNS: dict[str, str] = {"trigger": "int64", "batch": "int64", "loss": "float64"}
EVALUATION_COLUMNS: dict[str, str] = {
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
    "samples": "int64",
    "metric": "object",
    "value": "float64",
}


def trigger_frame(rows: list[TriggerRow]) -> pd.DataFrame:
    """One row per trigger; `*_seconds` is the wall-clock time of a step, NaN if it did not run.

    `downsampling` names the strategy that its training used; `scored_samples` went through the model for it alone, and
    `choosing_seconds` of `train_seconds` were spent on that and on choosing.
    """
    return _frame(
        TRIGGER_COLUMNS,
        [
            {
                **{name: getattr(row, name, None) for name in TRIGGER_COLUMNS},
                "new_samples": row.position_end - row.position_start,
                "downsampling": (row.downsampling or {}).get("strategy"),
                "scored_samples": (row.training or {}).get("scored_samples"),
                "choosing_seconds": (row.training or {}).get("choosing_seconds"),
                **{f"{step}_seconds": row.seconds.get(step) for step in STEPS},
            }
            for row in rows
        ],
    )


def model_frame(rows: list[ModelRow]) -> pd.DataFrame:
    """One row per stored model."""
    return _frame(MODEL_COLUMNS, [{name: getattr(row, name) for name in MODEL_COLUMNS} for row in rows])


def loss_frame(rows: list[TriggerRow]) -> pd.DataFrame:
    """One row per recorded mean loss of a batch; batches count from 0 in every training."""
    records = [
        {"trigger": row.trigger, "batch": batch, "loss": loss}
        for row in rows
        for batch, loss in (row.training or {}).get("losses", [])
    ]
    return _frame(LOSS_COLUMNS, records)


def evaluation_frame(rows: list[EvaluationRow]) -> pd.DataFrame:
    """One row per model, interval and metric, in an order that does not depend on when each was done."""
    records = [
        {**{name: getattr(row, name, None) for name in EVALUATION_COLUMNS}, "metric": metric, "value": value}
        for row in rows
        for metric, value in row.metrics.items()
    ]
    frame = _frame(EVALUATION_COLUMNS, records)
    order = ["stage", "handler", "dataset", "model", "interval_index", "metric"]
    return frame.sort_values(order, kind="stable", ignore_index=True)


def _frame(columns: dict[str, str], records: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame.from_records(records, columns=list(columns)).astype(columns)
