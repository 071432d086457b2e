"""The functions of the public API; `modyn.__init__` exports them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modyn.errors import ModelError, Problem

if TYPE_CHECKING:
    from torch import nn

    from modyn.run import Run
    from modyn.workspace import Workspace


def open(path: str | Path = ".modyn") -> Workspace:
    """Open a workspace, creating the folder and its database on first use."""
    from modyn.workspace import Workspace

    return Workspace(path)


def validate(path: str | Path) -> list[Problem]:
    """All mistakes in a pipeline or system file, in file order; empty if it is valid. Nothing is executed."""
    from modyn.config import validate_file

    return validate_file(Path(path))


def schema() -> dict[str, Any]:
    """The JSON Schema of pipeline files, for editors."""
    from modyn.config import json_schema

    return json_schema()


def compare(runs: Sequence[Run], path: str | Path) -> Path:
    """Write one report about several runs as a self-contained HTML page."""
    from modyn.report import write_report

    write_report([run.data() for run in runs], Path(path))
    return Path(path)


def load_model(run: Run, trigger: int | None = None) -> nn.Module:
    """The model that a run trained at a trigger (the newest if None), on the CPU and in evaluation mode.

    The user's code is imported for it.

    Raises:
        ModelError: the run has no model of this trigger.
        CorruptFileError: the model's file fails its checksum.
    """
    from modyn.model_storage.local import LocalModelStorage
    from modyn.models import load_trained_model

    frame = run.models
    rows = frame if trigger is None else frame[frame["trigger"] == trigger]
    if rows.empty:
        known = ", ".join(str(value) for value in frame["trigger"]) or "none"
        which = "any trigger" if trigger is None else f"trigger {trigger}"
        raise ModelError(f"run '{run.id}' has no model of {which} (triggers with a model: {known})")
    row = rows.iloc[-1]
    path = Path(row["path"])
    LocalModelStorage(path.parent).verify(path, row["digest"])
    return load_trained_model(run.config, run.source_folder, path)
