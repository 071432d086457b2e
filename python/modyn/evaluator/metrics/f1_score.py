"""F1 score: the harmonic mean of precision and recall of each class, averaged."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from modyn.errors import ModelError
from modyn.evaluator.metrics.predictions import NO_CLASS, class_numbers, predicted_classes

Average = Literal["macro", "micro", "weighted", "binary"]


class F1Score:
    """F1 = 2 TP / (2 TP + FP + FN) of each class, 0 for a class that is neither there nor predicted.

    `macro` is the mean over all classes, `weighted` that mean weighted by how often each class is there, `micro` the F1
    of the counts summed over classes (which is the accuracy, unless an output is NaN), `binary` the F1 of one class.
    Not defined without samples.

    Args:
        num_classes: labels are 0, ..., num_classes - 1.
        average: how the classes become one value.
        pos_label: the class of `binary`.
        threshold: above which a single score means class 1; None if single values are predictions.
    """

    def __init__(self, num_classes: int, average: Average, pos_label: int, threshold: float | None) -> None:
        self.name = f"F1-binary-{pos_label}" if average == "binary" else f"F1-{average}"
        self._num_classes = num_classes
        self._average = average
        self._pos_label = pos_label
        self._threshold = threshold
        self._hits = np.zeros(num_classes, dtype=np.int64)
        self._present = np.zeros(num_classes, dtype=np.int64)
        self._predicted = np.zeros(num_classes, dtype=np.int64)

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """See `Metric.update`."""
        labels = class_numbers(target, self._num_classes, self.name)
        predicted = self._class_numbers_predicted(output, target)
        self._hits += self._count(labels[predicted == labels])
        self._present += self._count(labels)
        self._predicted += self._count(predicted[predicted != NO_CLASS])

    def _class_numbers_predicted(self, output: torch.Tensor, target: torch.Tensor) -> npt.NDArray[np.int64]:
        classes = predicted_classes(output, target, self._threshold, self.name).detach().cpu().double().numpy()
        valid = (classes == np.floor(classes)) & (classes >= NO_CLASS) & (classes < self._num_classes)
        if not valid.all():
            raise ModelError(
                f"metric '{self.name}': the model predicts {classes[~valid][0]:g}, expected one of the classes 0 to "
                f"{self._num_classes - 1}"
            )
        predicted: npt.NDArray[np.int64] = classes.astype(np.int64).reshape(-1)
        return predicted

    def _count(self, classes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return np.bincount(classes, minlength=self._num_classes)

    def compute(self) -> float | None:
        """See `Metric.compute`."""
        total = int(self._present.sum())
        if total == 0:
            return None
        # 2 TP + FP + FN: how often a class was predicted and how often it was there.
        scores = 2 * self._hits / np.maximum(self._predicted + self._present, 1)
        match self._average:
            case "macro":
                return float(scores.mean())
            case "weighted":
                return float(scores @ self._present / total)
            case "micro":
                return float(2 * self._hits.sum() / (self._predicted.sum() + total))
            case "binary":
                return float(scores[self._pos_label])
