"""What a presampling strategy is."""

from __future__ import annotations

from typing import Any, Protocol

from modyn.errors import SelectionError
from modyn.selector.window import Selection, Window


class Presampling(Protocol):
    """Chooses samples of a window. What it chooses depends on window, target, options and state only."""

    def choose(self, window: Window, target: int) -> Selection:
        """`target` samples, at most as many as the window has. A strategy that may give fewer says when."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """The state as a JSON-able dict."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from such a state."""
        if state:
            raise SelectionError(f"{type(self).__name__} keeps no state and cannot continue from {sorted(state)}")
