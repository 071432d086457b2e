"""k-center: few samples, such that no sample is far from all of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from modyn import _kernels
from modyn.kernels.groups import check_budgets, split
from modyn.kernels.operator import Operator, address, dense, threads


def k_center(
    features: Tensor, k: int, *, first: int | None = None, centers: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Farthest-first traversal: each pick is the sample that is farthest from all centers so far.

    The largest distance that is left, the radius `distances.max()`, is at most twice the smallest that any k samples
    leave (Gonzalez, "Clustering to minimize the maximum intercluster distance", Theoretical Computer Science, 1985).
    Distances are Euclidean and taken from differences, so it does not matter what features have in common. Samples
    equal to a center come after all others; ties go to the lowest sample. Squared distances are float32, so
    distances below 1e-22 are 0 and those above 1e19 are infinite.

    Args:
        features: [N, E], any float type; computed in float32.
        k: how many samples to pick, at most N.
        first: the first pick; sample 0 if it is None and there are no centers.
        centers: [M, E], features of centers that there are already, of samples labelled before for instance.

    Returns:
        The picks, int64 [k], in the order in which they were picked; and the distance of every sample to its nearest
        center, float32 [N], infinite if there is no center.

    Raises:
        ValueError: shapes, `k` or `first` are impossible, `first` is given though there are centers, or a number is NaN
            or infinite.
    """
    count = _check("k_center", features)
    check_budgets("k_center", count, None, [k])
    if centers is not None and (centers.ndim != 2 or centers.shape[1] != features.shape[1]):
        raise ValueError(f"k_center: centers of shape {list(centers.shape)} do not fit features of {features.shape[1]}")
    if first is not None and centers is not None:
        raise ValueError("k_center: first is given though there are centers, to which the first pick is the farthest")
    if first is not None and not 0 <= first < count:
        raise ValueError(f"k_center: first is {first}, there are {count} samples")
    picks, distances = torch.ops.modyn.k_center(features, None, [k], None if first is None else [first], centers)
    return picks, distances


def k_center_per_group(
    features: Tensor, groups: Tensor, budgets: Sequence[int], *, firsts: Sequence[int] | None = None
) -> tuple[Tensor, Tensor]:
    """`k_center` of each group of samples alone, as a balanced selection wants it; groups run beside each other.

    Args:
        features: [N, E], any float type.
        groups: int64 [N], 0 to G - 1, often the classes.
        budgets: how many samples to pick in each of the G groups.
        firsts: the first pick in each group, a sample of that group; None for the lowest sample of each. Not looked at
            where the budget is 0.

    Returns:
        The picks, int64 [sum(budgets)], group after group; and the distance of every sample to the nearest center in
        its group, float32 [N], infinite where there is none.

    Raises:
        ValueError: as for `k_center`; also if a group has fewer samples than its budget, or `firsts` are not of it.
    """
    count = _check("k_center_per_group", features)
    check_budgets("k_center_per_group", count, groups, budgets)
    if firsts is not None and len(firsts) != len(budgets):
        raise ValueError(f"k_center_per_group: there are {len(firsts)} firsts and {len(budgets)} budgets")
    picks, distances = torch.ops.modyn.k_center(
        features, groups, list(budgets), None if firsts is None else list(firsts), None
    )
    return picks, distances


def _check(operator: str, features: Tensor) -> int:
    if features.ndim != 2 or not features.is_floating_point():
        raise ValueError(
            f"{operator}: features are {features.dtype} of shape {list(features.shape)}, "
            "expected floats of shape [samples, width]"
        )
    return features.shape[0]


def _position(group: int, samples: Tensor, first: int) -> int:
    """Of the first pick within the samples of its group."""
    place = int(torch.searchsorted(samples, first))
    if place == len(samples) or int(samples[place]) != first:
        raise ValueError(f"k_center_per_group: the first pick of group {group}, {first}, is not a sample of it")
    return place


def _positions(of_groups: Sequence[Tensor], budgets: Sequence[int], firsts: Sequence[int] | None) -> list[int]:
    if firsts is None:
        return [0] * len(budgets)
    return [
        _position(group, samples, firsts[group]) if budgets[group] > 0 else 0 for group, samples in enumerate(of_groups)
    ]


def _not_finite(sample: int) -> ValueError:
    return ValueError(
        f"k_center: the features of sample {sample} are NaN or infinite, so it has no distance; leave it out"
    )


def _finite_centers(centers: Tensor | None) -> Tensor | None:
    """As float32."""
    if centers is None:
        return None
    narrow = dense(centers)
    if not bool(narrow.isfinite().all()):
        raise ValueError("k_center: a center has a number that is NaN or infinite; leave it out")
    return narrow


def _cpu(
    features: Tensor, groups: Tensor | None, budgets: list[int], firsts: list[int] | None, centers: Tensor | None
) -> tuple[Tensor, Tensor]:
    x = dense(features)
    c = _finite_centers(centers)
    parts = split("k_center_per_group", len(x), groups, budgets, x.device)
    picks = torch.empty(sum(budgets), dtype=torch.int64)
    distances = x.new_empty(len(x))
    wrong = _kernels.k_center(
        address(x),
        x.shape[1],
        address(parts.samples),
        parts.offsets,
        budgets,
        _positions([parts[group] for group in range(len(budgets))], budgets, firsts),
        address(c),
        0 if c is None else len(c),
        address(picks),
        address(distances),
        threads(),
    )
    if wrong >= 0:
        raise _not_finite(wrong)
    return picks, distances


def _reference(
    features: Tensor, groups: Tensor | None, budgets: list[int], firsts: list[int] | None, centers: Tensor | None
) -> tuple[Tensor, Tensor]:
    x = features.float()
    wrong = (~x.isfinite()).any(dim=1)
    if bool(wrong.any()):
        raise _not_finite(int(wrong.int().argmax()))
    c = _finite_centers(centers)
    parts = split("k_center_per_group", len(x), groups, budgets, x.device)
    of_groups = [parts[group] for group in range(len(budgets))]
    positions = _positions(of_groups, budgets, firsts)
    distances = x.new_empty(len(x))
    picks = []
    for samples, budget, position in zip(of_groups, budgets, positions, strict=True):
        picks_of_group, distances[samples] = _farthest_first(x[samples], budget, position, c)
        picks.append(samples[picks_of_group])
    return torch.cat([parts.samples[:0], *picks]), distances


def _farthest_first(x: Tensor, k: int, first: int, centers: Tensor | None) -> tuple[Tensor, Tensor]:
    """Picks and distances within one group; no step waits for the device."""
    nearest = x.new_full((len(x),), torch.inf)
    for center in () if centers is None else centers:
        nearest = torch.minimum(nearest, (x - center).square().sum(dim=1))
    picks = torch.empty(k, dtype=torch.int64, device=x.device)
    for number in range(k):
        begins = number == 0 and centers is None
        pick = torch.full((1,), first, device=x.device) if begins else nearest.argmax().view(1)
        picks[number] = pick[0]
        nearest = torch.minimum(nearest, (x - x[pick]).square().sum(dim=1))
        nearest.index_fill_(0, pick, -1)  # below every distance: it is not picked again
    return picks, nearest.clamp(min=0).sqrt()


def _fake(
    features: Tensor, groups: Tensor | None, budgets: list[int], firsts: list[int] | None, centers: Tensor | None
) -> tuple[Tensor, Tensor]:
    picks = features.new_empty((sum(budgets),), dtype=torch.int64)
    return picks, features.new_empty((features.shape[0],), dtype=torch.float32)


K_CENTER = Operator(_cpu, _reference, _fake)
