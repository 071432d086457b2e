"""Trainer: one training as a job. The request is all that the training process is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modyn.compute.api import Message
from modyn.storage.api import ViewRef

ENTRY = "modyn.trainer.job:run"


@dataclass(frozen=True)
class HeldOutModel(Message):
    """An auxiliary model, trained on samples that were held out.

    Attributes:
        model: safetensors file of its weights.
        training_set: what it was trained on.
        seconds: how long that took.
    """

    model: Path
    training_set: Path
    seconds: float


@dataclass(frozen=True)
class TrainingRequest(Message):
    """What one attempt at a training does.

    Attributes:
        pipeline: the resolved pipeline configuration as JSON (PipelineConfig.model_dump(mode="json")).
        source_folder: the folder of the pipeline file; `module:Class` names are looked up there first.
        view: the pinned view that the training set was written for.
        training_set: file of the training set.
        downsampling: the section of the downsampling to use, a `SingleDownsamplingConfig` as JSON; None for none.
        trigger: number of the trigger, from 0.
        seed: the run's seed, 64 bits; with the trigger it addresses every random choice.
        previous_model: safetensors file to start from, or None for fresh weights.
        num_samples: train on exactly so many samples instead of whole epochs, or None.
        folder: the attempt's own folder; the model and the checkpoints are written there.
        resume_folder: folder of an earlier attempt whose checkpoints may be continued, or None.
        threads: CPU threads that the training may use; 0 for all.
        history: file of what earlier trainings of the run saw of each sample, if there is one.
        held_out: the auxiliary models that it compares with, if it does.
    """

    pipeline: dict[str, Any]
    source_folder: Path
    view: ViewRef
    training_set: Path
    trigger: int
    seed: int
    previous_model: Path | None
    num_samples: int | None
    folder: Path
    resume_folder: Path | None = None
    threads: int = 0
    downsampling: dict[str, Any] | None = None
    held_out: list[HeldOutModel] = field(default_factory=list)
    history: Path | None = None


@dataclass(frozen=True)
class TrainingResult(Message):
    """What a finished training reports.

    `seconds` is the time in the training loop, `setup_seconds` that before it. `samples`, `batches` and
    `epochs` (started ones) count what went into the model, in earlier attempts included. `final_loss` is the mean
    over the samples of the last epoch, None if that is not a finite number; `losses` are (global batch from 1,
    mean over the batches since the last record) pairs recorded every `record_loss_every` batches. `history` is a file
    (modyn.metadata.history) of what this training saw of each sample, if it was recorded. Of a training that
    downsamples, `scored_samples` went through the model for it alone, and `choosing_seconds` of `seconds` were spent on
    that and on choosing. Batch-then-sample has no such pass; RHO-LOSS has one through held-out models, before the loop.
    """

    model: Path
    digest: str
    samples: int
    batches: int
    epochs: int
    seconds: float
    setup_seconds: float
    final_loss: float | None
    losses: list[tuple[int, float]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    history: Path | None = None
    scored_samples: int = 0
    choosing_seconds: float = 0.0
