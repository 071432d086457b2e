"""The loss of a batch: a class of torch.nn, weighted by sample if the training set has weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from modyn.errors import ModelError

if TYPE_CHECKING:
    from modyn.config.training import OptimizationCriterion


class Criterion:
    """Loss of a batch as one number.

    With weights w it is sum(w_i * l_i) / sum(w_i) over the losses l_i of the samples, and 0 if all weights are 0; with
    `reduction: sum` it is sum(w_i * l_i). Where the class divides by the weights of labels and leaves labels out
    (`weight` and `ignore_index` of cross entropy), so it does here. Weights of 1 give the loss of the class itself.

    Args:
        config: the class and its options; lists among the options become tensors (`weight`, `pos_weight`).
        weighted: whether batches come with weights.
        device: where the outputs will be.

    Raises:
        ModelError: the class does not take the options, or its `reduction` gives no single number.
    """

    def __init__(self, config: OptimizationCriterion, *, weighted: bool, device: torch.device) -> None:
        options: dict[str, Any] = {
            key: torch.tensor(value, dtype=torch.float32) if isinstance(value, list) else value
            for key, value in config.config.items()
        }
        reduction = options.get("reduction", "mean")
        if reduction == "none" or (weighted and reduction not in ("mean", "sum")):
            because = (
                "samples have weights, or are scored one by one" if weighted else "the loss of a batch is one number"
            )
            raise ModelError(f"criterion '{config.name}': reduction '{reduction}' cannot be used because {because}")
        self.sums = reduction == "sum"
        self._weighted = weighted
        if weighted:
            options["reduction"] = "none"
        try:
            criterion: nn.Module = getattr(nn, config.name)(**options)
        except TypeError as error:
            raise ModelError(f"criterion '{config.name}' does not take {config.config}: {error}") from error
        self._criterion = criterion.to(device)

    def __call__(self, output: Any, labels: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
        """The loss, a scalar; `weights` is float32 [B] or None."""
        loss: torch.Tensor = self._criterion(output, labels)
        if not self._weighted:
            return loss
        if weights is None:  # what is chosen of a set may have no weights though the set has, as after a delete
            weights = torch.ones(len(labels), device=labels.device)
        if self.sums:
            return torch.dot(_sums(loss).to(weights.dtype), weights)
        divisors = _sums(self._divisors(loss, labels)).to(weights.dtype)
        # At least the smallest normal number, so that a batch of weight 0 has loss 0 and no gradient.
        total = torch.dot(weights, divisors).clamp_min(torch.finfo(weights.dtype).tiny)
        return torch.dot(_sums(loss).to(weights.dtype), weights / total)

    @property
    def module(self) -> nn.Module:
        """The class's own module."""
        return self._criterion

    def losses(self, output: Any, labels: torch.Tensor) -> torch.Tensor:
        """Loss of each sample [B], summed over what it has several of; only where batches come with weights."""
        return _sums(self._criterion(output, labels))

    def weighted_sum(
        self, output: Any, labels: torch.Tensor, weights: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """sum(w_i * l_i), and what that is divided by for the mean; so the mean of several parts can be had."""
        loss: torch.Tensor = self._criterion(output, labels)
        total = torch.dot(_sums(loss).to(weights.dtype), weights)
        return total, torch.dot(weights, _sums(self._divisors(loss.detach(), labels)).to(weights.dtype))

    def _divisors(self, loss: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """What the class counts each number of `loss` as when it takes the mean."""
        if not isinstance(self._criterion, nn.CrossEntropyLoss | nn.NLLLoss) or labels.is_floating_point():
            return torch.ones_like(loss)
        counted = labels != self._criterion.ignore_index
        of_class = self._criterion.weight
        if of_class is None:
            return counted.to(torch.float32)
        return torch.where(counted, of_class[labels.where(counted, 0)], 0)


def _sums(values: torch.Tensor) -> torch.Tensor:
    """Of each sample."""
    return values.flatten(1).sum(1) if values.ndim > 1 else values
