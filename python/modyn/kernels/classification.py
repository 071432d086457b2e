"""How a classifier sees each sample: losses, uncertainties and gradients, from one pass over the logits.

With p = softmax(logits), class weights w and label smoothing e, the loss of `torch.nn.CrossEntropyLoss` is
sum_c v_c (-log p_c) with v = w * ((1 - e) q + e / C), where q are the target's probabilities, 1 for a label. Its
gradient with respect to the logits is p * sum(v) - v; nobody needs a graph for it.

Outputs [N, C, d1, ...] are N samples of several positions each, such as pixels or tokens. A sample's loss is the sum
over its positions, as `modyn.trainer.criterion` weights it, and so is its entropy; its gradient is that of all
positions together. Its largest probability and its margin are those of its least certain position. Positions with
`ignore_index` do not count, whatever their logits: their loss, entropy and norm are 0, their largest probability and
margin are 1. So a sample that nothing can be learnt from is never chosen for its uncertainty. To score samples whose
labels are not known, give them any class.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from modyn.kernels.cross_entropy import check


class ClassificationScores(NamedTuple):
    """Of each sample, [N]; float64 for logits of float64, else float32.

    Attributes:
        loss: of `torch.nn.CrossEntropyLoss(reduction="none")`; 0 for an ignored sample.
        max_probability: p of the likeliest class; 1 for an ignored sample.
        margin: that less p of the second; 1 if there is one class, or for an ignored sample.
        entropy: of p, in nats; 0 for an ignored sample.
        gradient_norm: Euclidean norm of the loss's gradient with respect to the logits. It has no derivative.
    """

    loss: Tensor
    max_probability: Tensor
    margin: Tensor
    entropy: Tensor
    gradient_norm: Tensor


class LabelScores(NamedTuple):
    """How a sample's label fares, [N]; types as for ClassificationScores.

    Attributes:
        loss: as there.
        probability: p of the label; NaN for an ignored sample.
        margin: the label's logit less the largest other one (area under the margin, Pleiss et al., NeurIPS 2020, is its
            mean over epochs); infinite if there is one class or the label's logit alone is infinite, NaN for an
            ignored sample.
        correct: bool, the label is the first class with the largest logit, which may be infinite; False if a logit is
            NaN, or all are minus infinity.
    """

    loss: Tensor
    probability: Tensor
    margin: Tensor
    correct: Tensor


def classification_scores(
    logits: Tensor,
    targets: Tensor,
    *,
    class_weights: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
) -> ClassificationScores:
    """Loss, uncertainties and gradient norm of each sample, in one pass over the logits.

    The gradient norm is the score of importance sampling (Katharopoulos and Fleuret, ICML 2018), and for plain labels
    EL2N (Paul et al., NeurIPS 2021). All but the gradient norm are differentiable with respect to the logits.

    Args:
        logits: [N, C] or [N, C, d1, ...], float32, float64, bfloat16 or float16, read as they are.
        targets: labels, integers [N] or [N, d1, ...]; or probabilities, floating point, of the shape of the logits.
        class_weights: [C], `weight` of the criterion.
        ignore_index: the label that does not count.
        label_smoothing: in [0, 1].

    Raises:
        ValueError: shapes or types do not fit, or a label is neither a class nor `ignore_index`.
    """
    check("classification_scores", logits, targets, class_weights, label_smoothing)
    rows, labels = _rows(logits), _rows(targets) if targets.is_floating_point() else targets.reshape(-1).long()
    scores = ClassificationScores(
        *torch.ops.modyn.classification_scores(rows, labels, class_weights, ignore_index, label_smoothing)
    )
    if logits.ndim == 2:
        return scores
    loss, max_probability, margin, entropy, norm = (score.reshape(len(logits), _positions(logits)) for score in scores)
    return ClassificationScores(
        loss.sum(1),
        _least(max_probability),
        _least(margin),
        entropy.sum(1),
        torch.linalg.vector_norm(norm, dim=1),
    )


def label_scores(
    logits: Tensor,
    targets: Tensor,
    *,
    class_weights: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
) -> LabelScores:
    """What a training history keeps of each sample: how its label fares. Nothing of it is differentiable.

    Args:
        logits: [N, C].
        targets: labels [N], or probabilities [N, C], whose first largest class counts as the label.
        class_weights: [C], `weight` of the criterion.
        ignore_index: the label that does not count.
        label_smoothing: in [0, 1].

    Raises:
        ValueError: as for `classification_scores`.
    """
    check("label_scores", logits, targets, class_weights, label_smoothing)
    if logits.ndim != 2:
        raise ValueError(f"label_scores: logits have {logits.ndim} dimensions, expected [samples, classes]")
    labels = targets if targets.is_floating_point() else targets.long()
    return LabelScores(
        *torch.ops.modyn.label_scores(logits.detach(), labels, class_weights, ignore_index, label_smoothing)
    )


def cross_entropy_gradients(
    logits: Tensor,
    targets: Tensor,
    *,
    class_weights: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Gradient of each sample's loss with respect to its logits, in closed form. It has no derivative itself.

    Args:
        logits: [N, C] or [N, C, d1, ...].
        targets: labels or probabilities, as for `classification_scores`.
        class_weights: [C], `weight` of the criterion.
        ignore_index: the label that does not count.
        label_smoothing: in [0, 1].

    Returns:
        [N, C], float64 for logits of float64, else float32; of several positions [N, C * d1 * ...], classes varying
        slowest, as in the logits.

    Raises:
        ValueError: as for `classification_scores`.
    """
    check("cross_entropy_gradients", logits, targets, class_weights, label_smoothing)
    rows, labels = _rows(logits), _rows(targets) if targets.is_floating_point() else targets.reshape(-1).long()
    gradients: Tensor = torch.ops.modyn.cross_entropy_gradients(
        rows.detach(), labels, class_weights, ignore_index, label_smoothing
    )
    if logits.ndim == 2:
        return gradients
    positions = gradients.reshape(len(logits), _positions(logits), logits.shape[1])
    return positions.transpose(1, 2).reshape(len(logits), math.prod(logits.shape[1:]))


def _positions(of_positions: Tensor) -> int:
    return math.prod(of_positions.shape[2:])


def _rows(of_positions: Tensor) -> Tensor:
    """[N, C, d1, ...] as [N * d1 * ..., C]."""
    if of_positions.ndim == 2:
        return of_positions
    count, classes = of_positions.shape[:2]
    return of_positions.movedim(1, -1).reshape(count * _positions(of_positions), classes)


def _least(scores: Tensor) -> Tensor:
    """Of the positions; 1 where there is none."""
    return scores.amin(1) if scores.shape[1] > 0 else scores.new_ones(len(scores))
