"""Carries out one trigger: select, train, store, evaluate. Each step is committed before the next.

`carry_out` looks at the committed state and does what is left, so it serves a new trigger and one that a crash
interrupted alike.
"""

from __future__ import annotations

import time
from pathlib import Path

from modyn.compute.api import Json
from modyn.config.downsampling import RHOLossDownsampling
from modyn.evaluator.api import EvaluationTask, TrainedModel
from modyn.evaluator.plan import after_training_tasks
from modyn.metadata.history import HISTORY, HistoryFolder
from modyn.metadata.journal import Attempt
from modyn.metadata.tables import TriggerRow
from modyn.selector.ledger import Ledger
from modyn.storage.api import View
from modyn.supervisor.context import RunContext
from modyn.supervisor.evaluation import Evaluations
from modyn.supervisor.held_out import HeldOutModels
from modyn.supervisor.jobs import run_step
from modyn.supervisor.selection import Selector
from modyn.trainer.api import ENTRY, HeldOutModel, TrainingRequest, TrainingResult
from modyn.triggers.api import Trigger


class TriggerSteps:
    """The triggers of one run.

    Args:
        context: the run.
        view: the view that positions refer to.
        policy: the trigger policy; it is told of every new model.
        selector: makes training sets, from the strategy's committed state on.
        evaluations: plans and runs evaluations.
        stream_start: position of the first replayed sample.
    """

    def __init__(
        self,
        context: RunContext,
        view: View,
        policy: Trigger,
        selector: Selector,
        evaluations: Evaluations,
        stream_start: int,
    ) -> None:
        self._context = context
        self._view = view
        self._policy = policy
        self._continues = context.config.training.use_previous_model
        self._selector = selector
        self._evaluations = evaluations
        self._held_out = HeldOutModels(context, view)
        self._ledger = Ledger()
        self._history = HistoryFolder(context.folder / HISTORY)
        self.next_trigger = 0
        self.next_position = stream_start
        for row in context.journal.triggers():
            self._count(row)
        models = context.journal.models()
        self._model_count = len(models)
        self._latest_model = models[-1] if models else None

    def _count(self, row: TriggerRow) -> None:
        self._ledger.append(row.position_start, row.position_end)
        self.next_trigger = row.trigger + 1
        self.next_position = row.position_end

    def carry_out(self, trigger: int) -> None:
        """Bring a decided trigger to its end, from whatever state is committed."""
        row = self._context.journal.trigger(trigger)
        if row.state == "decided":
            self._announce(row)
            if trigger == self.next_trigger:
                self._count(row)
            row = self._select(row)
        if row.state == "selected":
            row = self._train(row)
        if row.state == "trained":
            row = self._store(row)
        if row.state == "stored":
            self._finish(row)

    def _announce(self, row: TriggerRow) -> None:
        self._context.events.publish(
            "trigger",
            trigger=row.trigger,
            position_start=row.position_start,
            position_end=row.position_end,
            new_samples=row.position_end - row.position_start,
            first_timestamp=row.first_timestamp,
            last_timestamp=row.last_timestamp,
        )

    # -- select ------------------------------------------------------------------------------------------------------

    def _select(self, row: TriggerRow) -> TriggerRow:
        started = time.perf_counter()
        journal, trigger = self._context.journal, row.trigger
        # Data that no trigger has brought cannot be worth another training on the old ones.
        selected = None
        if row.position_end > row.position_start:
            path = self._context.folder / "training-sets" / f"{trigger:05d}.trainingset"
            path.parent.mkdir(exist_ok=True)
            # A crash between writing and committing leaves a file that no one has read.
            path.unlink(missing_ok=True)
            selected = self._selector.select(trigger, self._ledger, path)
        if selected is None or selected.training_set.samples == 0:
            return journal.empty(trigger, self._selector.state)
        training_set = selected.training_set
        seconds = time.perf_counter() - started
        row = journal.selected(trigger, training_set, selected.state, selected.downsampling, seconds)
        self._context.events.publish(
            "selected", trigger=trigger, samples=training_set.samples, digest=training_set.digest
        )
        return row

    # -- train -------------------------------------------------------------------------------------------------------

    def _train(self, row: TriggerRow) -> TriggerRow:
        context, trigger = self._context, row.trigger
        held_out = self._held_out_models(row)
        started = time.perf_counter()
        # Read before each attempt is entered, so that it names the one before.
        earlier = context.journal.latest_attempt("training", trigger)

        def payload(attempt: Attempt) -> Json:
            nonlocal earlier
            request = self._training_request(row, attempt, earlier, held_out)
            earlier = attempt.folder
            context.events.publish("training_started", trigger=trigger, attempt=attempt.token)
            return request.to_json()

        attempt, answer = run_step(context, "training", trigger, ENTRY, payload, context.events.forward)
        result = TrainingResult.from_json(answer)
        row = context.journal.trained(trigger, attempt, result, time.perf_counter() - started)
        for warning in result.warnings:
            context.events.publish("warning", message=f"trigger {trigger}: {warning}")
        context.events.publish(
            "training_finished",
            trigger=trigger,
            seconds=result.seconds,
            samples=result.samples,
            loss=result.final_loss,
        )
        return row

    def _held_out_models(self, row: TriggerRow) -> list[HeldOutModel]:
        if row.downsampling is None or row.downsampling["strategy"] != "RHOLoss":
            return []
        return self._held_out.of(row, RHOLossDownsampling.model_validate(row.downsampling))

    def _training_request(
        self, row: TriggerRow, attempt: Attempt, earlier: Path | None, held_out: list[HeldOutModel]
    ) -> TrainingRequest:
        context, training = self._context, self._context.config.training
        assert row.training_set is not None, "a selected trigger has a training set"
        previous = self._latest_model if self._continues else None
        samples = training.num_samples_to_pass or []
        return TrainingRequest(
            pipeline=context.config.model_dump(mode="json"),
            source_folder=context.source_folder,
            view=self._view.ref,
            training_set=Path(row.training_set),
            downsampling=row.downsampling,
            held_out=held_out,
            history=earlier_history.path if (earlier_history := self._history.newest()) is not None else None,
            trigger=row.trigger,
            seed=context.seed,
            previous_model=Path(previous.path) if previous else None,
            num_samples=samples[row.trigger] if row.trigger < len(samples) else None,
            folder=attempt.folder,
            resume_folder=earlier,
            threads=context.threads,
        )

    # -- store -------------------------------------------------------------------------------------------------------

    def _store(self, row: TriggerRow) -> TriggerRow:
        started = time.perf_counter()
        assert row.training is not None, "a trained trigger has a result"
        result = TrainingResult.from_json(row.training)
        model = self._model_count
        parent = self._latest_model.model if self._latest_model and self._continues else None
        stored = self._context.models.store(result.model, result.digest, model=model)
        if result.history is not None:
            self._history.merge(row.trigger, result.history)
        row, self._latest_model = self._context.journal.stored(
            row.trigger, model, stored, parent, time.perf_counter() - started
        )
        self._model_count += 1
        if result.history is not None:
            self._history.retain()
            result.history.unlink(missing_ok=True)
        self._context.events.publish(
            "model_stored", trigger=row.trigger, model=model, digest=stored.digest, bytes=stored.bytes
        )
        return row

    # -- finish ------------------------------------------------------------------------------------------------------

    def _finish(self, row: TriggerRow) -> None:
        assert row.model is not None, "a stored trigger has a model"
        assert row.training is not None, "a stored trigger has a result"
        result = TrainingResult.from_json(row.training)
        self._policy.inform_new_model(row.model, result.samples, result.seconds)
        tasks = self._evaluation_tasks(row, row.model)
        started = time.perf_counter()
        results = self._evaluations.run(tasks, "after_training") if tasks else []
        seconds = time.perf_counter() - started if tasks else None
        self._context.journal.finished(row.trigger, results, self._policy.state_dict(), seconds)

    def _evaluation_tasks(self, row: TriggerRow, model: int) -> list[EvaluationTask]:
        config = self._context.config.evaluation
        if config is None:
            return []
        assert row.first_timestamp is not None, "a trained trigger brought data"
        assert row.last_timestamp is not None, "a trained trigger brought data"
        trained = TrainedModel(model, row.trigger, row.first_timestamp, row.last_timestamp)
        return after_training_tasks(config, trained, row.last_timestamp)
