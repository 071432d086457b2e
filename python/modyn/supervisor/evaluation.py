"""Runs evaluation tasks: groups them into jobs that share passes over the data, and collects the answers."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from modyn.compute.api import Json
from modyn.evaluator.api import (
    ENTRY,
    EvaluationRequest,
    EvaluationResult,
    EvaluationTask,
    IntervalResult,
    TrainedModel,
)
from modyn.evaluator.plan import after_pipeline_tasks
from modyn.metadata.journal import Attempt
from modyn.metadata.tables import EvaluationRow
from modyn.storage.api import Interval, ViewRef
from modyn.supervisor.context import RunContext
from modyn.supervisor.jobs import run_step

TaskResult = tuple[EvaluationTask, IntervalResult]

# Models that share one pass over the data, and one commit of the journal.
MODELS_PER_JOB = 8


@dataclass(frozen=True)
class _Job:
    """Tasks on one dataset whose models share a pass: each of the models on each of the intervals."""

    dataset: str
    intervals: tuple[Interval, ...]
    tasks: tuple[EvaluationTask, ...]

    @property
    def models(self) -> list[int]:
        return sorted({task.model for task in self.tasks})


class Evaluations:
    """The evaluations of one run.

    Args:
        context: the run.
        views: the pinned view of every dataset that is evaluated on.
    """

    def __init__(self, context: RunContext, views: dict[str, ViewRef]) -> None:
        self._context = context
        self._views = views

    def after_pipeline(self, dataset_end: int) -> None:
        """All evaluations that follow the last trigger, less those that are committed.

        Args:
            dataset_end: timestamp of the last replayed sample of the training dataset.
        """
        config = self._context.config.evaluation
        models = self._trained_models()
        if config is None or not models:
            return
        done = {_task_key(row) for row in self._context.journal.evaluations() if row.stage == "after_pipeline"}
        tasks = [task for task in after_pipeline_tasks(config, models, dataset_end) if _task_key(task) not in done]
        if tasks:
            self.run(tasks, "after_pipeline", self._context.journal.evaluated)

    def run(
        self,
        tasks: list[EvaluationTask],
        stage: str,
        commit: Callable[[list[TaskResult]], None] = lambda _: None,
    ) -> list[TaskResult]:
        """Run tasks; `commit` gets the results of each job as it ends. The answer is in the order of the tasks."""
        config = self._context.config.evaluation
        assert config is not None, "tasks come from the evaluation section"
        started = time.perf_counter()
        events = self._context.events
        events.publish("evaluation_started", stage=stage, tasks=len(tasks))
        wanted = (
            config.after_training_evaluation_workers
            if stage == "after_training"
            else config.after_pipeline_evaluation_workers
        )
        jobs = list(_jobs(tasks))
        workers = max(1, min(wanted, self._context.threads, len(jobs)))
        results: dict[EvaluationTask, IntervalResult] = {}
        with ThreadPoolExecutor(workers, thread_name_prefix="modyn-evaluation") as pool:
            futures = [pool.submit(self._run_job, job) for job in jobs]
            try:
                for future in as_completed(futures):
                    answer = future.result()
                    commit(answer)
                    results.update(answer)
                    events.publish("evaluation_progress", done=len(results), total=len(tasks))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        events.publish("evaluation_finished", seconds=time.perf_counter() - started)
        return [(task, results[task]) for task in tasks]

    def _run_job(self, job: _Job) -> list[TaskResult]:
        context = self._context
        paths = {row.model: Path(row.path) for row in context.journal.models()}

        def payload(attempt: Attempt) -> Json:
            return EvaluationRequest(
                pipeline=context.config.model_dump(mode="json"),
                source_folder=context.source_folder,
                dataset=job.dataset,
                view=self._views[job.dataset],
                models={model: paths[model] for model in job.models},
                intervals=list(job.intervals),
                seed=context.seed,
                folder=attempt.folder,
                # One thread each: the values then do not depend on how many jobs run at once.
                threads=1,
            ).to_json()

        attempt, answer = run_step(context, "evaluation", None, ENTRY, payload, _ignore)
        context.journal.attempt_won(attempt)
        result = EvaluationResult.from_json(answer)
        for warning in result.warnings:
            context.events.publish("warning", message=f"evaluation on '{job.dataset}': {warning}")
        found = {(item.model, item.interval_index): item for item in result.results}
        index = {interval: position for position, interval in enumerate(job.intervals)}
        return [(task, found[task.model, index[task.interval]]) for task in job.tasks]

    def _trained_models(self) -> list[TrainedModel]:
        spans = {row.trigger: (row.first_timestamp, row.last_timestamp) for row in self._context.journal.triggers()}
        models = []
        for row in self._context.journal.models():
            first, last = spans[row.trigger]
            assert first is not None, "a trained trigger brought data"
            assert last is not None, "a trained trigger brought data"
            models.append(TrainedModel(row.model, row.trigger, first, last))
        return models


def _jobs(tasks: list[EvaluationTask]) -> Iterator[_Job]:
    """Jobs that compute what is asked for and nothing else: models that share a job are asked for on equal intervals.

    The tasks alone decide, not how many workers there are.
    """
    of_model: dict[tuple[str, int], list[EvaluationTask]] = defaultdict(list)
    for task in tasks:
        of_model[task.dataset, task.model].append(task)
    alike: dict[tuple[str, tuple[Interval, ...]], list[list[EvaluationTask]]] = defaultdict(list)
    for (dataset, _), members in of_model.items():
        alike[dataset, tuple(dict.fromkeys(task.interval for task in members))].append(members)
    for (dataset, intervals), models in alike.items():
        for first in range(0, len(models), MODELS_PER_JOB):
            block = tuple(task for model in models[first : first + MODELS_PER_JOB] for task in model)
            yield _Job(dataset, intervals, block)


def _task_key(task: EvaluationTask | EvaluationRow) -> tuple[str, str, int, int]:
    return task.handler, task.dataset, task.model, task.interval_index


def _ignore(_event: Json) -> None:
    """Progress within a job is finer than what is shown."""
