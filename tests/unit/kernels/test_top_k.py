"""The k best scores against sorting all of them."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modyn.kernels import top_k as kernels
from modyn.kernels.top_k import Order
from modyn.ops import segmented_top_k, top_k

TYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.int64, torch.int32, torch.uint8)


def sorted_by_definition(scores: list[float], largest: bool) -> list[int]:
    """Indices, the best first: NaN last, of equal scores the first one first."""

    def key(index: int) -> tuple[bool, float, int]:
        score = scores[index]
        return (math.isnan(score), 0.0 if math.isnan(score) else (-score if largest else score), index)

    return sorted(range(len(scores)), key=key)


def ordered(picks: list[int], order: Order) -> list[int]:
    return picks if order == "score" else sorted(picks)


scores_of_all_kinds = st.one_of(
    st.lists(st.floats(width=32, allow_subnormal=False), max_size=60),
    st.lists(st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf, -math.inf]), max_size=60),
)


@settings(deadline=None)
@given(scores_of_all_kinds, st.booleans(), st.sampled_from(["score", "index"]), st.integers(0, 60))
def test_picks_are_the_first_of_the_sorted_scores(scores: list[float], largest: bool, order: Order, k: int) -> None:
    k = min(k, len(scores))
    expected = ordered(sorted_by_definition(scores, largest)[:k], order)

    for dtype in (torch.float32, torch.float64):
        tensor = torch.tensor(scores, dtype=dtype)
        assert top_k(tensor, k, largest=largest, order=order).tolist() == expected
        assert kernels.TOP_K.reference(tensor, k, largest, order).tolist() == expected


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("k", [0, 1, 17, 5000, 199_999, 200_000])
def test_many_scores_of_any_type(dtype: torch.dtype, largest: bool, k: int) -> None:
    scores = (torch.randn(200_000, generator=torch.Generator().manual_seed(k)) * 100).to(dtype)  # with ties

    for order in ("score", "index"):
        picks = top_k(scores, k, largest=largest, order=order)
        assert torch.equal(picks, kernels.TOP_K.reference(scores, k, largest, order))


@pytest.mark.parametrize("distinct", [1, 2, 300])
def test_ties_go_to_the_lowest_index(distinct: int) -> None:
    scores = torch.randint(0, distinct, (150_000,), generator=torch.Generator().manual_seed(1)).float()

    for k in (1, 70_000, 149_000):
        assert torch.equal(top_k(scores, k), torch.sort(scores, descending=True, stable=True).indices[:k])


def test_scores_that_differ_in_their_last_bits_only() -> None:
    scores = 1 + torch.randperm(100_000, generator=torch.Generator().manual_seed(1)).double() * 2**-52

    assert torch.equal(top_k(scores, 30_000), torch.sort(scores, descending=True).indices[:30_000])


def test_nan_is_chosen_only_if_there_is_nothing_else() -> None:
    scores = torch.tensor([math.nan, -math.inf, math.nan, 1.0])

    assert top_k(scores, 3).tolist() == [3, 1, 0]
    assert top_k(scores, 3, largest=False).tolist() == [1, 3, 0]


@settings(deadline=None)
@given(
    scores_of_all_kinds,
    st.lists(st.integers(0, 9), min_size=1, max_size=6),
    st.booleans(),
    st.sampled_from(["score", "index"]),
    st.integers(0, 2**31),
)
def test_each_segment_gives_its_best(
    scores: list[float], quotas: list[int], largest: bool, order: Order, seed: int
) -> None:
    segments = torch.randint(0, len(quotas), (len(scores),), generator=torch.Generator().manual_seed(seed))
    expected = []
    for segment, quota in enumerate(quotas):
        members = (segments == segment).nonzero()[:, 0].tolist()
        best = sorted_by_definition([scores[member] for member in members], largest)[:quota]
        expected += ordered([members[place] for place in best], order)

    tensor = torch.tensor(scores, dtype=torch.float32)
    picks = segmented_top_k(tensor, segments, torch.tensor(quotas), largest=largest, order=order)
    reference = kernels.SEGMENTED_TOP_K.reference(tensor, segments, torch.tensor(quotas), largest, order)

    assert picks.tolist() == reference.tolist() == expected


def test_one_segment_of_many_scores_is_the_whole() -> None:
    scores = torch.randn(300_000, generator=torch.Generator().manual_seed(3))
    segments = torch.zeros(len(scores), dtype=torch.int64)

    assert torch.equal(segmented_top_k(scores, segments, torch.tensor([1000])), top_k(scores, 1000))


def test_picks_do_not_depend_on_the_threads() -> None:
    scores = torch.randn(400_000, generator=torch.Generator().manual_seed(3)).bfloat16()
    segments = torch.arange(len(scores)) % 5
    threads = torch.get_num_threads()
    picks = []
    for count in (1, 2, 7):
        torch.set_num_threads(count)
        picks.append((top_k(scores, 90_001), segmented_top_k(scores, segments, torch.full((5,), 20_000))))
    torch.set_num_threads(threads)

    assert all(torch.equal(one, two) for other in picks[1:] for one, two in zip(picks[0], other, strict=True))


def test_what_does_not_fit_is_refused() -> None:
    scores = torch.zeros(4)
    for k in (-1, 5):
        with pytest.raises(ValueError, match=f"k is {k}, expected a number from 0 to that of the scores, 4"):
            top_k(scores, k)
    with pytest.raises(ValueError, match="expected real numbers"):
        top_k(torch.zeros(2, 2), 1)
    with pytest.raises(ValueError, match="order is 'worst'"):
        top_k(scores, 1, order="worst")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="segments are from 0 to 2, expected numbers below 2"):
        segmented_top_k(scores, torch.tensor([0, 1, 2, 0]), torch.tensor([1, 1]))
    with pytest.raises(ValueError, match="a quota is -1"):
        segmented_top_k(scores, torch.zeros(4).long(), torch.tensor([1, -1]))
    with pytest.raises(ValueError, match="segments of"):
        segmented_top_k(scores, torch.zeros(4), torch.tensor([1]))
