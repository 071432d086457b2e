"""Scores of labels that are decided one by one, against torch's criterion and autograd in float64."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modyn.ops import binary_gradients, binary_label_scores, binary_scores, classification_scores, label_scores

TYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
SHAPES = ((19,), (19, 1), (19, 3), (5, 127), (5, 129), (3, 4, 5), (33, 300))


def scores_by_autograd(
    logits: torch.Tensor, targets: torch.Tensor, **factors: torch.Tensor
) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
    z = logits.detach().requires_grad_()
    of_type = {name: factor.to(z.dtype) for name, factor in factors.items()}
    of_labels = torch.nn.functional.binary_cross_entropy_with_logits(
        z, targets.to(z.dtype), reduction="none", **of_type
    )
    loss = of_labels.flatten(1).sum(1) if z.ndim > 1 else of_labels
    (gradients,) = torch.autograd.grad(loss.sum(), z)
    least = logits.abs().flatten(1).amin(1) if z.ndim > 1 else logits.abs()
    p = torch.stack([logits, -logits]).sigmoid()
    entropy = torch.special.entr(p).sum(0)
    rows = gradients.flatten(1) if z.ndim > 1 else gradients[:, None]
    return (
        loss.detach(),
        least.sigmoid(),
        torch.tanh(least / 2),
        entropy.reshape(rows.shape).sum(1),
        rows.norm(dim=1),
    ), rows


def case(shape: tuple[int, ...], dtype: torch.dtype, seed: int) -> tuple[torch.Tensor, torch.Tensor, dict[str, Any]]:
    """Logits, targets of which some are 0 or 1, and both factors."""
    generator = torch.Generator().manual_seed(seed)
    logits = (torch.randn(shape, generator=generator) * 4).to(dtype)
    targets = (torch.rand(shape, generator=generator) * 3 - 1).clamp(0, 1)
    weight = torch.rand(shape if seed % 2 else shape[1:], generator=generator) + 0.1
    return logits, targets, {"weight": weight, "pos_weight": torch.rand(shape[1:], generator=generator) * 4}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", TYPES)
def test_scores_and_gradients_are_those_of_autograd(
    isa: str, dtype: torch.dtype, weighted: bool, shape: tuple[int, ...]
) -> None:
    for seed in (0, 1):
        logits, targets, factors = case(shape, dtype, seed)
        factors = factors if weighted else {}

        scores = binary_scores(logits, targets, **factors)
        gradients = binary_gradients(logits, targets, **factors)

        expected, expected_gradients = scores_by_autograd(logits.double(), targets, **factors)
        tolerance = {"rtol": 1e-11, "atol": 1e-12} if dtype == torch.float64 else {"rtol": 1e-5, "atol": 1e-6}
        if dtype == torch.float64:  # the factors are rounded by neither
            targets, factors = targets.double(), {name: factor.double() for name, factor in factors.items()}
        for score, value in zip((*scores, gradients), (*expected, expected_gradients), strict=True):
            assert score.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
            torch.testing.assert_close(score.double(), value, **tolerance)


@settings(deadline=None)
@given(
    st.integers(0, 40),
    st.integers(1, 140),
    st.sampled_from(TYPES),
    st.sampled_from([0.01, 1, 50]),
    st.integers(0, 2**31),
)
def test_any_shape_and_scale(count: int, labels: int, dtype: torch.dtype, scale: float, seed: int) -> None:
    logits, targets, factors = case((count, labels), dtype, seed)
    logits = logits * scale

    scores = binary_scores(logits, targets, **factors)

    expected, _ = scores_by_autograd(logits.double(), targets, **factors)
    for score, value in zip(scores, expected, strict=True):
        torch.testing.assert_close(score.double(), value, rtol=1e-5, atol=1e-5)


def test_one_label_is_a_classification_of_two_classes() -> None:
    logits, labels = torch.randn(50, dtype=torch.float64), torch.randint(0, 2, (50,))
    of_two = torch.stack([torch.zeros_like(logits), logits], dim=1)

    scores, of_labels = binary_scores(logits, labels), binary_label_scores(logits, labels)

    for ours, other in zip(scores[:4], classification_scores(of_two, labels)[:4], strict=True):
        torch.testing.assert_close(ours, other)
    for ours, other in zip(of_labels, label_scores(of_two, labels), strict=True):
        torch.testing.assert_close(ours, other)


@pytest.mark.parametrize("shape", [(4,), (4, 3), (2, 130)])
def test_scores_but_the_gradient_norm_are_differentiable(isa: str, shape: tuple[int, ...]) -> None:
    logits, targets, factors = case(shape, torch.float64, seed=1)
    logits.requires_grad_()

    assert torch.autograd.gradcheck(lambda z: tuple(binary_scores(z, targets, **factors))[:4], (logits,))
    assert not binary_scores(logits, targets).gradient_norm.requires_grad


def test_every_logit_keeps_its_digits(isa: str) -> None:
    # Where exp(-|z|) is a normal number, within a few units in the last place; far beyond it nothing overflows.
    logits = torch.cat([torch.linspace(-87, 87, 100_001), torch.logspace(-30, -1, 1000)])
    for target in (0.0, 1.0):
        scores = binary_scores(logits, torch.full_like(logits, target))

        z = logits.double()
        wrong = z if target == 0 else -z
        loss = torch.log1p(torch.exp(-z.abs())) + wrong.clamp(min=0)
        entropy = torch.log1p(torch.exp(-z.abs())) + z.abs() * torch.exp(-z.abs()) / (1 + torch.exp(-z.abs()))
        for score, value in (
            (scores.loss, loss),
            (scores.max_probability, torch.sigmoid(z.abs())),
            (scores.margin, torch.tanh(z.abs() / 2)),
            (scores.entropy, entropy),
        ):
            torch.testing.assert_close(score.double(), value, rtol=4e-7, atol=0)
        # Its square is 0 below 1e-22.
        torch.testing.assert_close(scores.gradient_norm.double(), torch.sigmoid(wrong), rtol=4e-7, atol=1e-21)

    large = torch.tensor([1e4, -1e4, 3e38, -3e38])
    scores = binary_scores(large, torch.tensor([1, 0, 0, 1]))
    assert scores.loss.tolist() == [0, 0, large[2], large[2]]
    assert scores.entropy.tolist() == [0] * 4
    assert scores.margin.tolist() == [1] * 4
    assert scores.gradient_norm.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_loses_no_more_than_the_naive_computation(isa: str, dtype: torch.dtype) -> None:
    logits, targets, _ = case((64, 20), dtype, seed=0)
    targets = targets.round()

    ours = binary_scores(logits, targets)

    exact, _ = scores_by_autograd(logits.double(), targets)
    naive, _ = scores_by_autograd(logits, targets)
    for score, low, value in zip(ours, naive, exact, strict=True):
        assert (score - value).abs().max() <= 2 * (low.double() - value).abs().max()


@pytest.mark.parametrize("labels", [1, 7, 200])
def test_label_scores_tell_how_the_labels_fare(isa: str, labels: int) -> None:
    logits, targets, factors = case((30, labels), torch.float32, seed=2)
    logits[0] = 0

    scores = binary_label_scores(logits, targets, **factors)

    right = torch.where(targets >= 0.5, logits, -logits)
    torch.testing.assert_close(scores.margin, right.amin(1))
    torch.testing.assert_close(scores.probability, right.sigmoid().prod(1), rtol=1e-4, atol=1e-20)
    assert torch.equal(scores.correct, ((logits > 0) == (targets >= 0.5)).all(1))
    assert torch.equal(scores.loss, binary_scores(logits, targets, **factors).loss)


@pytest.mark.parametrize("labels", [2, 200])
def test_what_is_not_finite(isa: str, labels: int) -> None:
    logits = torch.ones(3, labels)
    logits[0, 1] = torch.nan
    logits[1] = torch.inf
    logits[2] = -torch.inf
    targets = torch.ones(3, labels)

    scores, of_labels = binary_scores(logits, targets), binary_label_scores(logits, targets)

    for score in (*scores, *of_labels[:3]):
        assert score[0].isnan()
    assert [score[1].item() for score in scores] == [0, 1, 1, 0, 0]
    assert [score[2].item() for score in scores] == [torch.inf, 1, 1, 0, pytest.approx(labels**0.5)]
    assert of_labels.correct.tolist() == [False, True, False]


def test_scores_do_not_depend_on_the_threads(isa: str) -> None:
    logits, targets, factors = case((20_001, 7), torch.float32, seed=1)
    threads = torch.get_num_threads()
    results = []
    for count in (1, 2, 7):
        torch.set_num_threads(count)
        results.append((*binary_scores(logits, targets, **factors), binary_gradients(logits, targets, **factors)))
    torch.set_num_threads(threads)

    for other in results[1:]:
        assert all(torch.equal(one, two) for one, two in zip(results[0], other, strict=True))


@pytest.mark.parametrize(
    ("logits", "targets", "factors", "message"),
    [
        (torch.zeros(4).long(), torch.zeros(4), {}, "logits of torch.int64"),
        (torch.zeros(4, 0), torch.zeros(4, 0), {}, "expected .samples. or"),
        (torch.zeros(4, 1), torch.zeros(4), {}, "do not fit logits"),
        (torch.zeros(4, 3), torch.zeros(4, 3), {"weight": torch.ones(4)}, "weight of shape .4. cannot be broadcast"),
        (torch.zeros(4, 3), torch.zeros(4, 3), {"pos_weight": torch.ones(2)}, "pos_weight of shape .2. cannot be"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    logits: torch.Tensor, targets: torch.Tensor, factors: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        binary_scores(logits, targets, **factors)
