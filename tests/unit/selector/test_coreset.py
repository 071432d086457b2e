"""CoresetStrategy: warm-up, the schedule of downsamplers, and which configurations make sense."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.selector.histories import history, labelled_view

from modyn.config.selection import CoresetStrategy, FreshnessSamplingStrategy
from modyn.selector.api import SelectionStrategy
from modyn.selector.strategies import build_strategy
from modyn.selector.strategies.coreset import downsampling_at
from modyn.storage.api import View

LOSS = {"strategy": "Loss", "ratio": 50}
NORM = {"strategy": "GradNorm", "ratio": 20}
NONE = {"strategy": "No"}


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    return labelled_view(tmp_path_factory.mktemp("labelled"), np.arange(200) % 4)


def section(**fields: Any) -> CoresetStrategy:
    return CoresetStrategy.model_validate({"name": "CoresetStrategy", **fields})


def coreset(**fields: Any) -> SelectionStrategy:
    return build_strategy(section(**fields))


def schedule(*thresholds: int) -> dict[str, Any]:
    names = ["Loss", "GradNorm", "Loss", "GradNorm"]
    listed = [{"strategy": names[number], "ratio": 10 + number} for number in range(len(thresholds) + 1)]
    return {"downsampling_list": listed, "downsampling_thresholds": list(thresholds)}


def ratios(strategy: SelectionStrategy, triggers: int) -> list[int | None]:
    chosen = [strategy.downsampling(trigger) for trigger in range(triggers)]
    return [one.ratio if one else None for one in chosen]


def test_warm_up_and_schedule_go_by_the_number_of_the_trigger():
    strategy = coreset(warmup_triggers=2, downsampling_config=schedule(3))
    assert ratios(strategy, 8) == [None, None, 10, 10, 10, 11, 11, 11]


def test_several_thresholds_may_be_passed_at_once():
    assert ratios(coreset(downsampling_config=schedule(1, 2, 5)), 7) == [10, 11, 12, 12, 12, 13, 13]
    # Asked for trigger 6 alone, as after a restart, or where triggers before it were skipped.
    assert ratios(coreset(downsampling_config=schedule(1, 2, 5)), 7)[6] == 13


def test_a_single_strategy_serves_all_triggers_after_the_warm_up():
    assert ratios(coreset(downsampling_config=LOSS), 3) == [50, 50, 50]
    assert ratios(coreset(warmup_triggers=1, downsampling_config=LOSS), 3) == [None, 50, 50]
    assert ratios(coreset(), 3) == [None] * 3
    mixed = {"downsampling_list": [LOSS, NONE, NORM], "downsampling_thresholds": [1, 2]}
    assert ratios(coreset(downsampling_config=mixed), 4) == [50, None, 20, 20]


@given(st.lists(st.integers(1, 30), max_size=3, unique=True), st.integers(0, 10), st.integers(0, 40))
def test_the_schedule_is_that_of_a_switch_that_is_told_every_trigger(thresholds, warmup, trigger):
    thresholds.sort()
    index = 0
    for now in range(trigger + 1):
        while index < len(thresholds) and now - warmup >= thresholds[index]:
            index += 1
    config = section(downsampling_config=schedule(*thresholds)).downsampling_config
    chosen = downsampling_at(config, trigger, warmup)
    assert (chosen.ratio if chosen else None) == (10 + index if trigger >= warmup else None)


def test_warm_up_is_without_presampling_but_not_without_limit(view):
    presampling = {"strategy": "Random", "ratio": 10}
    chosen = [c for _, c in history(coreset(warmup_triggers=2, presampling_config=presampling), view, [50] * 4)]
    assert [len(one) for one in chosen] == [50, 100, 15, 20]
    assert chosen[1] == list(range(100))
    limited = coreset(warmup_triggers=2, presampling_config=presampling, limit=12)
    assert [c for _, c in history(limited, view, [50] * 2)] == [list(range(38, 50)), list(range(88, 100))]


def test_warm_up_draws_nothing_from_the_first_cycle(view):
    strategy = coreset(warmup_triggers=2, presampling_config={"strategy": "RandomNoReplacement", "ratio": 50})
    *_, (_, first), (_, second) = history(strategy, view, [20, 20, 0, 0])
    assert sorted(first + second) == list(range(40))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"presampling_config": {"strategy": "TriggerBalanced", "ratio": 50}, "tail_triggers": 0}, "only one trigger"),
        ({"presampling_config": {"strategy": "No", "ratio": 50}}, "keeps everything, not 50 of 100"),
        ({"presampling_config": {"strategy": "No", "ratio": 100, "ratio_max": 1000}}, "keeps everything"),
        ({"presampling_config": {"strategy": "Random", "ratio": -5}}, "greater than or equal to 0"),
        ({"presampling_config": {"strategy": "Random", "ratio": 0, "ratio_max": 0}}, "greater than or equal to 1"),
        ({"presampling_config": {"strategy": "Random", "ratio": 101}}, "more than all"),
        ({"tail_triggers": -1}, "greater than or equal to 0"),
        ({"warmup_triggers": -1}, "greater than or equal to 0"),
        ({"downsampling_config": {"downsampling_list": [LOSS, NORM], "downsampling_thresholds": []}}, "1, one fewer"),
        ({"downsampling_config": schedule(3, 3)}, "does not follow 3"),
        ({"downsampling_config": schedule(0, 3)}, "with threshold 0 the first strategy never serves"),
    ],
)
def test_what_could_never_run_is_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        section(**fields)


def test_freshness_needs_data_that_was_used():
    fields = {"name": "FreshnessSamplingStrategy", "unused_data_ratio": 50}
    with pytest.raises(ValidationError, match="no sample that was trained on is left"):
        FreshnessSamplingStrategy.model_validate({**fields, "tail_triggers": 0})
    for tail in (None, 1, 5):
        FreshnessSamplingStrategy.model_validate({**fields, "tail_triggers": tail})


@pytest.mark.parametrize(
    "fields",
    [
        {"presampling_config": {"strategy": "No", "ratio": 1000, "ratio_max": 1000}},
        {"presampling_config": {"strategy": "TriggerBalanced", "ratio": 50}, "tail_triggers": 1},
        {"presampling_config": {"strategy": "LabelBalanced", "ratio": 0}, "limit": 5, "maximum_keys_in_memory": 2},
        {"storage_backend": "local", "presampling_config": {"strategy": "Random", "ratio": 50}, "tail_triggers": 0},
    ],
)
def test_what_makes_sense_is_accepted(fields):
    coreset(**fields)
