"""Chooses in two stages: presampling writes the training set, downsampling chooses from it while training."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from modyn.config.downsampling import (
    DownsamplingConfig,
    MultiDownsamplingConfig,
    NoDownsampling,
    SingleDownsamplingConfig,
)
from modyn.config.selection import PresamplingConfig
from modyn.selector.api import Selection, SelectionRequest, SelectionStrategy
from modyn.selector.presampling import balanced
from modyn.selector.presampling.api import Presampling
from modyn.selector.presampling.newest import Newest
from modyn.selector.presampling.uniform import Uniform
from modyn.selector.presampling.without_replacement import WithoutReplacement
from modyn.selector.strategies.options import WindowOptions


class CoresetStrategy(SelectionStrategy):
    """A share of the window's samples, `floor(samples * ratio / ratio_max)` or the limit if that is less.

    The first `warmup_triggers` triggers train on the newest samples up to the limit, with neither presampling nor
    downsampling.

    Args:
        presampling_config: which samples get into the training set.
        downsampling_config: which of them are trained on.
        warmup_triggers: how many first triggers go without both.
        tail_triggers, limit, uses_weights: see `WindowOptions`.
    """

    def __init__(
        self,
        presampling_config: PresamplingConfig,
        downsampling_config: DownsamplingConfig,
        warmup_triggers: int = 0,
        tail_triggers: int | None = None,
        limit: int = -1,
        uses_weights: bool = False,
    ) -> None:
        self._options = WindowOptions(tail_triggers, limit, uses_weights)
        self._config = presampling_config
        self._downsampling = downsampling_config
        self._warmup_triggers = warmup_triggers
        self._presampling = _PRESAMPLING[presampling_config.strategy](presampling_config)

    def select(self, request: SelectionRequest) -> Selection:
        """See `SelectionStrategy.select`."""
        window = request.window(self._options.tail_triggers)
        presampling, target = self._presampling, len(window) * self._config.ratio // self._config.ratio_max
        if request.trigger < self._warmup_triggers:
            presampling, target = Newest(), len(window)
        return self._options.weighted(presampling.choose(window, self._options.limited(target)))

    def downsampling(self, trigger: int) -> SingleDownsamplingConfig | None:
        """See `SelectionStrategy.downsampling`."""
        return downsampling_at(self._downsampling, trigger, self._warmup_triggers)

    def state_dict(self) -> dict[str, Any]:
        """That of the presampling."""
        return self._presampling.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue with that of the presampling."""
        self._presampling.load_state_dict(state)


def downsampling_at(config: DownsamplingConfig, trigger: int, warmup_triggers: int) -> SingleDownsamplingConfig | None:
    """What a schedule says for a trigger: the strategy after all thresholds that are reached, counted from the warm-up.

    A function of the number alone: no restart, and no trigger that is skipped, shifts the schedule. None for no
    downsampling.
    """
    if trigger < warmup_triggers:
        return None
    single: SingleDownsamplingConfig
    if isinstance(config, MultiDownsamplingConfig):
        single = config.downsampling_list[bisect_right(config.downsampling_thresholds, trigger - warmup_triggers)]
    else:
        single = config
    return None if isinstance(single, NoDownsampling) else single


def _quotas(config: PresamplingConfig) -> balanced.Quotas:
    if config.force_required_target_size:
        return balanced.full
    return balanced.equal if config.force_column_balancing else balanced.fair


_PRESAMPLING: dict[str, Callable[[PresamplingConfig], Presampling]] = {
    "No": lambda config: Newest(),
    "Random": lambda config: Uniform(),
    "RandomNoReplacement": lambda config: WithoutReplacement(),
    "LabelBalanced": lambda config: balanced.LabelBalanced(_quotas(config)),
    "TriggerBalanced": lambda config: balanced.TriggerBalanced(_quotas(config)),
}
