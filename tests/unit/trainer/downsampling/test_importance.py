"""Drawing in proportion to scores: exact probabilities, and weights that give unbiased means."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from modyn.trainer.downsampling.api import Draw
from modyn.trainer.downsampling.importance import draw_by_score


def by_clamping(scores: list[float], count: int) -> list[float]:
    """The plain way: what exceeds 1 becomes certain, the others share the rest, until nothing exceeds 1."""
    certain: set[int] = set()
    while True:
        rest = sum(score for place, score in enumerate(scores) if place not in certain)
        shares = [
            1.0 if place in certain else (count - len(certain)) * score / rest for place, score in enumerate(scores)
        ]
        new = {place for place, share in enumerate(shares) if share > 1}
        if not new:
            return shares
        certain |= new


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=30), st.data())
def test_weights_undo_probabilities_in_proportion_up_to_certainty(scores: list[int], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(scores) - 1))

    choice = draw_by_score(torch.tensor(scores, dtype=torch.float32), count, Draw(3, 0, 0))

    assert choice.weights is not None
    expected = by_clamping([float(score) for score in scores], count)
    for position, weight in zip(choice.positions.tolist(), choice.weights.tolist(), strict=True):
        assert weight == pytest.approx(1 / expected[position])


@given(st.lists(st.floats(0, 2.0**100, width=32), min_size=1, max_size=40), st.integers(0, 2**62), st.data())
def test_as_many_as_asked_for_are_drawn_whatever_the_scores(
    scores: list[float], seed: int, data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, len(scores)))

    choice = draw_by_score(torch.tensor(scores), count, Draw(seed, 0, 0))

    assert len(torch.unique(choice.positions)) == count
    assert choice.weights is not None
    assert bool(((choice.weights > 0) & torch.isfinite(choice.weights)).all())


def drawn(scores: Tensor, count: int, draws: int) -> tuple[Tensor, Tensor]:
    """How often each sample was drawn, and the weighted mean of a test function in each draw."""
    function = torch.linspace(0, 1, len(scores)) ** 2
    counts, means = torch.zeros(len(scores)), []
    for index in range(draws):
        choice = draw_by_score(scores, count, Draw(11, 0, index))
        assert choice.weights is not None
        counts[choice.positions] += 1
        means.append((choice.weights * function[choice.positions]).sum() / len(scores))
    return counts, torch.stack(means)


@pytest.mark.parametrize("count", [1, 5, 15, 29])
def test_samples_are_drawn_as_often_as_their_probabilities_say(count: int) -> None:
    scores = torch.linspace(0.1, 2, 30).exp()
    draws = 3000

    counts, _ = drawn(scores, count, draws)

    expected = draws * torch.tensor(by_clamping(scores.tolist(), count))
    deviation = (expected * (1 - expected / draws)).clamp_min(0).sqrt() + 1e-9
    assert float(((counts - expected).abs() / (deviation + 1)).max()) < 5


@pytest.mark.parametrize("count", [3, 15, 29])
def test_the_weighted_mean_is_unbiased_for_skewed_scores(count: int) -> None:
    scores = torch.linspace(0, 4, 30).exp()

    _, means = drawn(scores, count, 3000)

    function = torch.linspace(0, 1, 30) ** 2
    error = float(means.mean() - function.mean())
    assert abs(error) < 5 * float(means.std()) / 3000**0.5 + 1e-6


def test_what_has_no_score_is_drawn_only_if_the_others_are_too_few() -> None:
    scores = torch.tensor([0.0, 3.0, torch.nan, 1.0, -2.0, torch.inf])

    assert set(draw_by_score(scores, 2, Draw(1, 0, 0)).positions.tolist()) == {1, 3}
    assert {1, 3} < set(draw_by_score(scores, 4, Draw(1, 0, 0)).positions.tolist())


def test_equal_scores_have_equal_weights() -> None:
    weights = draw_by_score(torch.full((10,), 0.3), 5, Draw(1, 0, 0)).weights

    assert weights is not None
    torch.testing.assert_close(weights, torch.full((5,), 2.0))


def test_the_last_of_more_samples_than_float32_can_count_is_drawn_if_it_is_certain() -> None:
    scores = torch.ones(2**24 + 1)
    scores[-1] = 1e9

    choice = draw_by_score(scores, 3, Draw(1, 0, 0))

    assert 2**24 in choice.positions
    assert len(torch.unique(choice.positions)) == 3
