"""What every downsampler keeps: exact sizes, no sample twice, and the same choice for the same address."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from modyn.config.training import OptimizationCriterion
from modyn.plugins import DOWNSAMPLERS
from modyn.trainer.downsampling import build_downsampling
from modyn.trainer.downsampling.api import Candidates, Choice, Downsampler, Draw
from modyn.trainer.downsampling.outputs import Outputs
from modyn.trainer.downsampling.rho_loss import RHOLoss
from modyn.trainer.downsampling.scorer import Scorer

CPU = torch.device("cpu")
CLASSES = 4

IL_TRAINING = {
    "device": "cpu",
    "batch_size": 8,
    "shuffle": True,
    "use_previous_model": False,
    "optimizers": [
        {"name": "default", "algorithm": "SGD", "param_groups": [{"module": "model", "config": {"lr": 0.1}}]}
    ],
    "optimization_criterion": {"name": "CrossEntropyLoss"},
    "il_model_id": "Dummy",
}
SECTIONS: list[dict[str, Any]] = [
    {"strategy": "Loss"},
    {"strategy": "GradNorm"},
    *({"strategy": "Uncertainty", "score_metric": metric} for metric in ("LeastConfidence", "Entropy", "Margin")),
    {"strategy": "KcenterGreedy"},
    *({"strategy": "GradMatch", "full_grad_approximation": what} for what in ("LastLayer", "LastLayerWithEmbedding")),
    *(
        {"strategy": "Craig", "greedy": greedy, "full_grad_approximation": what}
        for greedy in ("NaiveGreedy", "LazyGreedy", "StochasticGreedy", "ApproximateLazyGreedy")
        for what in ("LastLayer", "LastLayerWithEmbedding")
    ),
    *(
        {"strategy": "Submodular", "submodular_function": function, "submodular_optimizer": greedy}
        for function in ("FacilityLocation", "GraphCut", "LogDeterminant")
        for greedy in ("NaiveGreedy", "LazyGreedy", "StochasticGreedy", "ApproximateLazyGreedy")
    ),
    {
        "strategy": "RHOLoss",
        "holdout_set_strategy": "Simple",
        "holdout_set_ratio": 30,
        "il_training_config": IL_TRAINING,
    },
    {"strategy": "RS2", "with_replacement": True},
    {"strategy": "RS2", "with_replacement": False},
]
_BALANCING = ("Uncertainty", "KcenterGreedy", "GradMatch", "Craig", "Submodular")
BALANCED = [section | {"balance": True} for section in SECTIONS if section["strategy"] in _BALANCING]
PARTS = [
    section | {"partition_size": 7}
    for section in SECTIONS
    if section["strategy"] in ("KcenterGreedy", "GradMatch", "Craig", "Submodular")
]
ALL = SECTIONS + BALANCED + PARTS
LOOKING = [section for section in ALL if section["strategy"] != "RS2"]


def name_of(section: dict[str, Any]) -> str:
    return "-".join(str(value) for key, value in section.items() if key != "il_training_config")


def build(section: dict[str, Any]) -> Downsampler:
    found = build_downsampling({"ratio": 50, **section})
    assert found is not None
    if isinstance(found.downsampler, RHOLoss):
        found.downsampler.compare_with(torch.linspace(0, 1, 1000))
    return found.downsampler


def candidates(downsampler: Downsampler, size: int, seed: int) -> Candidates:
    """As a pass over `size` samples gives them."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, CLASSES, (size,), generator=generator)
    if downsampler.needs == "nothing":
        return Candidates(size, labels=labels)
    outputs = Outputs(
        keys=torch.arange(size).numpy(),
        positions=torch.arange(size),
        output=torch.randn(size, CLASSES, generator=generator),
        labels=labels,
        embeddings=torch.randn(size, 6, generator=generator) if downsampler.needs == "embeddings" else None,
        scorer=Scorer(OptimizationCriterion(name="CrossEntropyLoss"), CPU),
    )
    return Candidates(size, downsampler.measure(outputs), labels)


def same(one: Choice, other: Choice) -> bool:
    weights = [Tensor() if choice.weights is None else choice.weights for choice in (one, other)]
    return torch.equal(one.positions, other.positions) and torch.equal(*weights)


def test_all_of_them_are_tested() -> None:
    assert {section["strategy"] for section in SECTIONS} == set(DOWNSAMPLERS.own)


@pytest.mark.parametrize("section", ALL, ids=name_of)
@settings(deadline=None, max_examples=25)
@given(size=st.integers(1, 40), seed=st.integers(0, 2**30), data=st.data())
def test_a_choice_has_the_promised_size_and_no_sample_twice(
    section: dict[str, Any], size: int, seed: int, data: st.DataObject
) -> None:
    downsampler = build(section)
    count = data.draw(st.integers(1, size))

    choice = downsampler.choose(candidates(downsampler, size, seed), count, Draw(seed, 0, 0))

    assert choice.positions.dtype == torch.int64
    assert len(choice.positions) == len(torch.unique(choice.positions)) == count
    assert 0 <= int(choice.positions.min()) <= int(choice.positions.max()) < size
    assert (choice.weights is not None) == downsampler.weighted
    if choice.weights is not None:
        assert choice.weights.shape == (count,)
        assert bool((choice.weights > 0).all())
        assert bool(torch.isfinite(choice.weights).all())


@pytest.mark.parametrize("section", ALL, ids=name_of)
def test_the_same_address_gives_the_same_choice_on_any_number_of_threads(section: dict[str, Any]) -> None:
    before = torch.get_num_threads()
    choices = []
    for threads in (1, 2, 7):
        torch.set_num_threads(threads)
        downsampler = build(section)
        choices.append(downsampler.choose(candidates(downsampler, 200, 3), 60, Draw(9, 1, 4)))
    torch.set_num_threads(before)

    assert same(choices[0], choices[1])
    assert same(choices[0], choices[2])


@pytest.mark.parametrize("section", BALANCED, ids=name_of)
def test_balanced_choices_keep_the_share_of_every_class(section: dict[str, Any]) -> None:
    downsampler = build(section)
    found = candidates(downsampler, 101, 5)
    assert found.labels is not None

    kept = found.labels[downsampler.choose(found, 50, Draw(1, 0, 0)).positions]

    for label in range(CLASSES):
        share = 50 * int((found.labels == label).sum()) / 101
        assert abs(int((kept == label).sum()) - share) < 1


@pytest.mark.parametrize("section", BALANCED, ids=name_of)
def test_a_rare_class_is_not_left_out(section: dict[str, Any]) -> None:
    downsampler = build(section)
    found = candidates(downsampler, 100, 5)
    labels = torch.zeros(100, dtype=torch.int64)
    labels[17] = 1

    choice = downsampler.choose(Candidates(100, found.columns, labels), 10, Draw(1, 0, 0))

    assert 17 in choice.positions


@pytest.mark.parametrize("section", LOOKING, ids=name_of)
def test_nothing_that_a_diverged_model_gives_breaks_a_choice(section: dict[str, Any]) -> None:
    downsampler = build(section)
    labels = torch.arange(20) % CLASSES
    output = torch.randn(20, CLASSES)
    output[3], output[4, 0], output[5] = torch.nan, torch.inf, -torch.inf
    embeddings = torch.randn(20, 6)
    embeddings[7] = torch.nan
    outputs = Outputs(
        keys=torch.arange(20).numpy(),
        positions=torch.arange(20),
        output=output,
        labels=labels,
        embeddings=embeddings if downsampler.needs == "embeddings" else None,
        scorer=Scorer(OptimizationCriterion(name="CrossEntropyLoss"), CPU),
    )

    choice = downsampler.choose(Candidates(20, downsampler.measure(outputs), labels), 9, Draw(1, 0, 0))

    assert len(torch.unique(choice.positions)) == 9
    assert choice.weights is None or bool(torch.isfinite(choice.weights).all())


@pytest.mark.parametrize("section", ALL, ids=name_of)
def test_samples_that_are_all_the_same_can_be_chosen_from(section: dict[str, Any]) -> None:
    downsampler = build(section)
    labels = torch.zeros(12, dtype=torch.int64)
    columns = {
        name: column[:1].expand(12, *column.shape[1:]).contiguous()
        for name, column in candidates(downsampler, 12, 1).columns.items()
    }

    choice = downsampler.choose(Candidates(12, columns, labels), 5, Draw(1, 0, 0))

    assert len(torch.unique(choice.positions)) == 5
    assert choice.weights is None or bool((choice.weights > 0).all())
