"""A run as its user sees it: live while this process executes it, and from what is committed otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modyn.config import PipelineConfig
from modyn.errors import ModynError, RunError
from modyn.metadata.frames import evaluation_frame, loss_frame, model_frame, trigger_frame
from modyn.metadata.history import HISTORY, HistoryFolder, empty_frame
from modyn.metadata.records import Records
from modyn.rundata import RunData
from modyn.supervisor.execution import Execution
from modyn.supervisor.lease import is_held

if TYPE_CHECKING:
    import pandas as pd


class Run:
    """One execution of a pipeline. Made by `Workspace.run`, `resume`, `runs` and `find_run`.

    The data frames `triggers`, `models` and `evaluations` hold what is committed at the moment they are read.
    """

    def __init__(self, records: Records, folder: Path, leases: Path, execution: Execution | None = None) -> None:
        self._records = records
        self._leases = leases
        self._execution = execution
        row = records.run()
        self.id = row.name
        self.name = row.pipeline
        self.folder = folder

    def __repr__(self) -> str:
        return f"Run({self.id!r}, {self.state})"

    @property
    def state(self) -> str:
        """`running`, `done`, or one that can be resumed: `failed`, `interrupted`, `crashed` (its process is gone)."""
        state = self._records.run().state
        if state == "running" and not is_held(self._leases, self.name):
            return "crashed"
        return state

    @property
    def error(self) -> str | None:
        """Why the run failed, or None."""
        return self._records.run().error

    @property
    def config(self) -> PipelineConfig:
        """The resolved pipeline."""
        return PipelineConfig.model_validate(self._records.run().config)

    @property
    def seed(self) -> int:
        """The 64-bit seed that addresses every random choice of this run."""
        return int(self._records.run().seed)

    @property
    def source_folder(self) -> Path:
        """Where the pipeline file was, and so the user's model."""
        return Path(self._records.run().source_folder)

    @property
    def triggers(self) -> pd.DataFrame:
        """One row per trigger: its data, its training set, its model, and the seconds of each step."""
        return trigger_frame(self._records.triggers())

    @property
    def models(self) -> pd.DataFrame:
        """One row per stored model."""
        return model_frame(self._records.models())

    @property
    def evaluations(self) -> pd.DataFrame:
        """One row per model, interval and metric; NaN is "no data"."""
        return evaluation_frame(self._records.evaluations())

    @property
    def losses(self) -> pd.DataFrame:
        """One row per loss that a training recorded (`training.record_loss_every`): trigger, batch, loss."""
        return loss_frame(self._records.triggers())

    @property
    def history(self) -> pd.DataFrame:
        """One row per sample that a training saw (`training.record_history`), by key; see docs/training-history.md.

        Raises:
            CorruptFileError: the file of the history is damaged.
        """
        newest = HistoryFolder(self.folder / HISTORY).newest()
        return empty_frame() if newest is None else newest.frame()

    @property
    def journal(self) -> list[dict[str, Any]]:
        """Every commit of the run's state machine, in order."""
        return self._records.lines()

    def data(self) -> RunData:
        """All of it, as a report needs it."""
        return self._records.data()

    def events(self) -> Iterator[dict[str, Any]]:
        """What happens, as it happens, until the run stops; for a run of another process, what its log holds."""
        if self._execution is not None:
            return self._execution.context.events.listen()
        log = self.folder / "events.jsonl"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return iter([json.loads(line) for line in lines])

    def wait(self) -> Run:
        """Wait for the end of a run that this process executes.

        Raises:
            ModynError: what made the run fail; RunError if the cause was none of ours.
        """
        if self._execution is not None:
            while not self._execution.join(0.2):
                pass  # short waits, so that Ctrl-C reaches the caller
            error = self._execution.error
            if isinstance(error, ModynError):
                raise error
            if error is not None:
                raise RunError(f"run '{self.id}' failed: {error}") from error
        return self

    def stop(self) -> None:
        """Stop cleanly: what is running is cancelled, and `Workspace.resume` goes on from the last commit."""
        if self._execution is None:
            raise RunError(f"run '{self.id}' is not executed by this process; interrupt the process that does")
        self._execution.stop()

    def report(self, path: str | Path) -> Path:
        """Write the report as one self-contained HTML page."""
        from modyn.report import write_report

        write_report([self.data()], Path(path))
        return Path(path)
