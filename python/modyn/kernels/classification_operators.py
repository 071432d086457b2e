"""The operators behind `modyn.kernels.classification`: native calls, references, fake functions and derivatives.

The derivative of a score is an operator too, in closed form, so nothing of the forward pass but its inputs is kept.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from modyn import _kernels
from modyn.kernels.cross_entropy import KernelArguments, counted, factors, real_type
from modyn.kernels.operator import Operator, address, dense, differentiates_first, refuse_derivative, threads

# Order of the kernel's results.
_SCORES = ("loss", "max_probability", "margin", "entropy", "gradient_norm", "label_probability", "label_margin")


def _run(arguments: KernelArguments, **results: Tensor) -> None:
    """Score with the kernel; results that are not named are not computed."""
    wanted: tuple[Any, ...] = tuple(address(results.get(name)) for name in (*_SCORES, "correct"))
    numbers: tuple[Any, ...] = (*arguments.addresses, *wanted, threads())
    arguments.refuse(_kernels.classification_scores(*numbers))


def _empty(logits: Tensor, count: int) -> list[Tensor]:
    return [logits.new_empty(logits.shape[0], dtype=real_type(logits)) for _ in range(count)]


def _scores_cpu(
    logits: Tensor, targets: Tensor, class_weights: Tensor | None, ignore_index: int, label_smoothing: float
) -> tuple[Tensor, ...]:
    results = _empty(logits, 5)
    arguments = KernelArguments(logits, targets, class_weights, ignore_index, label_smoothing)
    _run(arguments, **dict(zip(_SCORES, results, strict=False)))
    return tuple(results)


def _scores_reference(
    logits: Tensor, targets: Tensor, class_weights: Tensor | None, ignore_index: int, label_smoothing: float
) -> tuple[Tensor, ...]:
    v = factors(logits, targets, class_weights, ignore_index, label_smoothing)
    logs = logits.to(v.dtype).log_softmax(1)
    p = logs.exp()
    largest = p.topk(min(2, p.shape[1]), dim=1).values
    margin = largest[:, 0] - largest[:, 1] if p.shape[1] > 1 else largest[:, 0]
    has_loss = counted(targets, ignore_index)
    return (
        _total(v, -logs),
        largest[:, 0].where(has_loss, 1),
        margin.where(has_loss, 1),
        _total(p, -logs).where(has_loss, 0),
        torch.linalg.vector_norm(p * v.sum(1, keepdim=True) - v, dim=1).where(has_loss, 0),
    )


def _scores_fake(logits: Tensor, *_: Any) -> tuple[Tensor, ...]:
    return tuple(_empty(logits, 5))


def _total(factor: Tensor, logs: Tensor) -> Tensor:
    """Sums over the classes; 0 * infinity counts as 0."""
    return torch.where(factor == 0, 0, factor * logs).sum(1)


def _label_scores_cpu(
    logits: Tensor, targets: Tensor, class_weights: Tensor | None, ignore_index: int, label_smoothing: float
) -> tuple[Tensor, ...]:
    loss, probability, margin = _empty(logits, 3)
    correct = logits.new_empty(len(logits), dtype=torch.bool)
    arguments = KernelArguments(logits, targets, class_weights, ignore_index, label_smoothing)
    _run(arguments, loss=loss, label_probability=probability, label_margin=margin, correct=correct)
    return loss, probability, margin, correct


def _label_scores_reference(
    logits: Tensor, targets: Tensor, class_weights: Tensor | None, ignore_index: int, label_smoothing: float
) -> tuple[Tensor, ...]:
    v = factors(logits, targets, class_weights, ignore_index, label_smoothing)
    z = logits.to(v.dtype)
    logs = z.log_softmax(1)
    has_label = counted(targets, ignore_index)
    labels = targets.argmax(1) if targets.is_floating_point() else targets.long().where(has_label, 0)
    others = z.scatter(1, labels[:, None], -torch.inf).amax(1)
    of_label = z.gather(1, labels[:, None])[:, 0]
    return (
        _total(v, -logs),
        logs.gather(1, labels[:, None])[:, 0].exp().where(has_label, torch.nan),
        (of_label - others).where(has_label, torch.nan),
        (z.argmax(1) == labels) & has_label & (z.amax(1) > -torch.inf),  # not NaN either
    )


def _label_scores_fake(logits: Tensor, *_: Any) -> tuple[Tensor, ...]:
    return *_empty(logits, 3), logits.new_empty(logits.shape[0], dtype=torch.bool)


def _gradients_cpu(
    logits: Tensor, targets: Tensor, class_weights: Tensor | None, ignore_index: int, label_smoothing: float
) -> Tensor:
    ones = logits.new_ones(len(logits), dtype=real_type(logits))
    return _differentiate_cpu(ones, None, None, None, logits, targets, class_weights, ignore_index, label_smoothing)


def _gradients_reference(
    logits: Tensor, targets: Tensor, class_weights: Tensor | None, ignore_index: int, label_smoothing: float
) -> Tensor:
    v = factors(logits, targets, class_weights, ignore_index, label_smoothing)
    gradients = logits.to(v.dtype).softmax(1) * v.sum(1, keepdim=True) - v
    return gradients.where(counted(targets, ignore_index)[:, None], 0).contiguous()


def _gradients_fake(logits: Tensor, *_: Any) -> Tensor:
    return logits.new_empty(logits.shape, dtype=real_type(logits))


def _differentiate_cpu(
    of_loss: Tensor | None,
    of_max_probability: Tensor | None,
    of_margin: Tensor | None,
    of_entropy: Tensor | None,
    logits: Tensor,
    targets: Tensor,
    class_weights: Tensor | None,
    ignore_index: int,
    label_smoothing: float,
) -> Tensor:
    real = real_type(logits)
    outer = [None if of is None else dense(of, real) for of in (of_loss, of_max_probability, of_margin, of_entropy)]
    gradients = logits.new_empty(logits.shape, dtype=real)
    arguments = KernelArguments(logits, targets, class_weights, ignore_index, label_smoothing)
    numbers: tuple[Any, ...] = (*arguments.addresses, *map(address, outer), address(gradients), threads())
    arguments.refuse(_kernels.classification_gradients(*numbers))
    return gradients


def _differentiate_reference(
    of_loss: Tensor | None,
    of_max_probability: Tensor | None,
    of_margin: Tensor | None,
    of_entropy: Tensor | None,
    logits: Tensor,
    targets: Tensor,
    class_weights: Tensor | None,
    ignore_index: int,
    label_smoothing: float,
) -> Tensor:
    v = factors(logits, targets, class_weights, ignore_index, label_smoothing)
    z = logits.to(v.dtype)
    logs = z.log_softmax(1)
    p = logs.exp()
    first = z.argmax(1, keepdim=True)
    gradients = p.new_zeros(p.shape)
    if of_loss is not None:
        gradients += of_loss[:, None] * (p * v.sum(1, keepdim=True) - v)
    if of_entropy is not None:
        inner = torch.where(p == 0, 0, p * logs)
        gradients -= of_entropy[:, None] * (inner - p * inner.sum(1, keepdim=True))
    if of_max_probability is not None:
        gradients += of_max_probability[:, None] * _of_probability(p, first)
    if of_margin is not None and p.shape[1] > 1:
        second = z.scatter(1, first, -torch.inf).argmax(1, keepdim=True)
        gradients += of_margin[:, None] * (_of_probability(p, first) - _of_probability(p, second))
    return gradients.where(counted(targets, ignore_index)[:, None], 0)


def _of_probability(p: Tensor, classes: Tensor) -> Tensor:
    """Derivative of p of one class of each row with respect to the logits."""
    of_class = p.gather(1, classes)
    return torch.zeros_like(p).scatter(1, classes, of_class) - p * of_class


def _differentiate_fake(
    _of_loss: Tensor | None,
    _of_max_probability: Tensor | None,
    _of_margin: Tensor | None,
    _of_entropy: Tensor | None,
    logits: Tensor,
    *_: Any,
) -> Tensor:
    return _gradients_fake(logits)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    logits, targets, class_weights, ctx.ignore_index, ctx.label_smoothing = inputs
    ctx.save_for_backward(logits, targets, class_weights)
    ctx.mark_non_differentiable(output[4])
    ctx.set_materialize_grads(False)


def _backward(ctx: Any, *of_scores: Tensor | None) -> tuple[Tensor | None, ...]:
    differentiates_first("classification_scores", ctx)
    logits, targets, class_weights = ctx.saved_tensors
    gradients = torch.ops.modyn.classification_scores_backward(
        *of_scores[:4], logits, targets, class_weights, ctx.ignore_index, ctx.label_smoothing
    )
    return gradients.to(logits.dtype), None, None, None, None


SCORES = Operator(_scores_cpu, _scores_reference, _scores_fake, _keep, _backward)
SCORES_BACKWARD = Operator(
    _differentiate_cpu,
    _differentiate_reference,
    _differentiate_fake,
    backward=refuse_derivative("classification_scores_backward"),
)
LABEL_SCORES = Operator(_label_scores_cpu, _label_scores_reference, _label_scores_fake)
GRADIENTS = Operator(
    _gradients_cpu, _gradients_reference, _gradients_fake, backward=refuse_derivative("cross_entropy_gradients")
)
