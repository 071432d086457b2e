"""Orthogonal matching pursuit against NumPy with a Cholesky factor that grows with the picks.

The peer does what ours does: each step one product of all gradients with what is left of their mean, one row more of
the factor, two triangular solves, and where a weight would become negative a step of Lawson and Hanson's method, for
which it forms the factor anew. It runs in float64, as its factor has to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from benchmarks.report import Row, interleaved, write_rows
from scipy.linalg import solve_triangular

from modyn.ops import orthogonal_matching_pursuit

THREADS = 2
REPEATS = 9
SAMPLES, WIDTH, PICKS = 4_000, 256, 200
RIDGE = 1e-3
Doubles = npt.NDArray[np.float64]


def gradients() -> torch.Tensor:
    """Of samples that agree a little, as those of one class do."""
    generator = torch.Generator().manual_seed(0)
    common = 0.3 * torch.randn(1, WIDTH, generator=generator)
    return torch.randn(SAMPLES, WIDTH, generator=generator) + common


@dataclass
class Factor:
    """Of the products of the picks, with room for all."""

    lower: Doubles
    size: int = 0

    def append(self, products: Doubles, with_itself: float) -> None:
        row = self.lower[self.size]
        row[: self.size] = solve_triangular(self.rows(), products, lower=True, check_finite=False)
        row[self.size] = np.sqrt(with_itself - row[: self.size] @ row[: self.size])
        self.size += 1

    def rows(self) -> Doubles:
        return self.lower[: self.size, : self.size]

    def solve(self, right: Doubles) -> Doubles:
        half = solve_triangular(self.rows(), right, lower=True, check_finite=False)
        found: Doubles = solve_triangular(self.rows(), half, lower=True, trans=1, check_finite=False)
        return found


def peer(a: Doubles, k: int) -> tuple[list[int], Doubles]:
    target = a.mean(axis=0)
    with_target = a @ target
    ridge = RIDGE * float(np.square(a).sum(axis=1).mean())
    factor = Factor(np.zeros((k, k)))
    picks: list[int] = []
    weights = np.zeros(0)
    correlations = with_target.copy()
    while len(picks) < k:
        correlations[picks] = -np.inf
        pick = int(correlations.argmax())
        factor.append(a[picks] @ a[pick], float(a[pick] @ a[pick]) + ridge)
        picks.append(pick)
        weights = np.append(weights, 0.0)
        solution = factor.solve(with_target[picks])
        while solution.min() <= 0:
            ways = np.where(solution <= 0, weights / (weights - solution), np.inf)
            stay = ways > ways.min()
            weights = (weights + ways.min() * (solution - weights))[stay]
            picks = [one for one, stays in zip(picks, stay, strict=True) if stays]
            factor.size = len(picks)
            factor.rows()[:] = np.linalg.cholesky(a[picks] @ a[picks].T + ridge * np.eye(len(picks)))
            solution = factor.solve(with_target[picks])
        weights = solution
        correlations = a @ (target - weights @ a[picks])
    return picks, weights


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def left(a: Doubles, picks: list[int], weights: Doubles) -> float:
    """What is left of the target, relative to it."""
    target = a.mean(axis=0)
    return float(np.linalg.norm(target - weights @ a[picks]) / np.linalg.norm(target))


def rows() -> Iterator[Row]:
    single = gradients()
    double = single.double().numpy()
    picks, weights = orthogonal_matching_pursuit(single, None, PICKS, ridge=RIDGE)
    peer_picks, peer_weights = peer(double, PICKS)
    assert picks.tolist() == peer_picks
    np.testing.assert_allclose(weights.numpy(), peer_weights, rtol=1e-3, atol=1e-6)
    ours_left, peer_left = (
        left(double, picks.tolist(), weights.double().numpy()),
        left(double, peer_picks, peer_weights),
    )
    times = interleaved(
        {
            "ours": lambda: seconds(lambda: orthogonal_matching_pursuit(single, None, PICKS, ridge=RIDGE)),
            "peer": lambda: seconds(lambda: peer(double, PICKS)),
        },
        REPEATS,
        before=lambda: None,
    )
    yield Row(
        f"OMP: {PICKS} of {SAMPLES:,} x {WIDTH}, same picks; left of the target {ours_left:.2%}, peer {peer_left:.2%}",
        "ms",
        times["ours"] * 1e3,
        times["peer"] * 1e3,
        "NumPy, incremental Cholesky",
        times["peer"] / times["ours"],
        2.0,
    )


if __name__ == "__main__":
    torch.set_num_threads(THREADS)
    write_rows("selection_omp", list(rows()))
