"""The operators behind `modyn.kernels.binary`: native calls, references, fake functions and derivatives."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from modyn import _kernels
from modyn.kernels.cross_entropy import ELEMENTS, real_type
from modyn.kernels.operator import Operator, address, dense, differentiates_first, refuse_derivative, threads


class _KernelArguments:
    """Logits and criterion as the kernels take them; holds the tensors whose addresses it gives."""

    def __init__(self, logits: Tensor, targets: Tensor, weight: Tensor | None, pos_weight: Tensor | None) -> None:
        real = real_type(logits)
        self._logits, self._targets = dense(logits, logits.dtype), dense(targets, real)
        self._factors = [None if factor is None else dense(factor, real) for factor in (weight, pos_weight)]
        of_factors = (
            number
            for factor in self._factors
            for number in (address(factor), logits.shape[1] if factor is not None and factor.ndim == 2 else 0)
        )
        self.addresses: tuple[Any, ...] = (
            address(self._logits),
            ELEMENTS[logits.dtype],
            *logits.shape,
            address(self._targets),
            *of_factors,
        )


def _empty(logits: Tensor, count: int) -> tuple[Tensor, ...]:
    return tuple(logits.new_empty(logits.shape[0], dtype=real_type(logits)) for _ in range(count))


def _scores_cpu(
    logits: Tensor, targets: Tensor, weight: Tensor | None, pos_weight: Tensor | None
) -> tuple[Tensor, ...]:
    scores = _empty(logits, 5)
    arguments = _KernelArguments(logits, targets, weight, pos_weight)
    numbers: tuple[Any, ...] = (*arguments.addresses, *map(address, scores), 0, 0, 0, threads())
    _kernels.binary_scores(*numbers)
    return scores


def _loss(z: Tensor, targets: Tensor, weight: Tensor | None, pos_weight: Tensor | None) -> Tensor:
    """Of each label; 0 * infinity counts as 0."""
    y = targets.to(z.dtype)
    positive = y if pos_weight is None else y * pos_weight.to(z.dtype)
    softplus = torch.nn.functional.softplus
    loss = torch.where(positive == 0, 0, positive * softplus(-z)) + torch.where(y == 1, 0, (1 - y) * softplus(z))
    return loss if weight is None else loss * weight.to(z.dtype)


def _gradient(z: Tensor, targets: Tensor, weight: Tensor | None, pos_weight: Tensor | None) -> Tensor:
    y = targets.to(z.dtype)
    positive = y if pos_weight is None else y * pos_weight.to(z.dtype)
    gradient = (1 - y) * torch.sigmoid(z) - positive * torch.sigmoid(-z)
    return gradient if weight is None else gradient * weight.to(z.dtype)


def _entropy(z: Tensor) -> Tensor:
    size = z.abs()
    return torch.nn.functional.softplus(-size) + torch.where(size == torch.inf, 0, size * torch.sigmoid(-size))


def _scores_reference(
    logits: Tensor, targets: Tensor, weight: Tensor | None, pos_weight: Tensor | None
) -> tuple[Tensor, ...]:
    z = logits.to(real_type(logits))
    least = z.abs().amin(1)
    return (
        _loss(z, targets, weight, pos_weight).sum(1),
        torch.sigmoid(least),
        torch.tanh(least / 2),
        _entropy(z).sum(1),
        torch.linalg.vector_norm(_gradient(z, targets, weight, pos_weight), dim=1),
    )


def _scores_fake(logits: Tensor, *_: Any) -> tuple[Tensor, ...]:
    return _empty(logits, 5)


def _label_scores_cpu(
    logits: Tensor, targets: Tensor, weight: Tensor | None, pos_weight: Tensor | None
) -> tuple[Tensor, ...]:
    loss, probability, margin = _empty(logits, 3)
    correct = logits.new_empty(len(logits), dtype=torch.bool)
    arguments = _KernelArguments(logits, targets, weight, pos_weight)
    of_labels = (address(result) for result in (probability, margin, correct))
    numbers: tuple[Any, ...] = (*arguments.addresses, address(loss), 0, 0, 0, 0, *of_labels, threads())
    _kernels.binary_scores(*numbers)
    return loss, probability, margin, correct


def _label_scores_reference(
    logits: Tensor, targets: Tensor, weight: Tensor | None, pos_weight: Tensor | None
) -> tuple[Tensor, ...]:
    z = logits.to(real_type(logits))
    is_one = targets >= 0.5
    margins = torch.where(is_one, z, -z)
    right = ((z > 0) == is_one) & ~z.isnan()
    return (
        _loss(z, targets, weight, pos_weight).sum(1),
        torch.nn.functional.logsigmoid(margins).sum(1).exp(),
        margins.amin(1),
        right.all(1),
    )


def _label_scores_fake(logits: Tensor, *_: Any) -> tuple[Tensor, ...]:
    return *_empty(logits, 3), logits.new_empty(logits.shape[0], dtype=torch.bool)


def _gradients_cpu(logits: Tensor, targets: Tensor, weight: Tensor | None, pos_weight: Tensor | None) -> Tensor:
    (ones,) = _empty(logits, 1)
    return _differentiate_cpu(ones.fill_(1), None, None, None, logits, targets, weight, pos_weight)


def _gradients_reference(logits: Tensor, targets: Tensor, weight: Tensor | None, pos_weight: Tensor | None) -> Tensor:
    return _gradient(logits.to(real_type(logits)), targets, weight, pos_weight).contiguous()


def _gradients_fake(logits: Tensor, *_: Any) -> Tensor:
    return logits.new_empty(logits.shape, dtype=real_type(logits))


def _differentiate_cpu(
    of_loss: Tensor | None,
    of_max_probability: Tensor | None,
    of_margin: Tensor | None,
    of_entropy: Tensor | None,
    logits: Tensor,
    targets: Tensor,
    weight: Tensor | None,
    pos_weight: Tensor | None,
) -> Tensor:
    real = real_type(logits)
    outer = [None if of is None else dense(of, real) for of in (of_loss, of_max_probability, of_margin, of_entropy)]
    gradients = logits.new_empty(logits.shape, dtype=real)
    arguments = _KernelArguments(logits, targets, weight, pos_weight)
    numbers: tuple[Any, ...] = (*arguments.addresses, *map(address, outer), address(gradients), threads())
    _kernels.binary_gradients(*numbers)
    return gradients


def _differentiate_reference(
    of_loss: Tensor | None,
    of_max_probability: Tensor | None,
    of_margin: Tensor | None,
    of_entropy: Tensor | None,
    logits: Tensor,
    targets: Tensor,
    weight: Tensor | None,
    pos_weight: Tensor | None,
) -> Tensor:
    z = logits.to(real_type(logits))
    slope = torch.sigmoid(z) * torch.sigmoid(-z)
    gradients = z.new_zeros(z.shape)
    if of_loss is not None:
        gradients += of_loss[:, None] * _gradient(z, targets, weight, pos_weight)
    if of_entropy is not None:
        gradients -= of_entropy[:, None] * torch.where(slope == 0, 0, z * slope)
    least = z.abs().argmin(1, keepdim=True)
    of_least = torch.where(z.gather(1, least) < 0, -1, 1) * slope.gather(1, least)
    for of_score, factor in ((of_max_probability, 1), (of_margin, 2)):
        if of_score is not None:
            gradients = gradients.scatter_add(1, least, factor * of_score[:, None] * of_least)
    return gradients


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
    ctx.save_for_backward(*inputs)
    ctx.mark_non_differentiable(output[4])
    ctx.set_materialize_grads(False)


def _backward(ctx: Any, *of_scores: Tensor | None) -> tuple[Tensor | None, ...]:
    differentiates_first("binary_scores", ctx)
    logits = ctx.saved_tensors[0]
    gradients = torch.ops.modyn.binary_scores_backward(*of_scores[:4], *ctx.saved_tensors)
    return gradients.to(logits.dtype), None, None, None


SCORES = Operator(_scores_cpu, _scores_reference, _scores_fake, _keep, _backward)
SCORES_BACKWARD = Operator(
    _differentiate_cpu,
    _differentiate_reference,
    _differentiate_fake,
    backward=refuse_derivative("binary_scores_backward"),
)
LABEL_SCORES = Operator(_label_scores_cpu, _label_scores_reference, _label_scores_fake)
GRADIENTS = Operator(
    _gradients_cpu, _gradients_reference, _gradients_fake, backward=refuse_derivative("binary_gradients")
)
