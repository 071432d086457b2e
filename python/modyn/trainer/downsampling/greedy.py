"""The greedy algorithms as a pipeline names them."""

from __future__ import annotations

from typing import Any, Literal

from modyn.trainer.downsampling.api import Draw

Greedy = Literal["NaiveGreedy", "LazyGreedy", "StochasticGreedy", "ApproximateLazyGreedy"]

_OPTIMIZERS = {
    "NaiveGreedy": "naive",
    "LazyGreedy": "lazy",
    "StochasticGreedy": "stochastic",
    "ApproximateLazyGreedy": "approximate_lazy",
}


def greedy_options(name: Greedy, draw: Draw) -> dict[str, Any]:
    """Keyword arguments for the operators of `modyn.ops`."""
    return {"optimizer": _OPTIMIZERS[name], "seed": draw.bits() >> 1}  # theirs are signed
