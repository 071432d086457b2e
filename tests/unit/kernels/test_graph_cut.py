from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.kernels.submodular_data import EXACT, OPTIMIZERS, all_similarities, normal, whole_gradients
from torch import Tensor

from modyn.kernels.submodular.graph_cut import GRAPH_CUT, GRAPH_CUT_DENSE
from modyn.ops import graph_cut, graph_cut_dense


def value(similarities: Tensor, picks: Tensor, lam: float) -> float:
    among = similarities[picks][:, picks]
    return float(lam * similarities[:, picks].sum() - among.sum() + among.diagonal().sum())


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 120),
    st.sampled_from([None, 1, 6]),
    st.integers(1, 3),
    st.sampled_from(["cosine", "distance"]),
    st.sampled_from([0.0, 1.0, 2.5]),
    st.integers(0, 2**31),
    st.data(),
)
def test_every_pick_is_the_best_that_there_is(
    count: int, embedding: int | None, group_count: int, similarity: str, lam: float, seed: int, data: st.DataObject
) -> None:
    gradients = normal(count, 5, seed=seed)
    embeddings = None if embedding is None else normal(count, embedding, seed=seed + 1)
    groups = torch.randint(0, group_count, (count,), generator=torch.Generator().manual_seed(seed))
    k = data.draw(st.integers(0, count))

    found = [
        graph_cut(gradients, embeddings, k=k, groups=groups, similarity=similarity, lam=lam, optimizer=optimizer)
        for optimizer in EXACT
    ]

    assert found[0][0].tolist() == found[1][0].tolist()
    assert found[0][1].tolist() == found[1][1].tolist()
    picks, gains = found[0]
    similarities = all_similarities(whole_gradients(gradients, embeddings), similarity, groups)
    tolerance = 1e-5 * count * max(1.0, float(similarities.max()))
    of_all = lam * similarities.sum(0)
    left = torch.ones(count, dtype=torch.bool)
    for pick, gain in zip(picks.tolist(), gains.tolist(), strict=True):
        assert left[pick]
        assert gain == pytest.approx(float(of_all[pick]), abs=tolerance)
        assert gain >= float(of_all[left].max()) - tolerance
        left[pick] = False
        of_all = of_all - 2 * similarities[pick]
    assert float(gains.sum()) == pytest.approx(value(similarities, picks, lam), abs=tolerance * (k + 1))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("budgets", [None, [5, 0, 40, 15]])
def test_every_optimizer_picks_what_its_reference_picks(isa: str, optimizer: str, budgets: list[int] | None) -> None:
    features = normal(400, 6, seed=4)
    groups = torch.arange(400) % 4
    how = {"lam": 1.5, "optimizer": optimizer, "epsilon": 0.2, "beta": 0.8, "seed": -5}

    for similarity in ("cosine", "distance"):
        picks, gains = graph_cut(
            features, k=60 if budgets is None else None, groups=groups, budgets=budgets, similarity=similarity, **how
        )
        expected = GRAPH_CUT.reference(features, None, groups, 60, budgets, similarity, *how.values())
        assert picks.tolist() == expected[0].tolist()
        torch.testing.assert_close(gains, expected[1], rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_given_whole_numbers_give_the_picks_of_the_reference(isa: str, optimizer: str) -> None:
    half = torch.randint(0, 9, (300, 300), generator=torch.Generator().manual_seed(12)).float()

    picks, gains = graph_cut_dense(half + half.T, 150, optimizer=optimizer)

    expected = GRAPH_CUT_DENSE.reference(half + half.T, 150, 1.0, optimizer, 0.1, 0.9, 0)
    assert picks.tolist() == expected[0].tolist()
    assert gains.tolist() == expected[1].tolist()


def test_the_weight_says_whether_picks_are_like_all_or_unlike_each_other() -> None:
    features = torch.tensor([[1.0, 0]] * 20 + [[0, 1], [-1, 0], [0, -1]])

    assert graph_cut(features, k=3, lam=0.01)[0].tolist() == [0, 21, 1]
    assert graph_cut(features, k=3, lam=2.0)[0].tolist() == [0, 1, 2]


def test_threads_change_nothing() -> None:
    features = normal(3000, 24, seed=11)
    before = torch.get_num_threads()
    results = []
    for threads in (1, 2, 7):
        torch.set_num_threads(threads)
        results.append([graph_cut(features, k=200, similarity=one) for one in ("cosine", "distance")])
    torch.set_num_threads(before)

    for other in results[1:]:
        for one, same in zip(results[0], other, strict=True):
            assert torch.equal(one[0], same[0])
            assert torch.equal(one[1], same[1])


def test_no_samples_and_no_picks_are_a_result() -> None:
    for optimizer in OPTIMIZERS:
        assert len(graph_cut(torch.ones(0, 4), k=0, optimizer=optimizer)[0]) == 0
        assert graph_cut(torch.zeros(3, 4), k=3, optimizer=optimizer)[0].tolist() == [0, 1, 2]


def test_what_is_impossible_is_refused() -> None:
    with pytest.raises(ValueError, match=r"lam is -1\.0"):
        graph_cut(torch.ones(3, 2), k=1, lam=-1.0)
    with pytest.raises(ValueError, match="4 picks are asked for, there are 3"):
        graph_cut(torch.ones(3, 2), k=4)
    with pytest.raises(ValueError, match=r"of shape \[3, 2\], expected"):
        graph_cut_dense(torch.ones(3, 2), 1)
    for similarities, message in (
        (-torch.ones(3, 3), "negative"),
        (torch.arange(9.0).view(3, 3), "not symmetric"),
        (torch.full((3, 3), torch.nan), "not finite"),
    ):
        with pytest.raises(ValueError, match=message):
            graph_cut_dense(similarities, 1)
        with pytest.raises(ValueError, match=message):
            GRAPH_CUT_DENSE.reference(similarities, 1, 1.0, "naive", 0.1, 0.9, 0)
