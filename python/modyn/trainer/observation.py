"""Shows the history recorder what the model gave for each batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
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
        self._options: dict[str, Any]
        if config.name == "BCEWithLogitsLoss":
            self._options = {name: options.get(name) for name in ("weight", "pos_weight")}
        else:
            self._options = {
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
            ModelError: the output is not one prediction among classes for each sample.
        """
        output = output.detach()
        counted: Tensor | None = None
        if batch.weights is not None:
            counted = (batch.weights != 0).to(output.device)
        if self._name == "BCEWithLogitsLoss":
            of_label = ops.binary_label_scores(output, labels, **self._options)
            scores = ops.binary_scores(output, labels, **self._options)
        else:
            if output.ndim != 2:
                raise ModelError(
                    f"training.record_history: the model's output has the shape {list(output.shape)}, expected "
                    "[samples, classes]; set it to false for this model"
                )
            of_label = ops.label_scores(output, labels, **self._options)
            scores = ops.classification_scores(output, labels, **self._options)
            if not labels.is_floating_point():
                known: Tensor = labels != self._options["ignore_index"]
                counted = known if counted is None else counted & known
        columns = {
            "loss": of_label.loss,
            "margin": of_label.margin,
            "entropy": scores.entropy,
            "probability": of_label.probability,
            "gradient_norm": scores.gradient_norm,
            "correct": of_label.correct,
        }
        self.recorder.add(batch.span, columns, counted)
