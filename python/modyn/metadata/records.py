"""What is committed of a run, for whoever wants to know: its owner, other processes, reports."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute

from modyn.metadata.database import Database
from modyn.metadata.frames import evaluation_frame, model_frame, trigger_frame
from modyn.metadata.tables import EvaluationRow, JournalRow, ModelRow, RunRow, TriggerRow
from modyn.rundata import RunData


class Records:
    """Reads the rows of one run.

    Args:
        database: where the rows are.
        run: the run's row id.
    """

    def __init__(self, database: Database, run: int) -> None:
        self._database = database
        self._run = run

    def run(self) -> RunRow:
        """The run's own row."""
        with self._database.transaction() as session:
            return session.get_one(RunRow, self._run)

    def trigger(self, trigger: int) -> TriggerRow:
        """One trigger."""
        with self._database.transaction() as session:
            return session.get_one(TriggerRow, (self._run, trigger))

    def triggers(self) -> list[TriggerRow]:
        """All triggers in order."""
        return self._rows(TriggerRow, TriggerRow.trigger)

    def models(self) -> list[ModelRow]:
        """All stored models in order."""
        return self._rows(ModelRow, ModelRow.model)

    def evaluations(self) -> list[EvaluationRow]:
        """All evaluations in the order of their commits."""
        return self._rows(EvaluationRow, EvaluationRow.id)

    def lines(self) -> list[dict[str, Any]]:
        """The journal: one entry per commit, in order."""
        return [
            {
                "epoch": row.epoch,
                "state": row.state,
                "trigger": row.trigger,
                "position": row.position,
                "time": row.time,
            }
            for row in self._rows(JournalRow, JournalRow.id)
        ]

    def data(self) -> RunData:
        """Everything that a report needs."""
        run, triggers = self.run(), self.triggers()
        last = triggers[-1].position_end if triggers else run.stream_start
        return RunData(
            id=run.name,
            name=run.pipeline,
            config=run.config,
            state=run.state,
            seconds=run.seconds,
            triggers=trigger_frame(triggers),
            models=model_frame(self.models()),
            evaluations=evaluation_frame(self.evaluations()),
            samples_total=run.stream_end - run.stream_start,
            samples_after_last_trigger=run.stream_end - last,
        )

    def _rows(self, table: Any, order: ColumnElement[Any] | InstrumentedAttribute[Any]) -> list[Any]:
        with self._database.transaction() as session:
            return list(session.scalars(select(table).filter_by(run=self._run).order_by(order)))
