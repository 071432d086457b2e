"""Runs as a replay would leave them, from a little arithmetic instead of a training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from modyn.rundata import RunData

DAY = 86_400
MONTH = 30 * DAY
START = 1_356_998_400  # 2013-01-01
EVALUATION_COLUMNS = [
    "handler", "stage", "dataset", "model", "trigger", "interval_index", "interval_start", "interval_end",
    "currently_active", "currently_trained", "samples", "metric", "value",
]  # fmt: skip
TRIGGER_COLUMNS = [
    "trigger", "state", "position_start", "position_end", "new_samples", "first_timestamp", "last_timestamp",
    "training_samples", "training_set_digest", "model", "decide_seconds", "select_seconds", "hold_out_seconds",
    "train_seconds", "store_seconds", "evaluate_seconds",
]  # fmt: skip
MODEL_COLUMNS = [
    "model", "trigger", "path", "digest", "bytes", "parent", "samples", "batches", "epochs", "training_seconds",
    "final_loss",
]  # fmt: skip


def replayed(
    run_id: str = "flights-monthly-all-1",
    *,
    months: int = 12,
    trigger_months: tuple[int, ...] | None = None,
    keeps_all: bool = True,
    per_month: int = 27_000,
    empty_triggers: tuple[int, ...] = (),
    metrics: tuple[str, ...] = ("ROC-AUC",),
    handlers: tuple[str, ...] = ("by-month",),
    state: str = "done",
    seed: int = 0,
    period: int = MONTH,
    intervals: int | None = None,
) -> RunData:
    """A run that triggers at the end of each month in `trigger_months` (1-based; default: every one)."""
    random = np.random.default_rng(seed)
    fired = trigger_months if trigger_months is not None else tuple(range(1, months))
    triggers, models = [], []
    position = 0
    for number, month in enumerate(fired):
        new = 0 if number in empty_triggers else (month - (fired[number - 1] if number else 0)) * per_month
        new = int(new * random.uniform(0.94, 1.06))
        trained = (position + new if keeps_all else new) if new else 0
        first = START + (fired[number - 1] if number else 0) * period
        seconds = trained * 2 / 180_000
        triggers.append(
            [number, "done", position, position + new, new, first if new else pd.NA,
             START + month * period - 3600 if new else pd.NA, trained, f"{number:064x}",
             len(models) if new else pd.NA, 0.0021, 0.013 + trained * 2e-7, None, seconds + 0.4, 0.011, 0.09]
        )  # fmt: skip
        if new:
            models.append(
                [len(models), number, f"models/{number}.safetensors", f"{number:064x}", 48_211,
                 pd.NA, trained * 2, trained * 2 // 1024, 2, seconds,
                 0.48 - 0.02 * np.log1p(number) + random.normal(0, 0.004)]
            )  # fmt: skip
        position += new
    evaluations = _evaluations(models, triggers, intervals or months, period, metrics, handlers, random)
    total = months * per_month
    return RunData(
        id=run_id,
        name=run_id.rsplit("-", 1)[0],
        config=configuration(run_id.rsplit("-", 1)[0], keeps_all),
        state=state,
        seconds=sum(row[-3] for row in triggers) + 9.4,
        triggers=pd.DataFrame(triggers, columns=TRIGGER_COLUMNS).astype(
            {name: "Int64" for name in ("first_timestamp", "last_timestamp", "model")}
        ),
        models=pd.DataFrame(models, columns=MODEL_COLUMNS).astype({"parent": "Int64"}),
        evaluations=evaluations,
        samples_total=max(total, position),
        samples_after_last_trigger=max(0, total - position),
    )


def configuration(name: str, keeps_all: bool) -> dict[str, Any]:
    return {
        "pipeline": {"name": name, "seed": 7},
        "data": {"dataset_id": "flights", "decoder": {"label_dtype": "float32", "fields": [{"name": "numeric"}]}},
        "training": {"batch_size": 1024, "optimizers": [{"name": "default", "algorithm": "AdamW"}]},
        "trigger": {"id": "TimeTrigger", "every": "30d", "start_timestamp": START},
        "selection_strategy": {"name": "NewDataStrategy", "tail_triggers": None if keeps_all else 0},
    }


def _evaluations(models: list[Any], triggers: list[Any], months: int, period: int, metrics: tuple[str, ...],
                 handlers: tuple[str, ...], random: np.random.Generator) -> pd.DataFrame:  # fmt: skip
    last = {row[0]: row[6] for row in triggers}
    rows = []
    drift = np.cumsum(random.normal(0, 0.006, months)) + 0.012 * np.sin(np.arange(months) / months * 9)
    for handler in handlers:
        for metric in metrics:
            for month in range(months):
                start, end = START + month * period, START + (month + 1) * period
                before = [row[0] for row in models if last[row[1]] < start]
                active = max(before, default=None)
                trained = min(models[-1][0], active + 1 if active is not None else 0) if models else None
                for row in models:
                    age = (start - last[row[1]]) / period
                    value = 0.70 + 0.003 * min(row[0], 12) + drift[month] - 0.004 * abs(age) + random.normal(0, 0.002)
                    rows.append(
                        [handler, "after_pipeline", "flights", row[0], row[1], month, start, end, row[0] == active,
                         row[0] == trained, 27_000, metric, value]
                    )  # fmt: skip
    frame = pd.DataFrame(rows, columns=EVALUATION_COLUMNS)
    return frame.astype({"interval_start": "Int64", "interval_end": "Int64", "value": "float64"})
