"""Selects what triggers train on: Modyn's own strategies in this process, others as jobs.

A strategy that is not part of Modyn is code of the pipeline, which does not run here. Its job is told the state from
before the trigger and answers with that after it; the file that it has written counts once it is in place.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from modyn.plugins import SELECTION_STRATEGIES
from modyn.selector.api import SelectionRequest, TrainingSetInfo
from modyn.selector.job import ENTRY, SelectionJob, SelectionResult
from modyn.selector.ledger import Ledger
from modyn.selector.strategies import build_strategy
from modyn.selector.training_set import write_training_set
from modyn.storage.api import View
from modyn.supervisor.context import RunContext
from modyn.supervisor.jobs import run_step


@dataclass(frozen=True)
class Selected:
    """What a strategy says of a trigger.

    Attributes:
        training_set: the file, in place and durable.
        state: of the strategy, after it.
        downsampling: the section of the downsampling that the training uses, as JSON; None for none.
    """

    training_set: TrainingSetInfo
    state: dict[str, Any]
    downsampling: dict[str, Any] | None


class Selector(Protocol):
    """Makes the training sets of one run."""

    @property
    def state(self) -> dict[str, Any]:
        """The strategy's state after the latest trigger."""
        ...

    def select(self, trigger: int, ledger: Ledger, path: Path) -> Selected:
        """Make the training set of a trigger. `path` must not exist."""
        ...


def build_selector(context: RunContext, view: View, state: dict[str, Any]) -> Selector:
    """The selector of a run whose strategy has this committed state; empty if it has none."""
    if SELECTION_STRATEGIES.is_own(context.config.selection_strategy.name):
        return OwnSelector(context, view, state)
    return JobSelector(context, view, state)


class OwnSelector(Selector):
    """Runs a strategy of Modyn's in this process."""

    def __init__(self, context: RunContext, view: View, state: dict[str, Any]) -> None:
        self._seed = context.seed
        self._view = view
        self._strategy = build_strategy(context.config.selection_strategy)
        if state:
            self._strategy.load_state_dict(state)

    @property
    def state(self) -> dict[str, Any]:
        """See `Selector.state`."""
        return self._strategy.state_dict()

    def select(self, trigger: int, ledger: Ledger, path: Path) -> Selected:
        """See `Selector.select`."""
        selection = self._strategy.select(SelectionRequest(self._view, ledger, trigger, self._seed))
        info = write_training_set(path, self._view, selection)
        downsampling = self._strategy.downsampling(trigger)
        return Selected(info, self.state, downsampling.model_dump(mode="json") if downsampling else None)


class JobSelector(Selector):
    """Runs a strategy that is not part of Modyn in a process of its own, anew for each trigger."""

    def __init__(self, context: RunContext, view: View, state: dict[str, Any]) -> None:
        self._context = context
        self._view = view
        self._state = state

    @property
    def state(self) -> dict[str, Any]:
        """See `Selector.state`."""
        return self._state

    def select(self, trigger: int, ledger: Ledger, path: Path) -> Selected:
        """See `Selector.select`.

        Raises:
            JobFailedError: the strategy cannot be made, or raised.
            JobDiedError: the processes of all attempts died.
        """
        context = self._context
        attempt, answer = run_step(
            context,
            "selection",
            trigger,
            ENTRY,
            lambda attempt: SelectionJob(
                pipeline=context.config.model_dump(mode="json"),
                source_folder=context.source_folder,
                view=self._view.ref,
                ranges=ledger.ranges(),
                trigger=trigger,
                seed=context.seed,
                state=self._state,
                path=attempt.folder / "training-set",
            ).to_json(),
            context.events.forward,
        )
        result = SelectionResult.from_json(answer)
        context.journal.attempt_won(attempt)
        result.training_set.path.replace(path)
        _sync_folder(path.parent)
        self._state = result.state
        info = result.training_set
        in_place = TrainingSetInfo(path, info.digest, info.samples, info.first_timestamp, info.last_timestamp)
        return Selected(in_place, result.state, result.downsampling)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
