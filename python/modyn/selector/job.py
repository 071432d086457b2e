"""Entry of a selection job: a strategy that is not part of Modyn selects for one trigger."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from modyn.compute.api import Emit, Json, Message
from modyn.config import PipelineConfig
from modyn.config.downsampling import SingleDownsamplingConfig, unfilled_steps
from modyn.errors import SelectionError
from modyn.selector.api import Selection, SelectionRequest, TrainingSetInfo
from modyn.selector.ledger import Ledger
from modyn.selector.strategies import build_strategy
from modyn.selector.training_set import write_training_set
from modyn.storage.api import ViewRef
from modyn.storage.view import LocalView

ENTRY = "modyn.selector.job:run"


@dataclass(frozen=True)
class SelectionJob(Message):
    """What one attempt at a selection does.

    Attributes:
        pipeline: the resolved pipeline configuration as JSON.
        source_folder: the folder of the pipeline file; the strategy's module is looked up there first.
        view: the pinned view.
        ranges: positions [start, end) that each trigger brought.
        trigger: number of the trigger, from 0.
        seed: the run's seed.
        state: of the strategy, before the trigger; empty if it has none.
        path: the training set's file, which must not exist.
    """

    pipeline: dict[str, Any]
    source_folder: Path
    view: ViewRef
    ranges: list[tuple[int, int]]
    trigger: int
    seed: int
    state: dict[str, Any]
    path: Path


@dataclass(frozen=True)
class SelectionResult(Message):
    """What a selection answers; see `modyn.supervisor.selection.Selected`."""

    training_set: TrainingSetInfo
    state: dict[str, Any]
    downsampling: dict[str, Any] | None


def run(payload: Json, emit: Emit) -> Json:
    """Run one selection; `payload` is a `SelectionJob`, the answer a `SelectionResult`."""
    return select(SelectionJob.from_json(payload)).to_json()


def select(job: SelectionJob) -> SelectionResult:
    """Select as the job says.

    Raises:
        SelectionError: the strategy cannot be made, or gives something that is no selection, state or downsampling.
    """
    # The strategy may import what lies beside the pipeline file when it is called, too.
    sys.path.insert(0, str(job.source_folder))
    config = PipelineConfig.model_validate(job.pipeline)
    section, batch_size = config.selection_strategy, config.training.batch_size
    strategy = build_strategy(section, job.source_folder)
    if job.state:
        strategy.load_state_dict(job.state)
    view, ledger = LocalView(job.view), Ledger()
    for start, end in job.ranges:
        ledger.append(start, end)
    selection = strategy.select(SelectionRequest(view, ledger, job.trigger, job.seed))
    if not isinstance(selection, Selection):
        raise SelectionError(
            f"selection strategy '{section.name}' selects {type(selection).__name__}, not a Selection; return what "
            "window.take(), window.take_keys() or another method of the window gives"
        )
    info = write_training_set(job.path, view, selection)
    return SelectionResult(
        training_set=info,
        state=_checked_state(section.name, strategy.state_dict()),
        downsampling=_checked_downsampling(section.name, strategy.downsampling(job.trigger), batch_size),
    )


def _checked_state(name: str, state: Any) -> dict[str, Any]:
    try:
        if isinstance(state, dict):
            json.dumps(state)
            return state
        problem = f"is {type(state).__name__}, not a dict"
    except (TypeError, ValueError) as error:
        problem = f"cannot be written as JSON: {error}"
    raise SelectionError(f"selection strategy '{name}': its state {problem}")


def _checked_downsampling(name: str, downsampling: Any, batch_size: int) -> dict[str, Any] | None:
    if downsampling is None:
        return None
    adapter: TypeAdapter[SingleDownsamplingConfig] = TypeAdapter(SingleDownsamplingConfig)
    try:
        checked = adapter.validate_python(downsampling)
    except ValidationError as error:
        raise SelectionError(f"selection strategy '{name}': its downsampling is wrong: {error}") from error
    if (what := unfilled_steps(checked, batch_size)) is not None:
        raise SelectionError(
            f"selection strategy '{name}': its {what}; keep a number that divides training.batch_size, so that steps "
            "have its size"
        )
    section: dict[str, Any] = checked.model_dump(mode="json")
    return section
