"""What the parts of a run share."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from modyn.compute.api import Compute
from modyn.config import PipelineConfig
from modyn.metadata.journal import Journal
from modyn.model_storage.api import ModelStorage
from modyn.storage.api import Storage
from modyn.supervisor.events import EventLog


class Stopped(Exception):
    """The run was asked to stop; everything committed stays, and `resume` goes on."""


@dataclass(frozen=True)
class RunContext:
    """One run in this process.

    Attributes:
        config: the resolved pipeline.
        source_folder: the folder of the pipeline file, where the user's model lies.
        folder: the run's folder.
        seed: 64 bits; every random choice is addressed by it.
        threads: CPU threads for computations, recorded when the run began.
    """

    name: str
    config: PipelineConfig
    source_folder: Path
    folder: Path
    seed: int
    threads: int
    journal: Journal
    storage: Storage
    compute: Compute
    models: ModelStorage
    events: EventLog
    stop: threading.Event = field(default_factory=threading.Event)

    def check_stop(self) -> None:
        """Raise Stopped if somebody asked for it."""
        if self.stop.is_set():
            raise Stopped
