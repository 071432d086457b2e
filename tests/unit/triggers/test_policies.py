"""All trigger policies: cuts as a plain loop would make them, whatever the chunks, and the same after every stop."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modyn.config.durations import Duration
from modyn.config.trigger import DataAmountTriggerConfig, EnsembleTriggerConfig, TimeTriggerConfig
from modyn.errors import UnsupportedError
from modyn.triggers import build_trigger
from modyn.triggers.amount import DataAmountTrigger
from modyn.triggers.api import StreamBatch, Trigger
from modyn.triggers.time import TimeTrigger


def batch(timestamps: list[int], first: int = 0) -> StreamBatch:
    count = len(timestamps)
    keys = np.arange(first, first + count, dtype=np.int64)
    return StreamBatch(first, keys, np.array(timestamps, dtype=np.int64), np.zeros(count, dtype=np.int64))


def cuts(policy: Trigger, timestamps: list[int], chunks: list[int]) -> list[int]:
    """Positions at which the policy cuts a stream that comes in chunks of these sizes, then in one piece."""
    found, position = [], 0
    for size in [*chunks, len(timestamps)]:
        part = timestamps[position : position + size]
        found += [position + decision.cut for decision in policy.inform(batch(part, position))]
        position += len(part)
    return found


def cuts_with_stops(make: type, arguments: tuple[int, ...], timestamps: list[int], chunk: int) -> list[int]:
    """The same by policies that are each thrown away after one decision; their state goes on as JSON."""
    found: list[int] = []
    position, state = 0, json.dumps(make(*arguments).state_dict())
    while position < len(timestamps):
        policy = make(*arguments)
        policy.load_state_dict(json.loads(state))
        part = timestamps[position : position + chunk]
        decision = next(policy.inform(batch(part, position)), None)
        position += len(part) if decision is None else decision.cut
        found += [] if decision is None else [position]
        state = json.dumps(policy.state_dict())
    return found


def amount_reference(timestamps: list[int], num_samples: int) -> list[int]:
    return list(range(num_samples, len(timestamps) + 1, num_samples))


def time_reference(timestamps: list[int], every: int, start: int | None = None) -> list[int]:
    """Sample by sample, boundary by boundary."""

    def walk() -> Iterator[int]:
        boundary = (timestamps[0] if start is None else start) + every
        while boundary <= timestamps[0]:
            boundary += every
        for position, timestamp in enumerate(timestamps):
            while boundary <= timestamp:
                yield position
                boundary += every

    return list(walk()) if timestamps else []


POLICIES = st.one_of(
    st.tuples(st.just(DataAmountTrigger), st.just(amount_reference), st.tuples(st.integers(1, 12))),
    st.tuples(st.just(TimeTrigger), st.just(time_reference), st.tuples(st.integers(1, 12))),
    st.tuples(st.just(TimeTrigger), st.just(time_reference), st.tuples(st.integers(1, 12), st.integers(-60, 60))),
)
STREAMS = st.one_of(
    st.lists(st.integers(-40, 40), max_size=40).map(sorted),
    # Late samples, as a live stream may have them.
    st.lists(st.integers(-40, 40), max_size=40),
)


@given(POLICIES, STREAMS, st.lists(st.integers(0, 9), max_size=10))
def test_cuts_are_those_of_the_plain_loop_for_any_chunks(policy, timestamps, chunks):
    make, reference, arguments = policy
    assert cuts(make(*arguments), timestamps, chunks) == reference(timestamps, *arguments)


@given(POLICIES, STREAMS, st.integers(1, 50))
def test_cuts_are_the_same_if_the_policy_is_stopped_and_resumed_at_every_decision(policy, timestamps, chunk):
    make, reference, arguments = policy
    assert cuts_with_stops(make, arguments, timestamps, chunk) == reference(timestamps, *arguments)


@given(POLICIES, STREAMS)
def test_the_same_policy_may_be_informed_of_the_rest_after_any_decision(policy, timestamps):
    make, reference, arguments = policy
    same, found, position = make(*arguments), [], 0
    while (decision := next(same.inform(batch(timestamps[position:], position)), None)) is not None:
        position += decision.cut
        found.append(position)
    assert found == reference(timestamps, *arguments)


@given(POLICIES, STREAMS)
def test_reasons_and_states_are_json(policy, timestamps):
    make, _, arguments = policy
    trigger = make(*arguments)
    for decision in trigger.inform(batch(timestamps)):
        json.dumps([decision.reason, trigger.state_dict()])


class TestDataAmountTrigger:
    def test_of_one_sample_cuts_after_each(self):
        assert cuts(DataAmountTrigger(1), [5, 5, 6], [2]) == [1, 2, 3]

    def test_greater_than_a_batch_carries_over(self):
        policy = DataAmountTrigger(8)
        assert [[d.cut for d in policy.inform(batch([0] * 3))] for _ in range(6)] == [[], [], [2], [], [], [1]]

    def test_fires_at_exact_multiples(self):
        assert [d.cut for d in DataAmountTrigger(2).inform(batch([0] * 6))] == [2, 4, 6]

    def test_empty_batches_change_nothing(self):
        assert cuts(DataAmountTrigger(2), [0, 0, 0], [0, 1, 0, 0]) == [2]


class TestTimeTrigger:
    def test_a_sample_on_the_boundary_belongs_to_the_next_trigger(self):
        assert [d.cut for d in TimeTrigger(10).inform(batch([100, 105, 110, 111]))] == [2]

    def test_a_gap_of_several_periods_gives_empty_triggers(self):
        policy = TimeTrigger(10)
        assert [d.cut for d in policy.inform(batch([100, 109]))] == []
        assert [d.cut for d in policy.inform(batch([110]))] == [0]
        assert [d.cut for d in policy.inform(batch([111, 141]))] == [1, 1, 1]
        assert [d.cut for d in policy.inform(batch([205]))] == [0] * 6

    def test_start_after_the_first_sample_makes_the_first_period_longer(self):
        assert [d.cut for d in TimeTrigger(10, 100).inform(batch([50, 99, 109, 110, 125]))] == [3, 4]

    def test_start_before_the_first_sample_keeps_its_grid_and_begins_with_the_data(self):
        decisions = list(TimeTrigger(10, 3).inform(batch([1_000_000_001, 1_000_000_003])))
        assert [(d.cut, d.reason) for d in decisions] == [(1, {"boundary": 1_000_000_003})]

    def test_first_sample_on_the_grid_begins_a_period(self):
        assert [d.cut for d in TimeTrigger(10, 0).inform(batch([50, 59, 60]))] == [2]

    def test_empty_first_batch_does_not_fix_the_start(self):
        assert cuts(TimeTrigger(10), [7, 16, 17], [0]) == [2]

    def test_gap_of_many_periods_is_answered_one_by_one(self):
        decisions = TimeTrigger(1).inform(batch([0, 1_500_000_000]))
        assert [next(decisions).cut for _ in range(3)] == [1, 1, 1]


def test_policies_are_built_from_their_configuration():
    amount = build_trigger(DataAmountTriggerConfig(id="DataAmountTrigger", num_samples=2))
    assert [d.cut for d in amount.inform(batch([0, 0]))] == [2]
    time = build_trigger(TimeTriggerConfig(id="TimeTrigger", every=Duration("1m"), start_timestamp=-30))
    assert [d.cut for d in time.inform(batch([0, 29, 30]))] == [2]


def test_a_policy_that_cannot_be_run_is_refused_by_name():
    with pytest.raises(UnsupportedError, match="'EnsembleTrigger' cannot be run"):
        build_trigger(EnsembleTriggerConfig(id="EnsembleTrigger"))
