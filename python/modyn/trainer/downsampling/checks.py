"""Checks what a downsampler gives back; those of other packages may be wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import torch
from torch import Tensor

from modyn.errors import SelectionError
from modyn.trainer.downsampling.api import Choice, Downsampler, Needs


def check_downsampler(downsampler: Downsampler, name: str, sample_then_batch: bool) -> None:
    """Raise SelectionError unless it says what it needs, and can be used in the mode."""
    known = get_args(Needs)
    if getattr(downsampler, "needs", None) not in known:
        raise SelectionError(f"downsampling strategy '{name}': its attribute `needs` must be one of {', '.join(known)}")
    if not isinstance(getattr(downsampler, "weighted", None), bool):
        raise SelectionError(f"downsampling strategy '{name}': its attribute `weighted` must be True or False")
    mode = "sample_then_batch" if sample_then_batch else "batch_then_sample"
    modes = getattr(downsampler, "modes", ())
    if mode not in modes:
        listed = ", ".join(sorted(modes)) or "none"
        raise SelectionError(
            f"downsampling strategy '{name}' cannot be used as {mode}; its attribute `modes` has {listed}"
        )


def check_measured(columns: Mapping[str, Tensor], count: int, downsampler: Downsampler) -> None:
    """Raise SelectionError unless these are tensors with a row for each of `count` samples."""
    name = f"downsampler {type(downsampler).__name__}"
    if not isinstance(columns, Mapping):
        raise SelectionError(f"{name}: `measure` returned {type(columns).__name__}, expected a dict of tensors")
    for column, values in columns.items():
        if not isinstance(values, Tensor):
            raise SelectionError(f"{name}: `measure` gave {type(values).__name__} for '{column}', expected a tensor")
        if values.ndim == 0 or len(values) != count:
            raise SelectionError(
                f"{name}: `measure` gave '{column}' of shape {list(values.shape)}, expected one row for each of "
                f"{count} samples"
            )


def check_choice(choice: Choice, size: int, count: int, downsampler: Downsampler) -> None:
    """Raise SelectionError unless it is `count` different positions below `size`, weights finite and not negative."""
    name = f"downsampler {type(downsampler).__name__}"
    if not isinstance(choice, Choice):
        raise SelectionError(f"{name}: `choose` returned {type(choice).__name__}, expected a Choice")
    positions, weights = choice.positions, choice.weights
    if positions.dtype != torch.int64 or positions.ndim != 1:
        raise SelectionError(
            f"{name}: positions are {positions.dtype} of shape {list(positions.shape)}, expected int64 of one dimension"
        )
    if len(positions) != count:
        raise SelectionError(f"{name}: {len(positions)} samples were chosen, expected exactly {count} of {size}")
    if int(positions.min()) < 0 or int(positions.max()) >= size:
        raise SelectionError(f"{name}: a position is not among the {size} candidates, which count from 0")
    if len(torch.unique(positions)) != count:
        raise SelectionError(f"{name}: a sample was chosen more than once")
    if (weights is not None) != downsampler.weighted:
        given = "no weights" if weights is None else "weights"
        raise SelectionError(f"{name}: it gave {given}, but its attribute `weighted` is {downsampler.weighted}")
    if weights is None:
        return
    if weights.shape != positions.shape or not bool((torch.isfinite(weights) & (weights >= 0)).all()):
        raise SelectionError(f"{name}: weights must be one finite number of at least 0 for each chosen sample")
