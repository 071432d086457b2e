"""The journal: every step of a run, committed before the next one begins.

A commit changes the rows that describe the progress and appends one line to the journal, in one transaction. It is
refused if another process has taken over the run meanwhile (a newer epoch), so a straggler changes nothing. What lies
between two commits is derived again from the committed position and the committed states of the policies.

States of a trigger, in order: `decided` -> `selected` -> `trained` -> `stored` -> `done`; `empty` if it brought no
data or nothing was selected. Phases of a run: `preparing` -> `streaming` -> `evaluating`; meanwhile its state is
`running`, in the end `done`, `failed` or `interrupted`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modyn.errors import ConflictError
from modyn.evaluator.api import EvaluationTask, IntervalResult
from modyn.metadata.database import Database
from modyn.metadata.records import Records
from modyn.metadata.tables import AttemptRow, EvaluationRow, JournalRow, ModelRow, RunRow, TriggerRow
from modyn.model_storage.api import StoredModel
from modyn.selector.api import TrainingSetInfo
from modyn.trainer.api import TrainingResult


@dataclass(frozen=True)
class Decision:
    """A trigger as the policy decided it: its positions in the view and the time span of its data."""

    position_start: int
    position_end: int
    first_timestamp: int | None
    last_timestamp: int | None
    reason: dict[str, Any]


@dataclass(frozen=True)
class Attempt:
    """One try at a step, with a folder that no other try shares."""

    token: int
    folder: Path


class Journal(Records):
    """The progress of one run, owned by this process.

    Args:
        database: where the rows are.
        run: the run's row id.
        epoch: the fencing token under which this process owns the run.
    """

    def __init__(self, database: Database, run: int, epoch: int) -> None:
        super().__init__(database, run)
        self._epoch = epoch

    @classmethod
    def take_over(cls, database: Database, run: int) -> Journal:
        """Become the owner: every earlier owner's commits are refused from now on."""
        with database.transaction() as session:
            row = session.get_one(RunRow, run, with_for_update=True)
            row.epoch += 1
            row.state, row.error = "running", None
            for attempt in session.scalars(select(AttemptRow).filter_by(run=run, state="running")):
                attempt.state = "abandoned"
            return cls(database, run, row.epoch)

    @contextmanager
    def _commit(self, state: str, trigger: int | None = None) -> Iterator[tuple[Session, RunRow]]:
        """One step: the block changes rows, then the journal gets its line."""
        with self._database.transaction() as session:
            run = session.get_one(RunRow, self._run, with_for_update=True)
            if run.epoch != self._epoch:
                raise ConflictError(f"run '{run.name}' was taken over by another process; this one stops")
            yield session, run
            session.add(
                JournalRow(
                    run=self._run,
                    epoch=self._epoch,
                    state=state,
                    trigger=trigger,
                    position=run.position,
                    time=time.time(),
                )
            )

    # -- the stream --------------------------------------------------------------------------------------------------

    def begin(self, phase: str) -> None:
        """The run enters `streaming` or `evaluating`."""
        with self._commit(phase) as (_, run):
            run.phase = phase

    def pinned(self, pins: dict[str, int], stream_start: int, stream_end: int) -> None:
        """The data are ingested: the manifest of each dataset, and the positions to replay."""
        with self._commit("pinned") as (_, run):
            run.pins = pins
            run.stream_start = run.position = stream_start
            run.stream_end = stream_end

    def progress(self, position: int, trigger_state: dict[str, Any]) -> None:
        """The trigger policy has seen everything before `position`."""
        with self._commit("streaming") as (_, run):
            run.position = position
            run.trigger_state = trigger_state

    def decided(self, trigger: int, decision: Decision, trigger_state: dict[str, Any], seconds: float) -> None:
        """The policy fired: the trigger's bounds and the policy's state after it, before either is used."""
        with self._commit("decided", trigger) as (session, run):
            run.position = decision.position_end
            run.trigger_state = trigger_state
            session.add(
                TriggerRow(
                    run=self._run,
                    trigger=trigger,
                    state="decided",
                    position_start=decision.position_start,
                    position_end=decision.position_end,
                    first_timestamp=decision.first_timestamp,
                    last_timestamp=decision.last_timestamp,
                    reason=decision.reason,
                    seconds={"decide": seconds},
                )
            )

    # -- the steps of a trigger --------------------------------------------------------------------------------------

    def empty(self, trigger: int, strategy_state: dict[str, Any]) -> TriggerRow:
        """There is nothing to train on: the trigger counts, and ends here."""
        with self._commit("empty", trigger) as (session, run):
            run.strategy_state = strategy_state
            row = self._trigger(session, trigger)
            row.state = "empty"
        return row

    def selected(
        self,
        trigger: int,
        training_set: TrainingSetInfo,
        strategy_state: dict[str, Any],
        downsampling: dict[str, Any] | None,
        seconds: float,
    ) -> TriggerRow:
        """The training set is written, and what is chosen from it while training is settled."""
        with self._commit("selected", trigger) as (session, run):
            run.strategy_state = strategy_state
            row = self._trigger(session, trigger)
            row.state = "selected"
            row.training_set = str(training_set.path)
            row.training_set_digest = training_set.digest
            row.training_samples = training_set.samples
            row.downsampling = downsampling
            row.seconds = row.seconds | {"select": seconds}
        return row

    def held_out(self, trigger: int, models: list[dict[str, Any]], seconds: float) -> None:
        """These auxiliary models of the trigger are there, all so far; `seconds` went into the last one."""
        with self._commit("held out", trigger) as (session, _):
            row = self._trigger(session, trigger)
            row.held_out = {"models": models}
            row.seconds = row.seconds | {"hold_out": row.seconds.get("hold_out", 0.0) + seconds}

    def trained(self, trigger: int, attempt: Attempt, result: TrainingResult, seconds: float) -> TriggerRow:
        """This attempt has won: its model counts, whatever others may still write."""
        with self._commit("trained", trigger) as (session, _):
            row = self._trigger(session, trigger)
            row.state = "trained"
            row.winner = attempt.token
            row.training = result.to_json()
            row.seconds = row.seconds | {"train": seconds}
            session.get_one(AttemptRow, attempt.token).state = "won"
        return row

    def stored(
        self, trigger: int, model: int, stored: StoredModel, parent: int | None, seconds: float
    ) -> tuple[TriggerRow, ModelRow]:
        """The model's file is complete: list it."""
        with self._commit("stored", trigger) as (session, _):
            row = self._trigger(session, trigger)
            assert row.training is not None, "a model is stored after its training"
            result = TrainingResult.from_json(row.training)
            row.state = "stored"
            row.model = model
            row.seconds = row.seconds | {"store": seconds}
            model_row = ModelRow(
                run=self._run,
                model=model,
                trigger=trigger,
                path=str(stored.path),
                digest=stored.digest,
                bytes=stored.bytes,
                parent=parent,
                samples=result.samples,
                batches=result.batches,
                epochs=result.epochs,
                training_seconds=result.seconds,
                final_loss=result.final_loss,
            )
            session.add(model_row)
        return row, model_row

    def finished(
        self,
        trigger: int,
        results: list[tuple[EvaluationTask, IntervalResult]],
        trigger_state: dict[str, Any],
        seconds: float | None,
    ) -> None:
        """The policy knows the new model, and the evaluations that follow the training, if any, are there: done."""
        with self._commit("done", trigger) as (session, run):
            run.trigger_state = trigger_state
            row = self._trigger(session, trigger)
            row.state = "done"
            if seconds is not None:
                row.seconds = row.seconds | {"evaluate": seconds}
            self._add_evaluations(session, "after_training", results)

    def _trigger(self, session: Session, trigger: int) -> TriggerRow:
        return session.get_one(TriggerRow, (self._run, trigger))

    # -- attempts ----------------------------------------------------------------------------------------------------

    def start_attempt(self, kind: str, trigger: int | None, parent: Path) -> Attempt:
        """A new try at a step, with a fresh folder below `parent` named after its token."""
        with self._commit("attempt", trigger) as (session, _):
            row = AttemptRow(
                run=self._run, kind=kind, trigger=trigger, folder="", state="running", started_at=time.time()
            )
            session.add(row)
            session.flush()
            name = f"{kind}-{row.token:06d}" if trigger is None else f"{kind}-{trigger:05d}-{row.token:06d}"
            row.folder = str(parent / name)
            attempt = Attempt(row.token, parent / name)
        attempt.folder.mkdir(parents=True)
        return attempt

    def attempt_failed(self, attempt: Attempt, error: str) -> None:
        """The try ended without a result."""
        with self._commit("attempt failed") as (session, _):
            row = session.get_one(AttemptRow, attempt.token)
            row.state, row.error = "failed", error

    def attempt_won(self, attempt: Attempt) -> None:
        """The try's result has been taken over."""
        with self._commit("attempt won") as (session, _):
            session.get_one(AttemptRow, attempt.token).state = "won"

    def latest_attempt(self, kind: str, trigger: int) -> Path | None:
        """The folder of the newest earlier try, whose checkpoints may be continued."""
        with self._database.transaction() as session:
            folder = session.scalar(
                select(AttemptRow.folder)
                .filter_by(run=self._run, kind=kind, trigger=trigger)
                .order_by(AttemptRow.token.desc())
            )
        return Path(folder) if folder is not None else None

    # -- the end -----------------------------------------------------------------------------------------------------

    def evaluated(self, results: list[tuple[EvaluationTask, IntervalResult]]) -> None:
        """Some of the evaluations after the pipeline are there."""
        with self._commit("evaluated") as (session, _):
            self._add_evaluations(session, "after_pipeline", results)

    def end(self, state: str, seconds: float, error: str | None = None) -> None:
        """The run stops here: `done`, `failed` or `interrupted`; `seconds` is what this owner has spent on it."""
        with self._commit(f"run {state}") as (_, run):
            run.state = state
            run.error = error
            run.seconds += seconds

    def _add_evaluations(
        self, session: Session, stage: str, results: list[tuple[EvaluationTask, IntervalResult]]
    ) -> None:
        session.add_all(
            EvaluationRow(
                run=self._run,
                stage=stage,
                handler=task.handler,
                dataset=task.dataset,
                model=task.model,
                trigger=task.trigger,
                interval_index=task.interval_index,
                interval_start=task.interval.start,
                interval_end=task.interval.end,
                currently_active=task.currently_active,
                currently_trained=task.currently_trained,
                samples=result.samples,
                metrics=result.metrics,
            )
            for task, result in results
        )
