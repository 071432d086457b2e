"""Losses with and without weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from modyn.config.training import OptimizationCriterion
from modyn.errors import ModelError
from modyn.trainer.criterion import Criterion

CPU = torch.device("cpu")


def criterion(name: str, weighted: bool = False, **config: Any) -> Criterion:
    return Criterion(OptimizationCriterion(name=name, config=config), weighted=weighted, device=CPU)


def test_without_weights_it_is_the_class_of_torch() -> None:
    output, labels = torch.randn(8, 3), torch.randint(0, 3, (8,))
    expected = torch.nn.CrossEntropyLoss(label_smoothing=0.1)(output, labels)
    assert torch.equal(criterion("CrossEntropyLoss", label_smoothing=0.1)(output, labels, None), expected)


def test_lists_among_the_options_are_tensors() -> None:
    output, labels = torch.randn(8, 3), torch.randint(0, 3, (8,))
    expected = torch.nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0]))(output, labels)
    assert torch.equal(criterion("CrossEntropyLoss", weight=[1, 2, 3])(output, labels, None), expected)


def test_with_weights_it_is_their_weighted_mean() -> None:
    output, labels, weights = torch.randn(8), torch.rand(8).round(), torch.rand(8)
    losses = torch.nn.functional.binary_cross_entropy_with_logits(output, labels, reduction="none")
    expected = sum(w * loss for w, loss in zip(weights, losses, strict=True)) / weights.sum()
    assert torch.allclose(criterion("BCEWithLogitsLoss", True)(output, labels, weights), expected)


@pytest.mark.parametrize("name", ["CrossEntropyLoss", "NLLLoss"])
@pytest.mark.parametrize(
    "options", [{}, {"weight": [0.5, 2.0, 3.0]}, {"ignore_index": 1}, {"weight": [1, 2, 3], "ignore_index": 0}]
)
@pytest.mark.parametrize("shape", [(16,), (16, 4)])
def test_losses_of_labels_that_count_differently_are_those_of_the_samples_with_weight(
    name: str, options: dict[str, Any], shape: tuple[int, ...]
) -> None:
    torch.manual_seed(1)
    labels = torch.randint(0, 3, shape)
    output = torch.randn(16, 3, *shape[1:]).log_softmax(1)
    weighted, plain = criterion(name, True, **options), criterion(name, **options)
    torch.testing.assert_close(weighted(output, labels, torch.ones(16)), plain(output, labels, None))
    kept = torch.rand(16) < 0.5
    torch.testing.assert_close(weighted(output, labels, kept.float()), plain(output[kept], labels[kept], None))
    doubled = torch.cat([torch.arange(16), torch.arange(16)[kept]])  # weight 2 is being there twice
    torch.testing.assert_close(
        weighted(output, labels, 1 + kept.float()), plain(output[doubled], labels[doubled], None)
    )


def test_equal_weights_change_nothing() -> None:
    output, labels = torch.randn(8), torch.rand(8).round()
    weighted = criterion("BCEWithLogitsLoss", True)(output, labels, torch.full((8,), 3.0))
    assert torch.allclose(weighted, criterion("BCEWithLogitsLoss")(output, labels, None))


def test_losses_of_several_outputs_are_averaged_per_sample() -> None:
    output, labels, weights = torch.randn(4, 5), torch.randn(4, 5), torch.tensor([1.0, 0.0, 0.0, 3.0])
    per_sample = ((output - labels) ** 2).mean(1)
    expected = (per_sample[0] + 3 * per_sample[3]) / 4
    assert torch.allclose(criterion("MSELoss", True)(output, labels, weights), expected)


def test_a_batch_without_weight_has_no_loss_and_no_gradient() -> None:
    output = torch.randn(4, requires_grad=True)
    loss = criterion("MSELoss", True)(output, torch.randn(4), torch.zeros(4))
    loss.backward()
    assert loss == 0
    assert torch.equal(output.grad, torch.zeros(4))


@pytest.mark.parametrize("shape", [(5,), (5, 3)])
def test_sums_are_weighted_by_sample(shape: tuple[int, ...]) -> None:
    output, labels = torch.rand(shape), torch.rand(shape)
    weights = torch.tensor([1.0, 0.0, 2.0, 0.5, 1.0])
    squares = ((output - labels) ** 2).reshape(5, -1).sum(1)
    found = criterion("MSELoss", True, reduction="sum")(output, labels, weights)
    torch.testing.assert_close(found, (weights * squares).sum())
    unweighted = criterion("MSELoss", False, reduction="sum")(output, labels, None)
    torch.testing.assert_close(criterion("MSELoss", True, reduction="sum")(output, labels, torch.ones(5)), unweighted)


@pytest.mark.parametrize(("weighted", "reduction"), [(True, "none"), (False, "none")])
def test_reductions_that_cannot_be_used_are_refused(weighted: bool, reduction: str) -> None:
    with pytest.raises(ModelError, match=f"reduction '{reduction}'"):
        criterion("MSELoss", weighted, reduction=reduction)


def test_options_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ModelError, match=r"criterion 'MSELoss' does not take .*beta"):
        criterion("MSELoss", beta=1)
