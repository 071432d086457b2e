"""k-center against the plain farthest-first traversal in PyTorch, which keeps the distances to the nearest center.

The peer expands |x - c|^2 = |x|^2 + |c|^2 - 2 <x, c> with the squared norms computed once, or takes differences,
whichever is faster here; both have two threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import torch
from benchmarks.report import Row, interleaved, write_rows
from torch import Tensor

from modyn.ops import k_center

THREADS = 2
REPEATS = 9
SAMPLES, WIDTH, PICKS, CLUSTERS = 20_000, 128, 500, 200


def uniform() -> Tensor:
    return torch.rand(SAMPLES, WIDTH, generator=torch.Generator().manual_seed(0))


def clustered() -> Tensor:
    generator = torch.Generator().manual_seed(1)
    middles = 5 * torch.randn(CLUSTERS, WIDTH, generator=generator)
    samples = middles.repeat(SAMPLES // CLUSTERS, 1) + 0.3 * torch.randn(SAMPLES, WIDTH, generator=generator)
    return samples[torch.randperm(SAMPLES, generator=generator)]


def whole_numbers() -> Tensor:
    return torch.randint(0, 20, (SAMPLES, WIDTH), generator=torch.Generator().manual_seed(2)).float()


def expanded(features: Tensor, k: int) -> tuple[Tensor, Tensor]:
    norms = features.square().sum(dim=1)
    nearest = torch.full_like(norms, torch.inf)
    picks = torch.zeros(k, dtype=torch.int64)
    for number in range(k):
        pick = int(nearest.argmax()) if number > 0 else 0
        picks[number] = pick
        distances = (features @ features[pick]).mul_(-2).add_(norms).add_(norms[pick])
        torch.minimum(nearest, distances, out=nearest)
    return picks, nearest.clamp_(min=0).sqrt_()


def differences(features: Tensor, k: int) -> tuple[Tensor, Tensor]:
    nearest = features.new_full((len(features),), torch.inf)
    picks = torch.zeros(k, dtype=torch.int64)
    for number in range(k):
        pick = int(nearest.argmax()) if number > 0 else 0
        picks[number] = pick
        torch.minimum(nearest, (features - features[pick]).square_().sum(dim=1), out=nearest)
    return picks, nearest.sqrt_()


def radius(features: Tensor, picks: Tensor) -> float:
    """The largest distance to the nearest pick, float64."""
    return float(torch.cdist(features.double(), features[picks].double()).amin(dim=1).max())


def seconds(work: Callable[..., object], features: Tensor, k: int) -> float:
    start = time.perf_counter()
    work(features, k)
    return time.perf_counter() - start


def fastest_peer(features: Tensor) -> tuple[str, Callable[[Tensor, int], tuple[Tensor, Tensor]]]:
    peers = {"expanded squares": expanded, "differences": differences}
    name = min(peers, key=lambda one: min(seconds(peers[one], features, 20) for _ in range(3)))
    return name, peers[name]


def rows() -> Iterator[Row]:
    for data, reach in ((uniform, 1.2), (clustered, 3.0), (whole_numbers, None)):
        features = data()
        name, peer = fastest_peer(features)
        ours_found, peer_found = k_center(features, PICKS), peer(features, PICKS)
        apart = abs(radius(features, ours_found[0]) / radius(features, peer_found[0]) - 1)
        assert apart < 1e-4, f"the radius differs by {apart:.1e}"
        # Squared distances of whole numbers are exact in float32, so nothing may differ there.
        assert data is not whole_numbers or torch.equal(ours_found[0], peer_found[0])
        times = interleaved(
            {"ours": partial(seconds, k_center, features, PICKS), "peer": partial(seconds, peer, features, PICKS)},
            REPEATS,
            before=lambda: None,
        )
        yield Row(
            f"k-center: {PICKS} of {SAMPLES:,} x {WIDTH}, {data.__name__.replace('_', ' ')}; radii {apart:.0e} apart",
            "ms",
            times["ours"] * 1e3,
            times["peer"] * 1e3,
            f"plain PyTorch, {name}",
            times["peer"] / times["ours"],
            reach,
        )


if __name__ == "__main__":
    torch.set_num_threads(THREADS)
    write_rows("selection_k_center", list(rows()))
