"""What a report is made from: one finished or running run as plain data frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class RunData:
    """A run, ready to be drawn.

    `triggers`, `models` and `evaluations` are the data frames of `modyn.Run`. `samples_total` counts the
    samples of the replayed view, `samples_after_last_trigger` those that no trigger has used.
    """

    id: str
    name: str
    config: dict[str, Any]
    state: str
    seconds: float
    triggers: pd.DataFrame
    models: pd.DataFrame
    evaluations: pd.DataFrame
    samples_total: int
    samples_after_last_trigger: int
