"""Selector: turns a trigger into a training set, an immutable file that says what to train on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from modyn.selector.ledger import Ledger
from modyn.storage.api import View


@dataclass(frozen=True)
class SelectionRequest:
    """What a strategy chooses from.

    Attributes:
        view: the view, in time order, that positions refer to.
        ledger: the positions that each trigger brought, this one's included.
        trigger: number of the trigger, from 0.
        seed: the run's seed, 64 bits; with the trigger it addresses every random choice.
        path: file of the training set; must not exist.
    """

    view: View
    ledger: Ledger
    trigger: int
    seed: int
    path: Path


@dataclass(frozen=True)
class TrainingSetInfo:
    """A written training set.

    Attributes:
        path: the file.
        digest: SHA-256 of the file, in hexadecimal.
        samples: how many it holds.
        first_timestamp: Unix seconds of its oldest sample; None if it is empty.
        last_timestamp: of its newest sample, likewise.
    """

    path: Path
    digest: str
    samples: int
    first_timestamp: int | None
    last_timestamp: int | None


class SelectionStrategy(Protocol):
    """A selection policy. What it selects depends only on the request, its configuration and its state."""

    def select(self, request: SelectionRequest) -> TrainingSetInfo:
        """Write the training set of a trigger, durably.

        Raises:
            ConflictError: the file exists.
        """
        ...

    def state_dict(self) -> dict[str, Any]:
        """The state as a JSON-able dict."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state that `state_dict` of a strategy with the same configuration gave."""
        ...
