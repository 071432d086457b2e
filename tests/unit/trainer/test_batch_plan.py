"""Which samples each batch holds."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from modyn.trainer.batch_plan import BatchPlan


def batches(plan: BatchPlan) -> list[tuple[int, int, int]]:
    spans = [plan.span(index) for index in range(plan.total_batches)]
    assert [span.index for span in spans] == list(range(len(spans)))
    return [(span.epoch, span.first, span.count) for span in spans]


def test_the_incomplete_batch_is_dropped_in_each_epoch() -> None:
    plan = BatchPlan(10, 4, drop_last=True, epochs=2)
    assert batches(plan) == [(0, 0, 4), (0, 4, 4), (1, 0, 4), (1, 4, 4)]
    assert (plan.total_samples, plan.total_epochs) == (16, 2)


def test_the_incomplete_batch_is_kept_on_request() -> None:
    plan = BatchPlan(10, 4, drop_last=False, epochs=1)
    assert batches(plan) == [(0, 0, 4), (0, 4, 4), (0, 8, 2)]


def test_a_set_smaller_than_a_batch_is_one_batch() -> None:
    for drop_last in (True, False):
        plan = BatchPlan(3, 4, drop_last, epochs=2)
        assert batches(plan) == [(0, 0, 3), (1, 0, 3)]
        assert plan.is_one_small_batch


def test_a_number_of_samples_ends_within_a_batch() -> None:
    plan = BatchPlan(10, 4, drop_last=True, epochs=1, num_samples=13)
    assert batches(plan) == [(0, 0, 4), (0, 4, 4), (1, 0, 4), (1, 4, 1)]
    assert plan.total_epochs == 2


def test_a_number_of_samples_counts_small_sets_again_and_again() -> None:
    plan = BatchPlan(3, 4, drop_last=True, epochs=1, num_samples=7)
    assert batches(plan) == [(0, 0, 3), (1, 0, 3), (2, 0, 1)]


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(1, 50), st.booleans(), st.integers(1, 4), st.none() | st.integers(1, 500))
def test_batches_partition_what_is_passed(
    samples: int, batch_size: int, drop_last: bool, epochs: int, num_samples: int | None
) -> None:
    plan = BatchPlan(samples, batch_size, drop_last, epochs, num_samples)
    spans = [plan.span(index) for index in range(plan.total_batches)]

    assert sum(span.count for span in spans) == plan.total_samples
    assert {span.epoch for span in spans} == set(range(plan.total_epochs))
    for before, after in itertools.pairwise(spans):
        if plan.ends_epoch(before):
            assert (after.epoch, after.first) == (before.epoch + 1, 0)
        else:
            assert (after.epoch, after.first) == (before.epoch, before.first + before.count)
    assert all(span.count == batch_size for span in spans if drop_last and num_samples is None and samples > batch_size)
    assert all(0 < span.count <= batch_size for span in spans)
    assert plan.total_samples == num_samples or num_samples is None
