"""Shows the history recorder what the model gave for each batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

import modyn.ops as ops
from modyn.errors import ModelError
from modyn.trainer.data.batch import Batch
from modyn.trainer.history import HistoryRecorder

if TYPE_CHECKING:
    from modyn.config.training import OptimizationCriterion


class HistoryObserver:
    """Records each batch as the model saw it in training, before its step.

    Args:
        recorder: keeps the records.
        config: the training's criterion, one of `modyn.config.training.CLASSIFYING_CRITERIA`.
        device: where outputs and labels are.
    """

    def __init__(self, recorder: HistoryRecorder, config: OptimizationCriterion, device: torch.device) -> None:
        self.recorder = recorder
        self._name = config.name
        options: dict[str, Any] = {
            name: torch.tensor(option, dtype=torch.float32, device=device) if isinstance(option, list) else option
            for name, option in config.config.items()
        }
        self._binary: dict[str, Any] = {name: options[name] for name in ("weight", "pos_weight") if name in options}
        self._classes: dict[str, Any] = {
            "class_weights": options.get("weight"),
            "ignore_index": options.get("ignore_index", -100),
            "label_smoothing": options.get("label_smoothing", 0.0),
        }

    def __call__(self, batch: Batch, output: Tensor, labels: Tensor) -> None:
        """Record a batch.

        Args:
            batch: where its samples are in the training; those of weight 0 are not trained on, so not recorded.
            output: of the model.
            labels: as the criterion takes them.

        Raises:
            ModelError: the output is not one prediction for each sample.
        """
        output = output.detach()
        counted: Tensor | None = None
        if batch.weights is not None:
            counted = (batch.weights != 0).to(output.device)
        if self._name == "BCEWithLogitsLoss":
            columns = self._of_two_classes(output, labels)
        else:
            columns = self._of_classes(output, labels)
            if not labels.is_floating_point():
                known: Tensor = labels != self._classes["ignore_index"]
                counted = known if counted is None else counted & known
        self.recorder.add(batch.span, columns, counted)

    def _of_classes(self, output: Tensor, labels: Tensor) -> dict[str, Tensor]:
        if output.ndim != 2:
            raise _unfit(output, "[samples, classes]")
        of_label = ops.label_scores(output, labels, **self._classes)
        scores = ops.classification_scores(output, labels, **self._classes)
        return {
            "loss": of_label.loss,
            "margin": of_label.margin,
            "entropy": scores.entropy,
            "probability": of_label.probability,
            "gradient_norm": scores.gradient_norm,
            "correct": of_label.correct,
        }

    def _of_two_classes(self, output: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """One logit for each sample, of class 1; that of class 0 is 0."""
        if output.numel() != len(output):
            raise _unfit(output, "[samples] or [samples, 1]")
        logits, labels = output.reshape(-1).float(), labels.reshape(-1).float()
        with torch.enable_grad():
            leaf = logits.detach().requires_grad_()
            losses = F.binary_cross_entropy_with_logits(leaf, labels, reduction="none", **self._binary)
            (gradients,) = torch.autograd.grad(losses.sum(), leaf)
        margin = torch.where(labels > 0.5, logits, -logits)
        probability = torch.sigmoid(logits)
        return {
            "loss": losses.detach(),
            "margin": margin,
            "entropy": F.softplus(logits) - probability * logits,
            "probability": torch.sigmoid(margin),
            "gradient_norm": gradients.abs(),
            "correct": margin > 0,
        }


def _unfit(output: Tensor, expected: str) -> ModelError:
    return ModelError(
        f"training.record_history: the model's output has the shape {list(output.shape)}, expected {expected}; set it "
        "to false for this model"
    )
