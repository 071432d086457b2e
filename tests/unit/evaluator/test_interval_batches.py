"""How ranges are dealt into batches."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modyn.evaluator.interval_batches import RangePlan

RANGES = st.lists(
    st.tuples(st.integers(0, 100), st.integers(1, 30)).map(lambda one: range(one[0], one[0] + one[1])),
    min_size=1,
    max_size=6,
)


@given(RANGES, st.integers(1, 12))
def test_every_range_is_dealt_completely_in_batches_of_its_own(ranges, batch_size):
    plan = RangePlan(tuple(ranges), batch_size)
    dealt: list[list[int]] = [[] for _ in ranges]
    read = 0
    for number in range(plan.total_batches):
        span = plan.span(number)
        assert span.first == read
        assert 1 <= span.count <= batch_size
        read += span.count
        dealt[span.epoch] += range(span.index, span.index + span.count)
        complete = len(dealt[span.epoch]) == len(ranges[span.epoch])
        assert span.count == batch_size or complete
        assert plan.ends_epoch(span) == complete
    assert dealt == [list(one) for one in ranges]
