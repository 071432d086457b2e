"""Entry of a training job: builds what the pipeline describes, trains, and writes the model.

The result names a file that is complete and durable. Nothing that is found to be odd after the training keeps the
model from being written.
"""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path
from typing import Any

import torch
import torch._dynamo  # the first optimizer imports it, which takes a second: here the warm parent does, once

from modyn.compute.api import Emit, Json
from modyn.config import PipelineConfig
from modyn.errors import CorruptFileError
from modyn.metadata.history import write_history
from modyn.models.build import build_model
from modyn.models.weights import load_weights, save_weights
from modyn.trainer.api import TrainingRequest, TrainingResult
from modyn.trainer.batch_plan import BatchPlan
from modyn.trainer.checkpoints import CheckpointFolder, checkpoint_folder
from modyn.trainer.components import Components
from modyn.trainer.course import Course, build_course, plan_of, steps_of
from modyn.trainer.criterion import Criterion
from modyn.trainer.data.feeding import Feeding
from modyn.trainer.data.source import TrainingSamples
from modyn.trainer.device import find_device
from modyn.trainer.downsampling import build_downsampling
from modyn.trainer.history import HistoryRecorder, sum_up
from modyn.trainer.loop import TrainingLoop
from modyn.trainer.loss_record import LossRecord
from modyn.trainer.observation import HistoryObserver
from modyn.trainer.optimizers import build_optimizers
from modyn.trainer.precision import Precision
from modyn.trainer.progress import Progress
from modyn.trainer.schedulers import build_schedule
from modyn.trainer.seeding import AddressedSeeds, use_deterministic_algorithms
from modyn.trainer.user_code import load_function
from modyn.trainer.whole_batches import Observer

MODEL_FILE = "model.safetensors"
RECORDS_FILE = "history.records"
HISTORY_FILE = "history"


def run(payload: Json, emit: Emit) -> Json:
    """Run one training; `payload` is a `TrainingRequest`, the answer a `TrainingResult`."""
    request = TrainingRequest.from_json(payload)
    # The pipeline's code may import what lies beside its file, in loader workers too.
    sys.path.insert(0, str(request.source_folder))
    return train(request, emit).to_json()


def train(request: TrainingRequest, emit: Emit) -> TrainingResult:
    """Train as requested, from a checkpoint of `request.resume_folder` if there is one.

    Raises:
        ModelError: the model, an optimizer, the criterion or the scheduler cannot be built as configured, or the device
            does not exist.
        UnsupportedError: something that the configuration knows and this version cannot run.
        DatasetError: the training set is empty or its samples cannot be read.
    """
    started = time.perf_counter()
    if request.threads:
        torch.set_num_threads(request.threads)
    use_deterministic_algorithms()
    config = PipelineConfig.model_validate(request.pipeline)
    seeds = AddressedSeeds(request.seed, request.trigger)
    feeding = Feeding.of(request, config)
    samples = feeding.samples(request.training_set)
    downsampling = build_downsampling(request.downsampling, request.source_folder)
    plan = plan_of(feeding, samples, downsampling)
    weighted = samples.weighted or (downsampling is not None and downsampling.weighs)
    components = _build(config, request, seeds, plan.total_epochs, steps_of(plan, downsampling), weighted=weighted)
    progress = Progress(request.trigger, plan, emit)
    observers: list[Observer] = []
    recorder = None
    if config.training.record_history:
        recorder = HistoryRecorder(request.folder / RECORDS_FILE)
        observers = [HistoryObserver(recorder, config.training.optimization_criterion, components.device)]
    course = build_course(components, feeding, samples, plan, downsampling, observers, progress.while_scoring)
    losses = LossRecord(components.device, config.training.record_loss_every)
    checkpointing = config.training.checkpointing
    identity = _identity(request, samples)
    checkpoints = checkpoint_folder(checkpointing, request.folder, identity) if checkpointing.activated else None
    loop = TrainingLoop(
        components,
        course.stepper,
        plan,
        seeds,
        losses,
        progress,
        checkpoints,
        checkpointing.interval or 0,
        course.stateful if recorder is None else course.stateful | {"history": recorder},
    )
    start = 0
    if checkpoints is not None and request.resume_folder is not None:
        earlier = checkpoint_folder(checkpointing, request.resume_folder, identity)
        start = _continue_from(earlier, checkpoints, loop, recorder, request.resume_folder / RECORDS_FILE)

    loop_started = time.perf_counter()
    with course.batches(start) as batches:
        loop.run(batches)
    loop_ended = time.perf_counter()

    model_file = request.folder / MODEL_FILE
    digest = save_weights(components.model, model_file)
    history = None if recorder is None else _summed_up(request, course, recorder)
    if checkpoints is not None:
        checkpoints.clear()
    course.finish()
    # Until then, a later attempt may continue from a checkpoint that counts on it.
    (request.folder / RECORDS_FILE).unlink(missing_ok=True)
    choosing = course.choosing()
    final = losses.final
    return TrainingResult(
        model=model_file,
        digest=digest,
        samples=loop.samples,
        batches=plan.total_batches,
        epochs=plan.total_epochs,
        seconds=loop_ended - loop_started,
        setup_seconds=loop_started - started,
        final_loss=final if final is not None and math.isfinite(final) else None,
        losses=losses.losses,
        scored_samples=choosing.scored_samples,
        choosing_seconds=choosing.seconds,
        warnings=[*_plan_warnings(plan), *_deletion_warnings(samples), *loop.warnings],
        history=history,
    )


def _build(
    config: PipelineConfig, request: TrainingRequest, seeds: AddressedSeeds, epochs: int, steps: int, *, weighted: bool
) -> Components:
    training = config.training
    device = find_device(training.device)
    seeds.before_model()
    model = build_model(config.model, request.source_folder, device, amp=training.amp)
    if request.previous_model is not None:
        load_weights(model, request.previous_model)
    optimizers = build_optimizers(training.optimizers, model)
    schedule = None
    if training.lr_scheduler is not None:
        schedule = build_schedule(training.lr_scheduler, optimizers, batches=steps, epochs=epochs)
    transformer = config.data.label_transformer_function
    return Components(
        model=model,
        optimizers=optimizers,
        criterion=Criterion(training.optimization_criterion, weighted=weighted, device=device),
        precision=Precision(training.amp, device, training.grad_scaler_config),
        schedule=schedule,
        label_transformer=load_function(transformer, "label_transformer_function") if transformer else None,
        device=device,
    )


def _identity(request: TrainingRequest, samples: TrainingSamples) -> dict[str, Any]:
    """What makes two trainings the same one."""
    return {
        "pipeline": request.pipeline,
        "trigger": request.trigger,
        "seed": request.seed,
        "num_samples": request.num_samples,
        "training_set": samples.digest,
        "downsampling": request.downsampling,
        "previous_model": None if request.previous_model is None else request.previous_model.name,
    }


def _continue_from(
    earlier: CheckpointFolder,
    ours: CheckpointFolder,
    loop: TrainingLoop,
    recorder: HistoryRecorder | None,
    records: Path,
) -> int:
    checkpoint = earlier.newest()
    if checkpoint is None:
        return 0
    if recorder is not None:
        try:
            recorder.adopt(records, checkpoint.values["history"])
        except CorruptFileError:
            return 0  # as if the checkpoint were torn
    # Last, since a checkpoint of ours says that all it counts on is in our folder, too.
    loop.load(checkpoint)
    ours.adopt(earlier, checkpoint.batches)
    return checkpoint.batches


def _summed_up(request: TrainingRequest, course: Course, recorder: HistoryRecorder) -> Path:
    """The training's own history, by key."""
    recorder.close()
    table = sum_up(request.folder / RECORDS_FILE, request.trigger, course.keys)
    write_history(request.folder / HISTORY_FILE, request.trigger, table)
    return request.folder / HISTORY_FILE


def _deletion_warnings(samples: TrainingSamples) -> list[str]:
    if not samples.deleted:
        return []
    return [
        f"{samples.deleted:,} of the {len(samples):,} samples of the training set were deleted after it was written; "
        "they had the weight 0, so the training gave another model than it would have before"
    ]


def _plan_warnings(plan: BatchPlan) -> list[str]:
    if not plan.is_one_small_batch:
        return []
    return [
        f"there were {plan.samples} samples to train on, less than one batch of {plan.batch_size}; they were one batch"
    ]
