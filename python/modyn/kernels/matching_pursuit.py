"""Orthogonal matching pursuit: few samples whose weighted gradients add up to a target."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from modyn import _kernels
from modyn.kernels.gradients import check_factors
from modyn.kernels.groups import Groups, check_budgets, split
from modyn.kernels.matching_pursuit_reference import Samples, pursue
from modyn.kernels.operator import Operator, address, dense, threads


def orthogonal_matching_pursuit(
    gradients: Tensor,
    embeddings: Tensor | None,
    k: int,
    *,
    target: Tensor | None = None,
    ridge: float = 1e-3,
    unit_sum: float = 0.0,
    tolerance: float = 0.0,
    nonnegative: bool = True,
) -> tuple[Tensor, Tensor]:
    """Picks k samples whose weighted gradients match a target, as GRAD-MATCH does.

    A sample's gradient f is [g ; vec(g e^T)], or g alone; see `gradient_inner_products`. Each step picks the sample
    that correlates most with what is left of the target and weighs all picks anew, such that they minimise
    |sum_i w_i f_i - target|^2 + lambda |w|^2, where lambda is `ridge` times the mean |f|^2. So nothing depends on the
    scale of the gradients, nor on what they were divided by.

    Weights stay positive during selection: a pick whose weight would become negative leaves and makes room for another.
    That is the active-set method of Lawson and Hanson on all samples, ended when k have a weight, so the weights are
    the best nonnegative ones for the picks, and no pick has weight zero.

    Exactly k samples are picked. If the target is matched sooner, or no sample is left that would help, the samples
    that are left match the target once more, from the start, and so on; a round's weights are multiplied by its share
    of the picks, so that all together match the target too. Samples that do not correlate with the target come last,
    those with the largest correlation first, with the smallest weight that there is, or 1/k if there is none.

    Killamsetty et al., "GRAD-MATCH: Gradient Matching based Data Subset Selection for Efficient Deep Model Training",
    ICML 2021. Rubinstein, Zibulevsky, Elad, "Efficient Implementation of the K-SVD Algorithm using Batch Orthogonal
    Matching Pursuit", 2008. Lawson, Hanson, "Solving Least Squares Problems", 1974.

    Args:
        gradients: [N, C], of the loss with respect to the logits.
        embeddings: [N, E], inputs of the last layer, for which 4 k N bytes are taken, or 4 N C (E + 1) if that is less:
            gradients of few classes are written down. None for the gradients of the logits alone.
        k: how many samples to pick, at most N.
        target: [C, E + 1] (the bias's column first), or [C, 1] without embeddings; None for the mean of all gradients.
        ridge: at least 0.
        unit_sum: how much it counts that the weights sum up to 1, at least 0. It is a further coordinate of all
            gradients and of the target: so many times the root of the mean |f|^2. Whoever divides by the sum of the
            weights later wants it, for then the weighted mean matches the target. Otherwise the samples that point
            along the target most are picked, with weights that sum up to less.
        tolerance: the target counts as matched when |what is left| is at most this times |target|.
        nonnegative: False for weights of either sign, and picks that correlate most in magnitude: the method as it was
            before GRAD-MATCH.

    Returns:
        The picks, int64 [k], round after round in the order in which they were picked; and their weights, float32 [k],
        none of them 0 or infinite: beyond the range of float32 they are its limits.

    Raises:
        ValueError: shapes, `k`, `ridge`, `unit_sum` or `tolerance` are impossible, or a number is NaN or infinite.
    """
    check_budgets("orthogonal_matching_pursuit", len(gradients), None, [k])
    targets = None if target is None else target[None]
    _check(gradients, embeddings, targets, 1, (ridge, unit_sum, tolerance))
    picks, weights = torch.ops.modyn.orthogonal_matching_pursuit(
        gradients, embeddings, targets, None, [k], ridge, unit_sum, tolerance, nonnegative
    )
    return picks, weights


def orthogonal_matching_pursuit_per_group(
    gradients: Tensor,
    embeddings: Tensor | None,
    groups: Tensor,
    budgets: Sequence[int],
    *,
    targets: Tensor | None = None,
    ridge: float = 1e-3,
    unit_sum: float = 0.0,
    tolerance: float = 0.0,
    nonnegative: bool = True,
) -> tuple[Tensor, Tensor]:
    """`orthogonal_matching_pursuit` of each group of samples alone; groups run beside each other.

    Args:
        gradients: [N, C].
        embeddings: [N, E] or None.
        groups: int64 [N], 0 to G - 1, often the classes.
        budgets: how many samples to pick in each of the G groups.
        targets: [G, C, E + 1]; None for the mean of each group's gradients.
        ridge: times the mean squared norm of the group's gradients.
        unit_sum: see there; each group's weights sum up to 1.
        tolerance: see there.
        nonnegative: see there.

    Returns:
        The picks, int64 [sum(budgets)], group after group; and their weights, float32, of which each group's match its
        own target.

    Raises:
        ValueError: as there; also if a group has fewer samples than its budget.
    """
    check_budgets("orthogonal_matching_pursuit_per_group", len(gradients), groups, budgets)
    _check(gradients, embeddings, targets, len(budgets), (ridge, unit_sum, tolerance))
    picks, weights = torch.ops.modyn.orthogonal_matching_pursuit(
        gradients, embeddings, targets, groups, list(budgets), ridge, unit_sum, tolerance, nonnegative
    )
    return picks, weights


def _check(
    gradients: Tensor,
    embeddings: Tensor | None,
    targets: Tensor | None,
    groups: int,
    numbers: tuple[float, float, float],
) -> None:
    check_factors(gradients, embeddings)
    for name, number in zip(("ridge", "unit_sum", "tolerance"), numbers, strict=True):
        if not (0 <= number < math.inf):
            raise ValueError(f"orthogonal_matching_pursuit: {name} is {number}, expected a number of at least 0")
    shape = (groups, gradients.shape[1], 1 + (0 if embeddings is None else embeddings.shape[1]))
    if targets is not None and targets.shape != shape:
        raise ValueError(
            f"orthogonal_matching_pursuit: {len(targets)} targets of shape {list(targets.shape[1:])} do not fit, "
            f"expected {groups} of shape {list(shape[1:])}"
        )


def _finite_targets(targets: Tensor | None) -> Tensor | None:
    """As float32, in which all kernels compute."""
    if targets is None:
        return None
    narrow = dense(targets)
    if not bool(narrow.isfinite().all()):
        raise ValueError(
            "orthogonal_matching_pursuit: the target has a number that is NaN or infinite, as float32 at least"
        )
    return narrow


def _joined(picks: Sequence[Tensor], weights: Sequence[Tensor], like: Tensor) -> tuple[Tensor, Tensor]:
    """Of all groups, if there is one. Weights are float64 and become float32; none of them becomes 0 or infinite."""
    wide = torch.cat([like.new_empty(0, dtype=torch.float64), *weights])
    range_of = torch.finfo(torch.float32)
    sizes = wide.abs().clamp(range_of.tiny, range_of.max)
    return torch.cat([like.new_empty(0, dtype=torch.int64), *picks]), torch.copysign(sizes, wide).float()


def _not_finite(sample: int) -> ValueError:
    return ValueError(
        f"orthogonal_matching_pursuit: the gradient of sample {sample} is NaN or infinite; leave the sample out"
    )


def _of_group(tensor: Tensor | None, parts: Groups) -> Tensor | None:
    """Rows group after group."""
    return None if tensor is None else tensor[parts.samples]


def _cpu(
    gradients: Tensor,
    embeddings: Tensor | None,
    targets: Tensor | None,
    groups: Tensor | None,
    budgets: list[int],
    ridge: float,
    unit_sum: float,
    tolerance: float,
    nonnegative: bool,
) -> tuple[Tensor, Tensor]:
    b = _finite_targets(targets)
    parts = split("orthogonal_matching_pursuit_per_group", len(gradients), groups, budgets, gradients.device)
    if groups is not None:
        gradients, embeddings = gradients[parts.samples], _of_group(embeddings, parts)
    g = dense(gradients)
    e = None if embeddings is None else dense(embeddings)
    places = torch.empty(sum(budgets), dtype=torch.int64)
    weights = torch.empty(sum(budgets), dtype=torch.float64)
    wrong = _kernels.matching_pursuit(
        address(g),
        address(e),
        g.shape[1],
        0 if e is None else e.shape[1],
        parts.offsets,
        budgets,
        address(b),
        ridge,
        unit_sum,
        tolerance,
        nonnegative,
        address(places),
        address(weights),
        threads(),
    )
    for group, place in enumerate(wrong):
        if place >= 0:
            raise _not_finite(int(parts[group][place]))
    picks = [parts[group][of_group] for group, of_group in enumerate(torch.split(places, budgets) if budgets else ())]
    return _joined(picks, [weights], gradients)


def _reference(
    gradients: Tensor,
    embeddings: Tensor | None,
    targets: Tensor | None,
    groups: Tensor | None,
    budgets: list[int],
    ridge: float,
    unit_sum: float,
    tolerance: float,
    nonnegative: bool,
) -> tuple[Tensor, Tensor]:
    narrow_targets = _finite_targets(targets)
    g, e = gradients.float(), None if embeddings is None else embeddings.float()
    wrong = ~g.isfinite().all(dim=1)
    if e is not None:
        wrong |= ~e.isfinite().all(dim=1)
    if bool(wrong.any()):
        raise _not_finite(int(wrong.int().argmax()))
    parts = split("orthogonal_matching_pursuit_per_group", len(gradients), groups, budgets, gradients.device)
    picks, weights = [], []
    for group, budget in enumerate(budgets):
        samples = parts[group]
        factors = Samples(g[samples].double(), None if e is None else e[samples].double(), unit_sum)
        target = factors.mean() if narrow_targets is None else narrow_targets[group].double()
        places, of_picks = pursue(factors, target, budget, ridge, tolerance, nonnegative)
        picks.append(samples[places])
        weights.append(of_picks)
    return _joined(picks, weights, gradients)


def _fake(
    gradients: Tensor,
    embeddings: Tensor | None,
    targets: Tensor | None,
    groups: Tensor | None,
    budgets: list[int],
    ridge: float,
    unit_sum: float,
    tolerance: float,
    nonnegative: bool,
) -> tuple[Tensor, Tensor]:
    picks = gradients.new_empty((sum(budgets),), dtype=torch.int64)
    return picks, gradients.new_empty((sum(budgets),), dtype=torch.float32)


PURSUIT = Operator(_cpu, _reference, _fake)
