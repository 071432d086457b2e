"""Choosing 1 M of 10 M samples: in proportion to weights, the best, the best of each class.

The peer of weighted sampling is NumPy's usual way, exponential keys over weights and `argpartition`, whose inclusion
probabilities nobody knows; ours gives them too. All have two threads; NumPy uses one of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from benchmarks.report import Row, interleaved, write_rows
from torch import Tensor

from modyn.ops import segmented_top_k, top_k, weighted_sample

THREADS = 2
REPEATS = 11
SAMPLES, CHOSEN, CLASSES = 10_000_000, 1_000_000, 100


def losses(dtype: torch.dtype) -> Tensor:
    """Skewed, so that some samples are certain."""
    return torch.randn(SAMPLES, generator=torch.Generator().manual_seed(0)).exp().to(dtype)


def exponential_keys(weights: Tensor, random: np.random.Generator) -> object:
    keys = random.exponential(size=SAMPLES) / weights.numpy()
    return np.argpartition(keys, CHOSEN)[:CHOSEN]


def best_of_each_class(scores: Tensor, classes: Tensor) -> Tensor:
    """By sorting: once by score, and then stably by class."""
    order = scores.argsort(descending=True)
    order = order[classes[order].argsort(stable=True)]
    sizes = torch.bincount(classes, minlength=CLASSES)
    place = torch.arange(SAMPLES) - (sizes.cumsum(0) - sizes)[classes[order]]
    return order[place < CHOSEN // CLASSES]


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compared(what: str, ours: Callable[[], object], peer: Callable[[], object], against: str, reach: float) -> Row:
    works = {"ours": lambda: seconds(ours), "peer": lambda: seconds(peer)}
    times = interleaved(works, REPEATS, before=lambda: None)
    return Row(what, "ms", times["ours"] * 1e3, times["peer"] * 1e3, against, times["peer"] / times["ours"], reach)


def rows() -> Iterator[Row]:
    size = f"{CHOSEN // 10**6} M of {SAMPLES // 10**6} M"
    random = np.random.default_rng(0)
    for dtype in (torch.float32, torch.float64):
        weights = losses(dtype)
        yield compared(
            f"sampling by weight: {size}, {str(dtype).removeprefix('torch.')}",
            partial(weighted_sample, weights, CHOSEN, seed=0, purpose=1),
            partial(exponential_keys, weights, random),
            "NumPy: exponential keys, argpartition",
            3.0,
        )
    scores = losses(torch.float32)
    for name, of_scores in (("float32", scores), ("float32 rounded to bfloat16, with ties", scores.bfloat16().float())):
        yield compared(
            f"top k: {size}, {name}",
            partial(top_k, of_scores, CHOSEN),
            partial(torch.topk, of_scores, CHOSEN),
            "torch.topk",
            2.0,
        )
    classes = torch.randint(0, CLASSES, (SAMPLES,), generator=torch.Generator().manual_seed(1))
    quotas = torch.full((CLASSES,), CHOSEN // CLASSES)
    yield compared(
        f"top k of each of {CLASSES} classes: {size}",
        lambda: segmented_top_k(scores, classes, quotas),
        lambda: best_of_each_class(scores, classes),
        "two sorts in PyTorch",
        2.0,
    )


if __name__ == "__main__":
    torch.set_num_threads(THREADS)
    write_rows("selection_sampling", list(rows()))
