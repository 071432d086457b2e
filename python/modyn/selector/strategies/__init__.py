"""Selection strategies: `build_strategy` makes the one that a pipeline asks for."""

from __future__ import annotations

from modyn.config.selection import NewDataStrategy as NewDataConfig
from modyn.config.selection import SelectionConfig
from modyn.errors import UnsupportedError
from modyn.selector.api import SelectionStrategy
from modyn.selector.strategies.new_data import NewDataStrategy

__all__ = ["build_strategy"]


def build_strategy(config: SelectionConfig) -> SelectionStrategy:
    """The strategy of a pipeline's `selection_strategy` section, in its initial state.

    Raises:
        UnsupportedError: the schema knows the strategy, but this version cannot run it.
    """
    if isinstance(config, NewDataConfig):
        return NewDataStrategy(
            tail_triggers=config.tail_triggers,
            limit=config.limit if config.limit > 0 else None,
            limit_reset=config.limit_reset,
            uses_weights=config.uses_weights,
        )
    raise UnsupportedError(
        f"selection_strategy.name '{config.name}' cannot be run by this version; use 'NewDataStrategy'"
    )
