"""Selection strategies: `build_strategy` makes the one that a pipeline asks for."""

from __future__ import annotations

from pathlib import Path

from modyn.config.selection import SelectionConfig
from modyn.plugins import SELECTION_STRATEGIES
from modyn.selector.api import SelectionStrategy

__all__ = ["build_strategy"]


def build_strategy(config: SelectionConfig, folder: Path | None = None) -> SelectionStrategy:
    """The strategy of a pipeline's `selection_strategy` section, in its initial state.

    Args:
        config: the section.
        folder: of the pipeline file, where a strategy that is not Modyn's may lie. Making one runs its code.

    Raises:
        SelectionError: the strategy is not Modyn's and cannot be made.
    """
    strategy: SelectionStrategy = SELECTION_STRATEGIES.make(config.name, config.options(), folder)
    return strategy
