"""Scores of logits against torch's criterion and autograd in float64."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modyn.kernels.classification_operators import GRADIENTS, LABEL_SCORES, SCORES, SCORES_BACKWARD
from modyn.kernels.operator import Operator
from modyn.ops import classification_scores, cross_entropy_gradients, label_scores

IGNORED = 1
CLASSES = (1, 2, 3, 10, 31, 32, 33, 65, 1000, 9001)
TYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16)


def scores_by_autograd(
    logits: torch.Tensor, targets: torch.Tensor, **options: Any
) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
    """What `classification_scores` gives, and the gradients; in the type of the logits."""
    counted = targets != options.get("ignore_index", -100)
    counted = torch.ones_like(counted[:, 0]) if targets.is_floating_point() else counted
    z = logits.detach().requires_grad_()
    weight = options.pop("class_weights", None)
    loss = torch.nn.functional.cross_entropy(
        z,
        targets.to(z.dtype) if targets.is_floating_point() else targets,
        None if weight is None else weight.to(z.dtype),
        reduction="none",
        **options,
    )
    (gradients,) = torch.autograd.grad(loss.sum(), z)
    p = logits.softmax(1)
    largest = p.topk(min(2, p.shape[1]), dim=1).values
    margin = largest[:, 0] - largest[:, 1:].sum(1)
    of_logits = (largest[:, 0].where(counted, 1), margin.where(counted, 1), torch.special.entr(p).sum(1) * counted)
    return (loss.detach(), *of_logits, gradients.norm(dim=1)), gradients


def case(
    count: int, classes: int, dtype: torch.dtype, kind: str, seed: int
) -> tuple[torch.Tensor, torch.Tensor, dict[str, Any]]:
    generator = torch.Generator().manual_seed(seed)
    logits = (torch.randn(count, classes, generator=generator) * 4).to(dtype)
    labels = torch.randint(0, classes, (count,), generator=generator)
    weights = torch.rand(classes, generator=generator) + 0.1
    if kind == "labels":
        return logits, labels, {"ignore_index": IGNORED}
    if kind == "weighted":
        return logits, labels, {"ignore_index": IGNORED, "class_weights": weights}
    if kind == "smoothed":
        return logits, labels, {"ignore_index": IGNORED, "class_weights": weights, "label_smoothing": 0.1}
    probabilities = torch.randn(count, classes, generator=generator).softmax(1)
    return logits, probabilities, {"class_weights": weights, "label_smoothing": 0.1}


KINDS = ("labels", "weighted", "smoothed", "probabilities")


@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", TYPES)
def test_scores_and_gradients_are_those_of_autograd(isa: str, dtype: torch.dtype, kind: str, classes: int) -> None:
    logits, targets, options = case(19, classes, dtype, kind, seed=classes)

    scores = classification_scores(logits, targets, **options)
    gradients = cross_entropy_gradients(logits, targets, **options)

    expected, expected_gradients = scores_by_autograd(logits.double(), targets, **options)
    tolerance = {"rtol": 1e-11, "atol": 1e-12} if dtype == torch.float64 else {"rtol": 1e-5, "atol": 1e-6}
    for score, value in zip((*scores, gradients), (*expected, expected_gradients), strict=True):
        assert score.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
        torch.testing.assert_close(score.double(), value, **tolerance)


@settings(deadline=None)
@given(
    st.integers(0, 70),
    st.integers(1, 80),
    st.sampled_from(TYPES),
    st.sampled_from(KINDS),
    st.sampled_from([0.01, 1, 30]),
    st.integers(0, 2**31),
)
def test_any_shape_and_scale(count: int, classes: int, dtype: torch.dtype, kind: str, scale: float, seed: int) -> None:
    logits, targets, options = case(count, classes, dtype, kind, seed)
    logits = logits * scale

    scores = classification_scores(logits, targets, **options)

    expected, _ = scores_by_autograd(logits.double(), targets, **options)
    for score, value in zip(scores, expected, strict=True):
        torch.testing.assert_close(score.double(), value, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("classes", [1, 2, 7, 33])
def test_scores_but_the_gradient_norm_are_differentiable(isa: str, kind: str, classes: int) -> None:
    logits, targets, options = case(5, classes, torch.float64, kind, seed=3)
    logits.requires_grad_()

    assert torch.autograd.gradcheck(lambda z: tuple(classification_scores(z, targets, **options))[:4], (logits,))
    assert not classification_scores(logits, targets, **options).gradient_norm.requires_grad


def test_equal_largest_logits_share_their_gradient_as_the_first() -> None:
    logits = torch.tensor([[1.0, 3.0, 3.0, 3.0]], requires_grad=True)

    scores = classification_scores(logits, torch.tensor([0]))
    (gradient,) = torch.autograd.grad(scores.margin.sum(), logits)

    p = logits.detach().softmax(1)[0, 1]
    assert scores.margin.item() == 0
    torch.testing.assert_close(gradient, torch.stack([p * 0, p, -p, p * 0])[None])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("classes", [10, 1000])
def test_half_precision_loses_no_more_than_the_naive_computation(isa: str, dtype: torch.dtype, classes: int) -> None:
    logits, targets, options = case(64, classes, dtype, "labels", seed=0)

    ours = classification_scores(logits, targets, **options)

    exact, _ = scores_by_autograd(logits.double(), targets, **options)
    naive, _ = scores_by_autograd(logits, targets, **options)
    for score, low, value in zip(ours, naive, exact, strict=True):
        assert (score - value).abs().max() <= 2 * (low.double() - value).abs().max()


@pytest.mark.parametrize("classes", [3, 40])
def test_certain_predictions_keep_their_digits(isa: str, classes: int) -> None:
    logits = torch.zeros(3, classes)
    logits[:, 2] = torch.tensor([10.0, 20.0, 40.0])
    labels = torch.full((3,), 2)

    scores = classification_scores(logits, labels)

    # Not from softmax and logarithm, which subtract nearly equal numbers.
    power = torch.exp(-logits[:, 2].double())
    rest = (classes - 1) * power
    entropy = torch.log1p(rest) + rest * logits[:, 2].double() / (1 + rest)
    norm = torch.sqrt(rest**2 + (classes - 1) * power**2) / (1 + rest)
    for score, value in ((scores.loss, torch.log1p(rest)), (scores.entropy, entropy), (scores.gradient_norm, norm)):
        torch.testing.assert_close(score.double(), value, rtol=2e-6, atol=0)
    # Two classes that are nearly as likely.
    close = torch.tensor([[1.0, 1.0 + 2**-20]])
    margin = classification_scores(close, torch.tensor([0])).margin
    torch.testing.assert_close(
        margin.double(), torch.tanh(torch.tensor([2.0**-21], dtype=torch.float64)), rtol=1e-6, atol=0
    )


@pytest.mark.parametrize("classes", [5, 50, 9000])
@pytest.mark.parametrize("dtype", TYPES)
def test_what_is_not_finite(isa: str, dtype: torch.dtype, classes: int) -> None:
    logits = torch.randn(5, classes, generator=torch.Generator().manual_seed(1)).to(dtype)
    logits[0, 3] = torch.nan
    logits[1, 1] = torch.inf
    logits[2] = -torch.inf
    logits[3, 1:] = -torch.inf
    logits[4, : classes - 1] = -torch.inf
    labels = torch.zeros(5, dtype=torch.int64)

    scores = classification_scores(logits, labels)
    of_labels = label_scores(logits, labels)

    for score in (*scores, *of_labels[:2]):
        assert score[:3].isnan().all()
    assert not of_labels.correct[:3].any()
    assert of_labels.margin[0].isnan()
    assert of_labels.margin[1] == -torch.inf
    assert of_labels.margin[2].isnan()
    # One class is sure: it is the label, or it is another one.
    assert [score[3].item() for score in scores] == [0, 1, 1, 0, 0]
    assert [score[4].item() for score in scores] == [torch.inf, 1, 1, 0, pytest.approx(2**0.5)]
    assert of_labels.correct[3:].tolist() == [True, False]
    torch.testing.assert_close(
        tuple(of_labels), LABEL_SCORES.reference(logits, labels, None, -100, 0.0), equal_nan=True, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("classes", [5, 50, 9000])
@pytest.mark.parametrize("dtype", TYPES)
def test_a_label_whose_logit_is_infinite_is_predicted(isa: str, dtype: torch.dtype, classes: int) -> None:
    logits = torch.randn(6, classes, generator=torch.Generator().manual_seed(1)).to(dtype)
    logits[:, 2] = torch.inf
    logits[1, 4] = torch.inf  # the second of two
    logits[2, 0] = torch.nan
    logits[3, classes - 1] = torch.nan
    logits[5] = torch.inf
    labels = torch.tensor([2, 2, 2, 2, 3, 2])

    found = label_scores(logits, labels)

    assert found.correct.tolist() == [True, True, False, False, False, False]
    assert found.margin[0] == torch.inf
    assert found.margin[4] == -torch.inf
    assert found.margin[[1, 2, 3, 5]].isnan().all()
    expected = LABEL_SCORES.reference(logits, labels, None, -100, 0.0)
    torch.testing.assert_close(tuple(found), expected, equal_nan=True)


@pytest.mark.parametrize("classes", [1, 5, 300])
@pytest.mark.parametrize("shape", [(), (1,), (3,)])
def test_an_ignored_sample_looks_certain_whatever_its_logits(isa: str, classes: int, shape: tuple[int, ...]) -> None:
    logits = torch.randn(4, classes, *shape, generator=torch.Generator().manual_seed(2))
    logits[1] = torch.nan
    logits[2] = torch.inf
    logits.requires_grad_()
    labels = torch.full((4, *shape), IGNORED)
    labels[3] = 0

    scores = classification_scores(logits, labels, ignore_index=IGNORED, label_smoothing=0.1)
    (gradients,) = torch.autograd.grad(sum(score.sum() for score in scores[:4]), logits)

    for score, certain in zip(scores, (0, 1, 1, 0, 0), strict=True):
        assert score[:3].tolist() == [certain] * 3
    assert (gradients[:3] == 0).all()
    of_loss = cross_entropy_gradients(logits, labels, ignore_index=IGNORED, label_smoothing=0.1)
    assert (of_loss[:3] == 0).all()


@pytest.mark.parametrize("kind", KINDS[:3])
def test_references_treat_ignored_samples_likewise(isa: str, kind: str) -> None:
    logits, labels, options = case(30, 7, torch.float32, kind, seed=6)
    logits[labels == IGNORED, 2] = torch.nan
    rest = (options.get("class_weights"), IGNORED, options.get("label_smoothing", 0.0))
    outer = torch.randn(4, 30, generator=torch.Generator().manual_seed(3)).unbind()

    for name, operator, arguments in (
        ("classification_scores", SCORES, (logits, labels, *rest)),
        ("classification_scores_backward", SCORES_BACKWARD, (*outer, logits, labels, *rest)),
        ("cross_entropy_gradients", GRADIENTS, (logits, labels, *rest)),
    ):
        found, expected = getattr(torch.ops.modyn, name)(*arguments), operator.reference(*arguments)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(0, 3, 4), (0, 3), (2, 3, 0), (0, 3, 2, 5)])
def test_empty_batches_have_empty_scores(shape: tuple[int, ...]) -> None:
    count = shape[0]
    for targets in (torch.zeros(count, *shape[2:], dtype=torch.int64), torch.zeros(shape)):
        scores = classification_scores(torch.zeros(shape), targets)
        gradients = cross_entropy_gradients(torch.zeros(shape), targets)

        assert [score.tolist() for score in scores] == [[of] * count for of in (0, 1, 1, 0, 0)]
        assert gradients.shape == (count, math.prod(shape[1:]))


@pytest.mark.parametrize("operator", [SCORES, LABEL_SCORES, GRADIENTS])
@pytest.mark.parametrize("label", [-1, 3, 2**40])
def test_references_refuse_unknown_labels_as_kernels_do(operator: Operator, label: int) -> None:
    arguments = (torch.zeros(3, 3), torch.tensor([0, -100, label]), None, -100, 0.0)

    for implementation in (operator.cpu, operator.reference):
        with pytest.raises(
            ValueError, match=f"sample 2 has label {label}, which is no class of 3, and not ignore_index -100"
        ):
            implementation(*arguments)


@pytest.mark.parametrize("classes", [4, 40, 9000])
def test_label_scores_tell_how_the_label_fares(isa: str, classes: int) -> None:
    logits, labels, options = case(33, classes, torch.float32, "labels", seed=5)
    logits = logits.round()  # many ties

    scores = label_scores(logits, labels, **options)

    counted = labels != IGNORED
    others = logits.scatter(1, labels[:, None], -torch.inf).amax(1)
    of_label = logits.gather(1, labels[:, None])[:, 0]
    probabilities = logits.softmax(1).gather(1, labels[:, None])[:, 0]
    nan = torch.tensor(torch.nan)
    torch.testing.assert_close(scores.margin, torch.where(counted, of_label - others, nan), equal_nan=True)
    torch.testing.assert_close(scores.probability, torch.where(counted, probabilities, nan), equal_nan=True)
    assert torch.equal(scores.correct, (logits.argmax(1) == labels) & counted)
    assert torch.equal(scores.loss, classification_scores(logits, labels, **options).loss)


def test_the_first_of_equal_logits_is_the_prediction(isa: str) -> None:
    for classes in (3, 50):
        logits = torch.zeros(2, classes)
        assert label_scores(logits, torch.tensor([0, 2])).correct.tolist() == [True, False]


def test_a_sample_of_several_positions_is_their_sum_or_its_least_certain_one() -> None:
    generator = torch.Generator().manual_seed(2)
    logits = torch.randn(3, 5, 2, 4, generator=generator, dtype=torch.float64)
    targets = torch.randint(0, 5, (3, 2, 4), generator=generator)
    targets[2] = IGNORED
    options = {"ignore_index": IGNORED, "label_smoothing": 0.1}

    scores = classification_scores(logits, targets, **options)
    gradients = cross_entropy_gradients(logits, targets, **options)

    z = logits.clone().requires_grad_()
    loss = torch.nn.functional.cross_entropy(z, targets, reduction="none", **options).flatten(1).sum(1)
    (expected,) = torch.autograd.grad(loss.sum(), z)
    p, counted = logits.softmax(1), targets != IGNORED
    torch.testing.assert_close(scores.loss, loss.detach())
    torch.testing.assert_close(gradients, expected.flatten(1))
    torch.testing.assert_close(scores.gradient_norm, expected.flatten(1).norm(dim=1))
    torch.testing.assert_close(scores.entropy, (torch.special.entr(p).sum(1) * counted).flatten(1).sum(1))
    torch.testing.assert_close(scores.max_probability, p.amax(1).where(counted, 1).flatten(1).amin(1))
    assert [score[2].item() for score in scores] == [0, 1, 1, 0, 0]


def test_views_are_read_as_they_are() -> None:
    wide = torch.randn(12, 20)
    labels = torch.randint(0, 10, (24,))[::2]

    torch.testing.assert_close(
        classification_scores(wide[:, ::2], labels.int()),
        classification_scores(wide[:, ::2].contiguous(), labels.contiguous()),
    )


@pytest.mark.parametrize("classes", [10, 1000])
def test_scores_do_not_depend_on_the_threads(isa: str, classes: int) -> None:
    logits, labels, options = case(9001, classes, torch.float32, "smoothed", seed=1)
    threads = torch.get_num_threads()
    results = []
    for count in (1, 2, 7):
        torch.set_num_threads(count)
        results.append((*classification_scores(logits, labels, **options), cross_entropy_gradients(logits, labels)))
    torch.set_num_threads(threads)

    for other in results[1:]:
        assert all(torch.equal(one, two) for one, two in zip(results[0], other, strict=True))


def test_a_label_that_is_no_class_is_refused() -> None:
    logits = torch.zeros(4, 3)
    with pytest.raises(ValueError, match="sample 2 has label 3, which is no class of 3, and not ignore_index -100"):
        classification_scores(logits, torch.tensor([0, -100, 3, 0]))
    with pytest.raises(ValueError, match="sample 0 has label -1"):
        cross_entropy_gradients(logits, torch.tensor([-1, 0, 0, 0]))


@pytest.mark.parametrize(
    ("logits", "targets", "options", "message"),
    [
        (torch.zeros(4), torch.zeros(4).long(), {}, "expected .samples, classes"),
        (torch.zeros(4, 0), torch.zeros(4).long(), {}, "expected .samples, classes"),
        (torch.zeros(4, 3).long(), torch.zeros(4).long(), {}, "logits of torch.int64"),
        (torch.zeros(4, 3), torch.zeros(5).long(), {}, "do not fit logits"),
        (torch.zeros(4, 3), torch.zeros(4), {}, "do not fit logits"),
        (torch.zeros(4, 3), torch.zeros(4).long(), {"class_weights": torch.ones(4)}, "do not fit 3 classes"),
        (torch.zeros(4, 3), torch.zeros(4).long(), {"label_smoothing": 1.5}, "expected a number from 0 to 1"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    logits: torch.Tensor, targets: torch.Tensor, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        classification_scores(logits, targets, **options)
