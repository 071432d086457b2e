"""How a model that decides each label on its own sees each sample, from one pass over the logits.

With p = sigmoid(logits), targets y in [0, 1], weights w and positive weights u, a label's loss is that of
`torch.nn.BCEWithLogitsLoss`, w (u y (-log p) + (1 - y) (-log(1 - p))), and its gradient w ((1 - y) p - u y (1 - p)). A
sample's loss is the sum over its labels, as `modyn.trainer.criterion` weights it; so is its entropy. Its gradient is
that of all labels together. Its largest probability and its margin are those of its least certain label.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from modyn.kernels.classification import ClassificationScores, LabelScores
from modyn.kernels.cross_entropy import ELEMENTS


def binary_scores(
    logits: Tensor, targets: Tensor, *, weight: Tensor | None = None, pos_weight: Tensor | None = None
) -> ClassificationScores:
    """Loss, uncertainties and gradient norm of each sample, in one pass over the logits.

    All but the gradient norm are differentiable with respect to the logits. Everything is exact however large the
    logits are.

    Args:
        logits: [N] or [N, L] or [N, d1, ...], float32, float64, bfloat16 or float16, read as they are.
        targets: numbers from 0 to 1 of the same shape, of any type.
        weight: of the criterion; broadcast to the logits.
        pos_weight: of the criterion; broadcast to the logits.

    Returns:
        Scores [N]: `max_probability` is that of the likelier answer, max(p, 1 - p), and `margin` is |2 p - 1|, both of
        the least certain label.

    Raises:
        ValueError: shapes or types do not fit.
    """
    arguments = _arguments("binary_scores", logits, targets, weight, pos_weight)
    return ClassificationScores(*torch.ops.modyn.binary_scores(*arguments))


def binary_label_scores(
    logits: Tensor, targets: Tensor, *, weight: Tensor | None = None, pos_weight: Tensor | None = None
) -> LabelScores:
    """What a training history keeps of each sample. Nothing of it is differentiable.

    A target counts as 1 if it is at least 1/2, else as 0.

    Args:
        logits: as for `binary_scores`.
        targets: as for `binary_scores`.
        weight: of the criterion; broadcast to the logits.
        pos_weight: of the criterion; broadcast to the logits.

    Returns:
        Scores [N]: `probability` is that of all labels being right, `margin` the least of z for a 1 and -z for a 0,
        `correct` whether z is positive exactly where the target is 1.

    Raises:
        ValueError: shapes or types do not fit.
    """
    arguments = _arguments("binary_label_scores", logits.detach(), targets, weight, pos_weight)
    return LabelScores(*torch.ops.modyn.binary_label_scores(*arguments))


def binary_gradients(
    logits: Tensor, targets: Tensor, *, weight: Tensor | None = None, pos_weight: Tensor | None = None
) -> Tensor:
    """Gradient of each sample's loss with respect to its logits, in closed form. It has no derivative itself.

    Args:
        logits: as for `binary_scores`.
        targets: as for `binary_scores`.
        weight: of the criterion; broadcast to the logits.
        pos_weight: of the criterion; broadcast to the logits.

    Returns:
        [N, L], all labels of a sample in one row; float64 for logits of float64, else float32.

    Raises:
        ValueError: shapes or types do not fit.
    """
    arguments = _arguments("binary_gradients", logits.detach(), targets, weight, pos_weight)
    gradients: Tensor = torch.ops.modyn.binary_gradients(*arguments)
    return gradients


def _arguments(
    name: str, logits: Tensor, targets: Tensor, weight: Tensor | None, pos_weight: Tensor | None
) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
    """As the operators take them: [N, L], and factors [L] or [N, L]."""
    if logits.dtype not in ELEMENTS:
        raise ValueError(f"{name}: logits of {logits.dtype}, expected float32, float64, bfloat16 or float16")
    if logits.ndim == 0 or 0 in logits.shape[1:]:
        raise ValueError(f"{name}: logits of shape {list(logits.shape)}, expected [samples] or [samples, labels, ...]")
    if targets.shape != logits.shape or targets.is_complex():
        raise ValueError(
            f"{name}: targets of {targets.dtype} and shape {list(targets.shape)} do not fit logits of shape "
            f"{list(logits.shape)}"
        )
    factors = (_factor(name, "weight", weight, logits), _factor(name, "pos_weight", pos_weight, logits))
    return _rows(logits), _rows(targets), *factors


def _factor(name: str, of: str, factor: Tensor | None, logits: Tensor) -> Tensor | None:
    """[L] if it is the same for all samples, else [N, L]."""
    if factor is None:
        return None
    try:
        for_all = factor.expand(logits.shape)
    except RuntimeError as error:
        raise ValueError(
            f"{name}: {of} of shape {list(factor.shape)} cannot be broadcast to logits of shape {list(logits.shape)}"
        ) from error
    if factor.ndim == logits.ndim and factor.shape[0] == len(logits):
        return _rows(for_all)
    of_labels = factor[0] if factor.ndim == logits.ndim else factor
    return of_labels.expand(logits.shape[1:]).reshape(-1)


def _rows(of_labels: Tensor) -> Tensor:
    return of_labels.reshape(len(of_labels), math.prod(of_labels.shape[1:]))
