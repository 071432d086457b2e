"""Facility location against submodlib and against limits of time and memory; products of factorised gradients.

submodlib (Kaushal et al., arXiv 2202.10680) is given the same matrix of similarities, in the object that it makes of
it before the clock starts; its lazy greedy has one thread, ours two. Both find the same value.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import torch
from benchmarks.report import Row, interleaved, peak_mb, write_rows
from submodlib import FacilityLocationFunction
from torch import Tensor
from torch.nn.functional import normalize

from modyn.ops import facility_location, facility_location_dense, gradient_inner_products

THREADS = 2
REPEATS = 5
MOST_SECONDS, MOST_MB = 60.0, 2000.0


def clusters(count: int, width: int, middles: int) -> Tensor:
    """Samples around random middles, as far from these as these are from each other."""
    generator = torch.Generator().manual_seed(0)
    middle_of = torch.randint(middles, (count,), generator=generator)
    return torch.randn(middles, width, generator=generator)[middle_of] + torch.randn(count, width, generator=generator)


def seconds(work: Callable[[], object], calls: int = 1) -> float:
    """Of one call, on average."""
    start = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - start) / calls


def value(similarities: Tensor, picks: Tensor) -> float:
    return float(similarities[:, picks].amax(dim=1).sum(dtype=torch.float64))


def without_matrix() -> Iterator[Row]:
    samples, width, k = 50_000, 128, 500
    features = clusters(samples, width, 200)
    groups = torch.arange(samples) % 10
    for name, work in (
        ("cosine", partial(facility_location, features, k=k)),
        ("distance", partial(facility_location, features, k=k, similarity="distance")),
        ("distance, 10 classes", partial(facility_location, features, k=k, similarity="distance", groups=groups)),
        ("cosine, stochastic", partial(facility_location, features, k=k, optimizer="stochastic")),
    ):
        start = time.perf_counter()
        _, gains = work()
        took = time.perf_counter() - start
        what = f"facility location: {k} of {samples:,} x {width}, {name}; value {float(gains.sum()):,.0f}"
        yield Row(what, "s", took, MOST_SECONDS, "the time that it may take", MOST_SECONDS / took, 1.0)
    peak = peak_mb()
    yield Row("memory of all of these, and of Python", "MB", peak, MOST_MB, "what they may take", MOST_MB / peak, 1.0)


def given_matrix() -> Iterator[Row]:
    samples, k = 5_000, 500
    features = normalize(clusters(samples, 512, 50), dim=1)
    similarities = 0.5 + 0.5 * features @ features.T
    similarities = torch.maximum(similarities, similarities.T)
    theirs = FacilityLocationFunction(n=samples, mode="dense", sijs=similarities.numpy(), separate_rep=False)

    def of_peer() -> list[tuple[int, float]]:
        found: list[tuple[int, float]] = theirs.maximize(budget=k, optimizer="LazyGreedy", show_progress=False)
        return found

    values = (
        value(similarities, facility_location_dense(similarities, k)[0]),
        value(similarities, torch.tensor([pick for pick, _ in of_peer()])),
    )
    assert values[0] >= values[1] * (1 - 1e-6), f"the values are {values[0]} and {values[1]}"
    times = interleaved(
        {
            "ours": partial(seconds, partial(facility_location_dense, similarities, k)),
            "peer": partial(seconds, of_peer),
        },
        REPEATS,
        before=lambda: None,
    )
    yield Row(
        f"facility location: {k} of {samples:,}, matrix given; values {values[0]:,.2f} and {values[1]:,.2f}",
        "ms",
        times["ours"] * 1e3,
        times["peer"] * 1e3,
        "submodlib, LazyGreedy",
        times["peer"] / times["ours"],
        15.0,
    )


def whole_gradients(gradients: Tensor, embeddings: Tensor) -> Tensor:
    """What a kernel without factors has to be given: [g ; vec(g e^T)]."""
    return torch.cat([gradients, (gradients[:, :, None] * embeddings[:, None, :]).flatten(1)], dim=1)


def gram() -> Iterator[Row]:
    samples, classes, width = 256, 100, 512
    generator = torch.Generator().manual_seed(2)
    g = torch.randn(samples, classes, generator=generator)
    e = torch.randn(samples, width, generator=generator)

    def of_whole_gradients() -> Tensor:
        whole = whole_gradients(g, e)
        return whole @ whole.T

    expected = of_whole_gradients().double()
    apart = float((gradient_inner_products(g, e, g, e) - expected).abs().max() / expected.abs().max())
    assert apart < 1e-5, f"the products differ by {apart:.1e}"
    times = interleaved(
        {
            "ours": partial(seconds, partial(gradient_inner_products, g, e, g, e), 100),
            "peer": partial(seconds, of_whole_gradients),
        },
        REPEATS,
        before=lambda: None,
    )
    yield Row(
        f"inner products of {samples} x {samples} last-layer gradients, C = {classes}, E = {width}; {apart:.0e} apart",
        "ms",
        times["ours"] * 1e3,
        times["peer"] * 1e3,
        "PyTorch, gradients written down",
        times["peer"] / times["ours"],
        100.0,
    )


def rows() -> Iterator[Row]:
    # The others would add their matrices to the peak of memory.
    yield from without_matrix()
    yield from given_matrix()
    yield from gram()


if __name__ == "__main__":
    torch.set_num_threads(THREADS)
    write_rows("selection_submodular", list(rows()))
