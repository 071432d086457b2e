"""From a model's output to predicted classes, and from labels to class numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from modyn.errors import DatasetError, ModelError

NO_CLASS = -1
"""Predicted where the output is NaN, so that a model that has diverged is never right by chance."""


def single_column_as_vector(values: torch.Tensor) -> torch.Tensor:
    """[N, 1] as [N]; anything else as it is."""
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def predicted_classes(output: torch.Tensor, target: torch.Tensor, threshold: float | None, metric: str) -> torch.Tensor:
    """The classes that an output stands for, in the shape of the target.

    - One dimension more than the target, [N, C] for labels [N]: scores of C classes, the highest wins.
    - The shape of the target (N x 1 counts as N), floating point, and a `threshold`: one score per sample for class 1
      against class 0; class 1 if the score is above the threshold.
    - The shape of the target otherwise: predictions already, taken as they are.

    Raises:
        ModelError: neither shape.
    """
    output, target = single_column_as_vector(output), single_column_as_vector(target)
    if output.ndim == target.ndim + 1 and output.shape[:1] + output.shape[2:] == target.shape:
        return output.argmax(1).masked_fill(output.isnan().any(1), NO_CLASS)
    if output.shape != target.shape:
        raise wrong_shape(metric, output, target, "[N, C] scores of C classes or [N] predictions for labels [N]")
    if threshold is None or not output.is_floating_point():
        return output
    return (output > threshold).long().masked_fill(output.isnan(), NO_CLASS)


def class_numbers(target: torch.Tensor, num_classes: int, metric: str) -> npt.NDArray[np.int64]:
    """Labels of any dtype as int64 numbers of classes.

    Raises:
        DatasetError: names the first label that is none of 0, ..., num_classes - 1.
    """
    labels = target.detach().cpu().double().numpy().reshape(-1)
    numbers: npt.NDArray[np.int64] = labels.astype(np.int64)
    wrong = np.flatnonzero((numbers != labels) | (numbers < 0) | (numbers >= num_classes))
    if len(wrong):
        raise DatasetError(
            f"metric '{metric}': label {labels[wrong[0]]:g} is none of the classes 0 to {num_classes - 1}"
        )
    return numbers


def wrong_shape(metric: str, output: torch.Tensor, target: torch.Tensor, expected: str) -> ModelError:
    """The error for an output that a metric cannot use."""
    return ModelError(
        f"metric '{metric}': the model gives an output of shape {list(output.shape)} for labels of shape "
        f"{list(target.shape)}, expected {expected}; an evaluation_transformer_function can reshape it"
    )
