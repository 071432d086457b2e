"""Scores of single samples: those of the criterion as it is configured, whatever company a sample comes in."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from modyn.config.training import OptimizationCriterion
from modyn.errors import ModelError
from modyn.trainer.downsampling.scorer import Scorer

CPU = torch.device("cpu")
SAMPLES, CLASSES = 13, 4
CASES: list[tuple[str, dict[str, Any]]] = [
    ("CrossEntropyLoss", {}),
    ("CrossEntropyLoss", {"weight": [0.5, 1.0, 2.0, 4.0]}),
    ("CrossEntropyLoss", {"label_smoothing": 0.3}),
    ("CrossEntropyLoss", {"weight": [0.5, 1.0, 2.0, 4.0], "label_smoothing": 0.2, "ignore_index": 1}),
    ("CrossEntropyLoss", {"reduction": "sum"}),
    ("NLLLoss", {"weight": [0.5, 1.0, 2.0, 4.0]}),
    ("MultiMarginLoss", {"margin": 0.5}),
    ("BCEWithLogitsLoss", {}),
    ("BCEWithLogitsLoss", {"pos_weight": [3.0, 1.0, 1.0, 0.5]}),
    ("SoftMarginLoss", {}),
    ("MSELoss", {}),
    ("HuberLoss", {"delta": 0.5}),
]
NAMES = [f"{name}-{config}" for name, config in CASES]
cases = pytest.mark.parametrize(("name", "config"), CASES, ids=NAMES)


def outputs(name: str) -> tuple[Tensor, Tensor]:
    """Outputs and labels that the criterion takes."""
    generator = torch.Generator().manual_seed(1)
    output = torch.randn(SAMPLES, CLASSES, generator=generator)
    if name in ("CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"):
        labels = torch.randint(0, CLASSES, (SAMPLES,), generator=generator)
        return (output.log_softmax(1) if name == "NLLLoss" else output), labels
    if name in ("MSELoss", "HuberLoss"):
        return output, torch.randn(SAMPLES, CLASSES, generator=generator)
    labels = torch.rand(SAMPLES, CLASSES, generator=generator).round()
    return output, 2 * labels - 1 if name == "SoftMarginLoss" else labels


def gradients_by_autograd(name: str, config: dict[str, Any], output: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The loss of each sample and its gradient, one sample after the other."""
    options = {key: torch.tensor(value) if isinstance(value, list) else value for key, value in config.items()}
    criterion = getattr(nn, name)(**options | {"reduction": "sum"})
    losses, gradients = [], []
    for row, label in zip(output, labels, strict=True):
        leaf = row[None].clone().requires_grad_()
        # Of the logarithms of probabilities: with respect to the logits that they come from.
        loss = criterion(leaf.log_softmax(1) if name == "NLLLoss" else leaf, label[None])
        loss.backward()
        losses.append(loss.detach())
        gradients.append(leaf.grad[0])
    return torch.stack(losses), torch.stack(gradients)


@cases
def test_losses_and_gradients_are_those_of_autograd(name: str, config: dict[str, Any]) -> None:
    output, labels = outputs(name)
    losses, gradients = gradients_by_autograd(name, config, output, labels)
    scorer = Scorer(OptimizationCriterion(name=name, config=config), CPU)

    torch.testing.assert_close(scorer.losses(output, labels), losses)
    torch.testing.assert_close(scorer.gradients(output, labels), gradients)
    torch.testing.assert_close(scorer.gradient_norms(output, labels), gradients.norm(dim=1))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@cases
def test_outputs_in_half_precision_are_scored_in_full(name: str, config: dict[str, Any], dtype: torch.dtype) -> None:
    output, labels = outputs(name)
    scorer = Scorer(OptimizationCriterion(name=name, config=config), CPU)

    losses = scorer.losses(output.to(dtype), labels)

    assert losses.dtype == torch.float32
    torch.testing.assert_close(losses, scorer.losses(output.to(dtype).float(), labels))


@cases
@pytest.mark.parametrize("rows", [slice(0, 1), slice(5, 6), slice(3, 11)], ids=str)
def test_a_sample_has_the_same_scores_in_any_batch(name: str, config: dict[str, Any], rows: slice) -> None:
    output, labels = outputs(name)
    scorer = Scorer(OptimizationCriterion(name=name, config=config), CPU)

    for score in (scorer.losses, scorer.gradients, scorer.gradient_norms):
        torch.testing.assert_close(score(output[rows], labels[rows]), score(output, labels)[rows])


def test_one_output_of_each_sample_may_have_a_dimension_or_none() -> None:
    scorer = Scorer(OptimizationCriterion(name="BCEWithLogitsLoss"), CPU)
    output, labels = torch.randn(9), torch.rand(9).round()

    flat, of_column = scorer.scores(output, labels), scorer.scores(output[:, None], labels[:, None])

    for one, other in zip(flat, of_column, strict=True):
        assert one.shape == other.shape == (9,)
        torch.testing.assert_close(one, other)
    assert scorer.gradients(output, labels).shape == (9, 1)


def test_probabilities_say_how_certain_a_model_is_whatever_the_criterion() -> None:
    logits = torch.randn(20, 5)
    probabilities = logits.softmax(1)
    first, second = probabilities.topk(2, dim=1).values.unbind(1)

    for name in ("CrossEntropyLoss", "MultiMarginLoss", "NLLLoss"):
        output = logits.log_softmax(1) if name == "NLLLoss" else logits
        scores = Scorer(OptimizationCriterion(name=name), CPU).scores(output, torch.zeros(20, dtype=torch.int64))
        torch.testing.assert_close(scores.max_probability, first)
        torch.testing.assert_close(scores.margin, first - second)
        torch.testing.assert_close(scores.entropy, -(probabilities * probabilities.log()).sum(1))

    for name, output in (("BCEWithLogitsLoss", logits[:, 0]), ("BCELoss", logits[:, 0].sigmoid())):
        scores = Scorer(OptimizationCriterion(name=name), CPU).scores(output, torch.zeros(20))
        of_one = logits[:, 0].sigmoid()
        torch.testing.assert_close(scores.max_probability, torch.maximum(of_one, 1 - of_one))
        torch.testing.assert_close(scores.margin, (2 * of_one - 1).abs())


def test_a_criterion_that_knows_no_classes_has_no_certainty() -> None:
    scorer = Scorer(OptimizationCriterion(name="MSELoss"), CPU)

    with pytest.raises(ModelError, match=r"'MSELoss' with outputs of shape \[3, 1\] gives no probabilities .* Loss or"):
        scorer.scores(torch.randn(3, 1), torch.randn(3, 1))
