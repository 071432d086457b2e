"""What the operators over logits share: types, checks of their arguments, and the loss's factors in plain PyTorch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from modyn.kernels.operator import address, dense

# As modyn::kernels::Element numbers them.
ELEMENTS = {torch.float32: 0, torch.float64: 1, torch.bfloat16: 2, torch.float16: 3}


def real_type(logits: Tensor) -> torch.dtype:
    """In which scores of these logits are computed and returned."""
    return torch.float64 if logits.dtype == torch.float64 else torch.float32


def check(name: str, logits: Tensor, targets: Tensor, class_weights: Tensor | None, label_smoothing: float) -> None:
    """Refuse arguments that do not fit each other; `name` is the function that was called.

    Raises:
        ValueError: says what does not fit.
    """
    if logits.dtype not in ELEMENTS:
        raise ValueError(f"{name}: logits of {logits.dtype}, expected float32, float64, bfloat16 or float16")
    if logits.ndim < 2 or logits.shape[1] == 0:
        raise ValueError(f"{name}: logits of shape {list(logits.shape)}, expected [samples, classes, ...]")
    of_labels = logits.shape[:1] + logits.shape[2:]
    fitting = logits.shape if targets.is_floating_point() else of_labels
    if targets.shape != fitting or targets.is_complex():
        raise ValueError(
            f"{name}: targets of {targets.dtype} and shape {list(targets.shape)} do not fit logits of shape "
            f"{list(logits.shape)}: expected labels {list(of_labels)} or probabilities {list(logits.shape)}"
        )
    if class_weights is not None and class_weights.shape != (logits.shape[1],):
        raise ValueError(
            f"{name}: class_weights of shape {list(class_weights.shape)} do not fit {logits.shape[1]} classes"
        )
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"{name}: label_smoothing is {label_smoothing}, expected a number from 0 to 1")


class KernelArguments:
    """Logits and criterion as the kernels take them; holds the tensors whose addresses it gives."""

    def __init__(
        self, logits: Tensor, targets: Tensor, class_weights: Tensor | None, ignore_index: int, label_smoothing: float
    ) -> None:
        self._logits = dense(logits, logits.dtype)
        soft = targets.is_floating_point()
        self._targets = dense(targets, real_type(logits) if soft else torch.int64)
        self._weights = None if class_weights is None else dense(class_weights, real_type(logits))
        self._ignore_index = ignore_index
        self.addresses: tuple[Any, ...] = (
            address(self._logits),
            ELEMENTS[logits.dtype],
            len(logits),
            logits.shape[1],
            0 if soft else address(self._targets),
            address(self._targets) if soft else 0,
            address(self._weights),
            ignore_index,
            label_smoothing,
        )

    def refuse(self, row: int) -> None:
        """Say that this row's label is unknown; nothing if it is -1."""
        if row >= 0:
            raise _unknown(row, int(self._targets[row]), self._logits.shape[1], self._ignore_index)


def _unknown(row: int, label: int, classes: int, ignore_index: int) -> ValueError:
    return ValueError(
        f"sample {row} has label {label}, which is no class of {classes}, and not ignore_index {ignore_index}"
    )


def counted(targets: Tensor, ignore_index: int) -> Tensor:
    """Which samples have a loss, bool [N]."""
    if targets.is_floating_point():
        return targets.new_ones(len(targets), dtype=torch.bool)
    return targets != ignore_index


def _classes_of(targets: Tensor, classes: int, ignore_index: int) -> Tensor:
    """Labels, 0 for ignored ones; ValueError if one is unknown, which on a GPU nothing could be caught of later."""
    labels = targets.long().where(counted(targets, ignore_index), 0)
    if len(labels) > 0:
        least, most = (int(one) for one in torch.stack(labels.aminmax()).tolist())
        if least < 0 or most >= classes:
            row = int(((labels < 0) | (labels >= classes)).int().argmax())
            raise _unknown(row, int(labels[row]), classes, ignore_index)
    return labels


def factors(
    logits: Tensor, targets: Tensor, class_weights: Tensor | None, ignore_index: int, label_smoothing: float
) -> Tensor:
    """[N, C] numbers v: the loss is sum_c v_c (-log p_c), its gradient p * sum(v) - v; 0 in ignored rows."""
    real = real_type(logits)
    classes = logits.shape[1]
    weights = logits.new_ones(classes, dtype=real) if class_weights is None else class_weights.to(real)
    if targets.is_floating_point():
        return weights * ((1 - label_smoothing) * targets.to(real) + label_smoothing / classes)
    labels = torch.nn.functional.one_hot(_classes_of(targets, classes, ignore_index), classes).to(real)
    smoothed = weights * ((1 - label_smoothing) * labels + label_smoothing / classes)
    return smoothed * counted(targets, ignore_index)[:, None]
