"""Area under the receiver operating characteristic of two classes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from modyn.evaluator.metrics.predictions import class_numbers, single_column_as_vector, wrong_shape

Scores = npt.NDArray[np.float32] | npt.NDArray[np.float64]


class RocAuc:
    """The chance that a sample of class 1 has a higher score than one of class 0; a tie counts half.

    This is the area under the curve exactly, ties included (Hanley and McNeil, Radiology 1982). The score is the output
    itself if there is one per sample ([N] or [N, 1]), and the difference of the two columns of an output [N, 2], which
    orders samples as the probability of class 1 does, be the columns logits or probabilities. Not defined if
    only one class is there, or if a score is NaN.

    Ranks need all scores: 4 bytes are kept per sample, 8 if the output is [N, 2] or float64.
    """

    name = "ROC-AUC"

    def __init__(self) -> None:
        self._scores: tuple[list[Scores], list[Scores]] = ([], [])

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """See `Metric.update`; labels are 0 or 1."""
        output, target = single_column_as_vector(output), single_column_as_vector(target)
        if target.ndim != 1 or len(output) != len(target) or not (output.ndim == 1 or output.shape[1:] == (2,)):
            raise wrong_shape(self.name, output, target, "[N], [N, 1] or [N, 2] for labels [N]")
        labels = class_numbers(target, 2, self.name)
        scores = _scores(output.detach().cpu())
        for label, kept in enumerate(self._scores):
            kept.append(scores[labels == label])

    def compute(self) -> float | None:
        """See `Metric.compute`."""
        negative, positive = (np.sort(np.concatenate(kept)) if kept else np.empty(0) for kept in self._scores)
        # Sorting puts NaN last.
        if not len(negative) or not len(positive) or np.isnan(negative[-1]) or np.isnan(positive[-1]):
            return None
        below = int(np.searchsorted(negative, positive, side="left").sum())
        not_above = int(np.searchsorted(negative, positive, side="right").sum())
        return (below + not_above) / (2 * len(negative) * len(positive))


def _scores(output: torch.Tensor) -> Scores:
    if output.ndim == 2:
        wide = output.double()
        return (wide[:, 1] - wide[:, 0]).numpy()
    return (output if output.dtype == torch.float64 else output.float()).numpy()
