from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modyn.trainer.downsampling.quotas import class_quotas


@pytest.mark.parametrize(
    ("sizes", "count", "quotas"),
    [
        ([3, 4], 3, [1, 2]),
        ([5, 5, 5], 5, [2, 2, 1]),
        ([100, 1], 10, [9, 1]),
        ([0, 10], 4, [0, 4]),
        ([7], 0, [0]),
        ([2, 2, 2], 2, [1, 1, 0]),
        ([], 0, []),
    ],
)
def test_known_quotas(sizes: list[int], count: int, quotas: list[int]) -> None:
    assert class_quotas(sizes, count) == quotas


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20), st.data())
def test_quotas_sum_up_keep_shares_and_leave_no_class_out(sizes: list[int], data: st.DataObject) -> None:
    count = data.draw(st.integers(0, sum(sizes)))

    quotas = class_quotas(sizes, count)

    classes = sum(1 for size in sizes if size)
    assert sum(quotas) == count
    assert all(0 <= quota <= size for quota, size in zip(quotas, sizes, strict=True))
    if count >= classes:
        assert all(quota > 0 for quota, size in zip(quotas, sizes, strict=True) if size)
    # A class has its exact share, rounded, but for what the smallest ones took so as not to be left out.
    taken = sum(1 for quota, size in zip(quotas, sizes, strict=True) if quota * sum(sizes) > count * size)
    for quota, size in zip(quotas, sizes, strict=True):
        assert quota >= (count * size // max(1, sum(sizes))) - taken


def test_more_than_there_are_is_refused() -> None:
    with pytest.raises(ValueError, match="5 of 4"):
        class_quotas([2, 2], 5)
