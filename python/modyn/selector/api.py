"""Selector: turns a trigger into a training set, an immutable file that says what to train on.

This is what a selection strategy sees, whether it is part of Modyn or of somebody's pipeline:
docs/adding-a-policy.md shows how to write one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from modyn.errors import SelectionError
from modyn.selector.ledger import Ledger
from modyn.selector.window import Selection, Window, window_of
from modyn.storage.api import View

if TYPE_CHECKING:
    from modyn.config.downsampling import SingleDownsamplingConfig

__all__ = ["Selection", "SelectionRequest", "SelectionStrategy", "TrainingSetInfo", "Window"]


@dataclass(frozen=True)
class SelectionRequest:
    """What a strategy chooses from.

    Attributes:
        view: the view, in time order, that positions refer to.
        ledger: the positions that each trigger brought, this one's included.
        trigger: number of the trigger, from 0.
        seed: the run's seed, 64 bits; with the trigger it addresses every random choice.
    """

    view: View
    ledger: Ledger
    trigger: int
    seed: int

    def window(self, tail_triggers: int | None) -> Window:
        """What this trigger and the `tail_triggers` before it brought (None: all before it)."""
        return window_of(self.view, self.ledger, self.trigger, tail_triggers, self.seed)


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
    """A selection policy. What it selects depends only on the request, its options and its state.

    It is made with its options as keyword arguments. A class that derives from this one needs no state and no
    downsampling of its own.
    """

    def select(self, request: SelectionRequest) -> Selection:
        """The samples to train on, made by a `Window` of the request.

        Called once for each trigger that brought data, in order; again for the same trigger, with the state from
        before it, if a crash came between.
        """
        ...

    def downsampling(self, trigger: int) -> SingleDownsamplingConfig | None:
        """Which downsampling a trigger's training uses; a pure function of the trigger's number. None for none."""
        return None

    def state_dict(self) -> dict[str, Any]:
        """The state as a JSON-able dict."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state that `state_dict` of a strategy with the same options gave."""
        if state:
            raise SelectionError(f"{type(self).__name__} keeps no state and cannot continue from {sorted(state)}")
