"""All five scores of a classifier's logits against one `torch.logsumexp` of them, which the loss alone needs.

The scores are loss, largest probability, margin, entropy and gradient norm of each sample; outputs are allocated. Both
have two threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import torch
from benchmarks.report import Row, interleaved, write_rows
from torch import Tensor

from modyn.ops import classification_scores

THREADS = 2
REPEATS = 15
# Samples, classes, type, and how much faster than logsumexp; of two classes ours writes more than it reads.
WORKS: tuple[tuple[int, int, torch.dtype, float], ...] = (
    (65_536, 1_000, torch.float32, 3.0),
    (65_536, 1_000, torch.bfloat16, 3.0),
    (65_536, 1_000, torch.float16, 3.0),
    (1_024, 50_257, torch.float32, 3.0),
    (655_360, 100, torch.float32, 3.0),
    (4_194_304, 10, torch.float32, 3.0),
    (4_194_304, 2, torch.float32, 1.0),
)


def seconds(work: Callable[..., object], *arguments: object) -> float:
    start = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - start


def check(logits: Tensor, labels: Tensor) -> None:
    """The losses of some samples are torch's."""
    some = torch.arange(0, len(logits), max(1, len(logits) // 1000))
    expected = torch.nn.functional.cross_entropy(logits[some].double(), labels[some], reduction="none")
    torch.testing.assert_close(
        classification_scores(logits, labels).loss[some].double(), expected, rtol=1e-5, atol=1e-6
    )


def rows() -> Iterator[Row]:
    generator = torch.Generator().manual_seed(0)
    for samples, classes, dtype, reach in WORKS:
        logits = torch.randn(samples, classes, generator=generator).to(dtype)
        labels = torch.randint(0, classes, (samples,), generator=generator)
        check(logits, labels)
        times = interleaved(
            {
                "ours": partial(seconds, classification_scores, logits, labels),
                "peer": partial(seconds, torch.logsumexp, logits, 1),
            },
            REPEATS,
            before=lambda: None,
        )
        yield Row(
            f"five scores of {samples:,} x {classes:,} logits, {str(dtype).removeprefix('torch.')}",
            "ms",
            times["ours"] * 1e3,
            times["peer"] * 1e3,
            "torch.logsumexp",
            times["peer"] / times["ours"],
            reach,
        )


if __name__ == "__main__":
    torch.set_num_threads(THREADS)
    write_rows("selection_scorer", list(rows()))
