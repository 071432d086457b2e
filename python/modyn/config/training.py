"""The `training` section."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from modyn.config.data import Name
from modyn.config.names import (
    APEX_OPTIMIZERS,
    CUSTOM_SCHEDULERS,
    TORCH_CRITERIA,
    TORCH_OPTIMIZERS,
    TORCH_SCHEDULERS,
)
from modyn.config.section import Issue, Options, Section, rule
from modyn.config.spelling import listed, nearest

Device = Annotated[str, StringConstraints(pattern=r"^(auto|cpu|cuda|cuda:[0-9]+)$")]
AtLeastOne = Annotated[int, Field(ge=1)]

DEFAULT_BLOCK_SIZE = 1024  # of a blockwise shuffle, in samples
CLASSIFYING_CRITERIA = ("BCEWithLogitsLoss", "CrossEntropyLoss", "NLLLoss")  # of which a history can be recorded


class ParamGroup(Section):
    """Parameters that share an optimizer's settings."""

    module: Name = Field(description="Which part of the model: `model`, or a path such as `model.layers`.")
    config: Options = Field(default={}, description="Keyword arguments of the group, such as lr.")


class OptimizerConfig(Section):
    """An optimizer and the parameters it updates."""

    name: Name = Field(description="What the scheduler calls it.")
    algorithm: Name = Field(description="A class of torch.optim, or of apex.optimizers.")
    source: Literal["PyTorch", "APEX"] = Field(default="PyTorch", description="The package of the algorithm.")
    param_groups: list[ParamGroup] = Field(min_length=1, description="The parameters it updates, and their settings.")

    @rule
    def algorithm_exists(self) -> Iterator[Issue]:
        names = TORCH_OPTIMIZERS if self.source == "PyTorch" else APEX_OPTIMIZERS
        yield from _unknown("algorithm", f"{self.source} optimizer", self.algorithm, names)


class OptimizationCriterion(Section):
    """The loss."""

    name: Name = Field(description="A loss class of torch.nn.")
    config: Options = Field(default={}, description="Keyword arguments of the loss.")

    @rule
    def criterion_exists(self) -> Iterator[Issue]:
        yield from _unknown("name", "criterion", self.name, TORCH_CRITERIA)


class LrSchedulerConfig(Section):
    """The learning-rate scheduler; it starts anew with every training."""

    name: Name = Field(description="A class of torch.optim.lr_scheduler, or a custom scheduler.")
    source: Literal["PyTorch", "Custom"] = Field(default="PyTorch", description="Where the scheduler comes from.")
    step_every: Literal["epoch", "batch"] = Field(default="epoch", description="After what the scheduler makes a step.")
    optimizers: list[str] = Field(min_length=1, description="Names of the optimizers; exactly one for PyTorch.")
    config: Options = Field(
        default={},
        description="Keyword arguments. MODYN_NUM_BATCHES and MODYN_NUM_EPOCHS stand for the expected numbers.",
    )

    @rule
    def scheduler_exists(self) -> Iterator[Issue]:
        names = TORCH_SCHEDULERS if self.source == "PyTorch" else CUSTOM_SCHEDULERS
        yield from _unknown("name", f"{self.source} scheduler", self.name, names)

    @rule
    def one_optimizer_for_pytorch(self) -> Iterator[Issue]:
        if self.source == "PyTorch" and len(self.optimizers) != 1:
            yield Issue(("optimizers",), f"a PyTorch scheduler got {len(self.optimizers)} optimizers", "exactly one")


class CheckpointingConfig(Section):
    """Checkpoints within a training."""

    activated: bool = Field(default=False, description="Whether checkpoints are written.")
    interval: int | None = Field(default=None, ge=1, description="Every how many batches.")
    path: Path | None = Field(default=None, description="Where the reference system writes them.")

    @rule
    def active_checkpointing_has_an_interval(self) -> Iterator[Issue]:
        if self.activated and self.interval is None:
            yield Issue((), "active checkpointing needs 'interval'", "a number of batches")


class TrainingConfig(Section):
    """How a model is trained on the samples of a trigger."""

    gpus: Literal[1] = Field(default=1, description="Number of GPUs.")
    epochs_per_trigger: int = Field(default=1, ge=1, description="Passes over the training set.")
    num_samples_to_pass: list[AtLeastOne] | None = Field(
        default=None,
        min_length=1,
        description="Train on exactly so many samples, a number for each trigger; later triggers make epochs.",
    )
    num_prefetched_partitions: int = Field(
        default=1, ge=0, description="Partitions that the reference system prefetches."
    )
    parallel_prefetch_requests: int = Field(
        default=1, ge=0, description="Requests that the reference system makes at a time."
    )
    device: Device = Field(default="cpu", description="auto (a GPU if there is one), cpu, cuda or cuda:N.")
    amp: bool = Field(default=False, description="Whether to train in mixed precision; holds for evaluation too.")
    dataloader_workers: int = Field(
        default=0, ge=0, description="Processes that parse samples, if parsing needs Python."
    )
    batch_size: int = Field(ge=1, description="Samples in a batch.")
    drop_last_batch: bool = Field(default=True, description="Whether to leave out the last batch if it is not full.")
    shuffle: bool = Field(description="Whether to train in random order.")
    shuffle_mode: Literal["global", "blockwise"] = Field(
        default="global",
        description="How to shuffle. `global` permutes all samples. `blockwise` permutes blocks of neighbouring "
        "samples and mixes 32 blocks at a time: for data larger than memory, or on slow disks.",
    )
    shuffle_block_size: int = Field(
        default=DEFAULT_BLOCK_SIZE,
        ge=1,
        description="Samples in a block of a blockwise shuffle: larger blocks mix better and need more memory.",
    )
    enable_accurate_gpu_measurements: bool = Field(
        default=False, description="Whether the reference system waits for the GPU."
    )
    use_previous_model: bool = Field(description="Whether to start from the previous trigger's model.")
    seed: int | None = Field(default=None, description="Seed of everything random, if pipeline.seed is not given.")
    initial_model: Literal["random", "pretrained"] = Field(
        default="random", description="What the first training starts from."
    )
    initial_model_id: int | None = Field(
        default=None, description="The stored model to start from, for initial_model pretrained."
    )
    checkpointing: CheckpointingConfig = Field(
        default=CheckpointingConfig(activated=False), description="Checkpoints within a training."
    )
    record_loss_every: int = Field(
        default=0, ge=0, description="Every how many batches the loss is recorded; 0 for never."
    )
    record_history: bool = Field(
        default=False,
        description="Whether to keep what the training sees of each sample: loss, margin, entropy, probability of the "
        "label, gradient norm, and whether it is right; `Run.history` shows it.",
    )
    optimizers: list[OptimizerConfig] = Field(min_length=1, description="The optimizers; usually one.")
    optimization_criterion: OptimizationCriterion = Field(description="The loss.")
    lr_scheduler: LrSchedulerConfig | None = Field(default=None, description="The learning-rate scheduler.")
    grad_scaler_config: Options | None = Field(
        default=None, description="Keyword arguments of torch's GradScaler, for amp."
    )
    retries: int = Field(default=1, ge=0, description="How often a training whose process died is started again.")

    @rule
    def shuffle_settings_are_used(self) -> Iterator[Issue]:
        if not self.shuffle and self.shuffle_mode == "blockwise":
            yield Issue(("shuffle_mode",), "'blockwise' has no effect without a shuffle", "shuffle: true")
        elif self.shuffle_mode == "global" and self.shuffle_block_size != DEFAULT_BLOCK_SIZE:
            yield Issue(("shuffle_block_size",), "a global shuffle has no blocks", "shuffle_mode: blockwise")

    @rule
    def optimizer_names_differ(self) -> Iterator[Issue]:
        names = [optimizer.name for optimizer in self.optimizers]
        for position, name in enumerate(names):
            if name in names[:position]:
                what = f"there are two optimizers '{name}'"
                yield Issue(("optimizers", position, "name"), what, "a name of its own")

    @rule
    def history_is_of_classes(self) -> Iterator[Issue]:
        name = self.optimization_criterion.name
        if self.record_history and name not in CLASSIFYING_CRITERIA:
            what = f"criterion '{name}' does not tell which class is right"
            yield Issue(("record_history",), what, f"false, or the criterion {listed(CLASSIFYING_CRITERIA)}")

    @rule
    def scheduler_has_its_optimizers(self) -> Iterator[Issue]:
        if self.lr_scheduler is not None:
            names = [optimizer.name for optimizer in self.optimizers]
            for position, name in enumerate(self.lr_scheduler.optimizers):
                if name not in names:
                    yield Issue(
                        ("lr_scheduler", "optimizers", position),
                        f"there is no optimizer '{name}'",
                        listed(names),
                        nearest(name, names),
                    )

    @rule
    def pretrained_model_is_given(self) -> Iterator[Issue]:
        if self.initial_model == "pretrained":
            if not self.use_previous_model:
                yield Issue(("use_previous_model",), "initial_model 'pretrained' is never used", "true")
            if not self.initial_model_id:
                yield Issue(("initial_model",), "'pretrained' needs 'initial_model_id'", "the number of a stored model")


def _unknown(key: str, kind: str, name: Any, valid: Sequence[str]) -> Iterator[Issue]:
    if name not in valid:
        yield Issue((key,), f"there is no {kind} '{name}'", listed(valid, most=6), nearest(name, valid))
