"""Accuracy: the share of samples whose label is predicted, or is among the n best."""

from __future__ import annotations

import torch

from modyn.evaluator.metrics.predictions import predicted_classes, single_column_as_vector, wrong_shape


class Accuracy:
    """Share of labels that are predicted (see `predicted_classes`). Not defined without samples.

    Args:
        threshold: above which a single score means class 1; None if single values are predictions.
    """

    name = "Accuracy"

    def __init__(self, threshold: float | None) -> None:
        self._threshold = threshold
        self._share = _Share()

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """See `Metric.update`; labels may have any shape that begins with N, each element counts."""
        predicted = predicted_classes(output, target, self._threshold, self.name)
        self._share.add(predicted == single_column_as_vector(target))

    def compute(self) -> float | None:
        """See `Metric.compute`."""
        return self._share.value()


class TopNAccuracy:
    """Share of labels that are among the `topn` classes with the highest scores. Not defined without samples.

    Args:
        topn: at least 2, and at most the number of classes.
    """

    def __init__(self, topn: int) -> None:
        self.name = f"Top-{topn}-Accuracy"
        self._topn = topn
        self._share = _Share()

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """See `Metric.update`; the output is [N, C] for labels [N]."""
        target = single_column_as_vector(target)
        if output.ndim != 2 or output.shape[0] != len(target) or target.ndim != 1 or output.shape[1] < self._topn:
            raise wrong_shape(self.name, output, target, f"[N, C] scores of C >= {self._topn} classes for labels [N]")
        best = output.topk(self._topn, dim=1).indices
        among_best = (best == target[:, None]).any(1)
        self._share.add(among_best & ~output.isnan().any(1))

    def compute(self) -> float | None:
        """See `Metric.compute`."""
        return self._share.value()


class _Share:
    """Counts on the device of what it counts, so that no batch waits for it."""

    def __init__(self) -> None:
        self._hits: torch.Tensor | int = 0
        self._total = 0

    def add(self, hits: torch.Tensor) -> None:
        self._hits = self._hits + hits.sum()
        self._total += hits.numel()

    def value(self) -> float | None:
        return int(self._hits) / self._total if self._total else None
