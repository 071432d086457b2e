"""Losses, certainties and gradients of single samples, for whatever criterion the training has."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

import modyn.ops as ops
from modyn.errors import ModelError
from modyn.trainer.criterion import Criterion

if TYPE_CHECKING:
    from modyn.config.training import OptimizationCriterion

# Whose outputs are the logits of classes that exclude each other, and of classes that do not.
_EXCLUSIVE = frozenset({"CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"})
_BINARY = frozenset({"BCEWithLogitsLoss", "MultiLabelSoftMarginLoss", "SoftMarginLoss"})


class Scores(NamedTuple):
    """What is known of n samples, float32 [n] each.

    `loss` is the criterion's; `max_probability`, `margin` (between the two most probable classes) and `entropy` (nats)
    tell how certain the model is; `gradient_norm` is the length of the loss's gradient with respect to the outputs.
    """

    loss: Tensor
    max_probability: Tensor
    margin: Tensor
    entropy: Tensor
    gradient_norm: Tensor


class Scorer:
    """Scores samples by a criterion.

    The operators of `modyn.ops` do it in one pass where the criterion is cross entropy, plain or binary, and autograd
    on the outputs alone where it is another; the model is never differentiated.

    Args:
        config: the training's criterion.
        device: where outputs and labels are.
    """

    def __init__(self, config: OptimizationCriterion, device: torch.device) -> None:
        self._name = config.name
        self._config = config
        self._device = device

    @cached_property
    def _criterion(self) -> Criterion:
        return Criterion(self._config, weighted=True, device=self._device)

    @property
    def _module(self) -> Any:
        return self._criterion.module

    def losses(self, output: Tensor, labels: Tensor) -> Tensor:
        """Loss of each sample, float32 [n]; summed over what a sample has several of."""
        return self._criterion.losses(output.float(), labels).float()

    def scores(self, output: Tensor, labels: Tensor) -> Scores:
        """All scores.

        Raises:
            ModelError: outputs of this criterion say nothing of classes.
        """
        if self._is_cross_entropy(output):
            of_class = ops.classification_scores(output, labels, **self._cross_entropy_options())
            return Scores(*of_class[:5])
        if self._name == "BCEWithLogitsLoss":
            binary = ops.binary_scores(output, labels, **self._binary_options())
            return Scores(*binary[:5])
        certainty = self._certainty(output)
        return Scores(self.losses(output, labels), *certainty, self.gradient_norms(output, labels))

    def gradient_norms(self, output: Tensor, labels: Tensor) -> Tensor:
        """Length of each sample's gradient with respect to its outputs, float32 [n]; for any criterion."""
        if self._is_cross_entropy(output) or self._name == "BCEWithLogitsLoss":
            return self.scores(output, labels).gradient_norm
        norms: Tensor = torch.linalg.vector_norm(self.gradients(output, labels), dim=1)
        return norms

    def gradients(self, output: Tensor, labels: Tensor) -> Tensor:
        """Gradients of each sample's loss with respect to its outputs, float32 [n, C]."""
        if self._is_cross_entropy(output):
            return ops.cross_entropy_gradients(output, labels, **self._cross_entropy_options())
        if self._name == "BCEWithLogitsLoss":
            return ops.binary_gradients(output, labels, **self._binary_options())
        with torch.enable_grad():
            leaf = output.detach().float().requires_grad_()
            gradients: Tensor = torch.autograd.grad(self._criterion.losses(leaf, labels).sum(), leaf)[0]
        return gradients.reshape(len(output), -1)

    def _is_cross_entropy(self, output: Tensor) -> bool:
        # Probabilities' logarithms are logits that give the same probabilities. Gradients with respect to these logits
        # tell samples apart; those with respect to the logarithms themselves are the same for all samples of a class.
        return self._name in ("CrossEntropyLoss", "NLLLoss") and output.ndim == 2

    def _cross_entropy_options(self) -> dict[str, Any]:
        return {
            "class_weights": self._module.weight,
            "ignore_index": self._module.ignore_index,
            "label_smoothing": getattr(self._module, "label_smoothing", 0.0),
        }

    def _binary_options(self) -> dict[str, Any]:
        return {"weight": self._module.weight, "pos_weight": self._module.pos_weight}

    def _certainty(self, output: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Greatest probability, margin and entropy [n] each."""
        if self._name in _EXCLUSIVE and output.ndim == 2:
            labels = torch.zeros(len(output), dtype=torch.int64, device=output.device)
            scores = ops.classification_scores(output, labels)
        elif self._name in _BINARY:
            scores = ops.binary_scores(output, torch.zeros_like(output))
        elif self._name == "BCELoss":
            scores = ops.binary_scores(torch.logit(output.float()), torch.zeros_like(output, dtype=torch.float32))
        else:
            raise ModelError(
                f"criterion '{self._name}' with outputs of shape {list(output.shape)} gives no probabilities of "
                "classes to be certain of; use another downsampling strategy, such as Loss or GradNorm"
            )
        return scores.max_probability, scores.margin, scores.entropy
