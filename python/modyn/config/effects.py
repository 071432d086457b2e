"""What a pipeline file may say that has no effect here.

Modyn's design makes some settings meaningless that the reference system's files carry, and some options do not apply
beside others. They are validated, and a run says once that it does not use them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modyn.config.downsampling import (
    CraigDownsampling,
    GradMatchDownsampling,
    GradNormDownsampling,
    KcenterGreedyDownsampling,
    LossDownsampling,
    NoDownsampling,
    PluginDownsampling,
    SingleDownsamplingConfig,
    SubmodularDownsampling,
    UncertaintyDownsampling,
    single_strategies,
)
from modyn.config.pipeline import PipelineConfig
from modyn.config.section import Loc, Section, dotted, walk
from modyn.config.selection import CoresetStrategy
from modyn.config.system import SystemConfig
from modyn.config.training import TrainingConfig

_PARTITIONS = "training sets are files that are read in whole batches; partitions exist only on the wire"
_GAINS = "how many gains are computed at a time is the kernels' decision, and changes no choice"
_ZIP = "models are stored as safetensors"
_NO_ROWS = "Modyn keeps no database row per sample"
_FTP = "models are not transferred by FTP"

_PIPELINE: dict[tuple[str, str], str] = {
    ("FullModelStrategy", "config"): "neither strategy has options",
    ("FullModelStrategy", "zip"): _ZIP,
    ("FullModelStrategy", "zip_algorithm"): _ZIP,
    ("IncrementalModelStrategy", "zip"): _ZIP,
    ("IncrementalModelStrategy", "zip_algorithm"): _ZIP,
    ("TrainingConfig", "num_prefetched_partitions"): _PARTITIONS,
    ("TrainingConfig", "parallel_prefetch_requests"): "samples are read from files, not requested from a service",
    ("TrainingConfig", "enable_accurate_gpu_measurements"): "times are measured for whole trainings and batches",
    ("IlTrainingConfig", "seed"): "held-out models are seeded by the run's seed",
    ("IlTrainingConfig", "retries"): "training.retries holds for all steps of a trigger",
    ("IlTrainingConfig", "record_loss_every"): "losses of held-out models are not kept",
    ("CraigDownsampling", "selection_batch"): _GAINS,
    ("SubmodularDownsampling", "selection_batch"): _GAINS,
    ("_Selection", "maximum_keys_in_memory"): _PARTITIONS,
    ("_Selection", "processor_type"): "there is no metadata processor",
    ("_Selection", "storage_backend"): "what a pipeline has seen is kept as ranges of the dataset",
    ("_AlibiMetric", "p_val"): "the distance is compared with the decision criterion",
    ("AlibiDetectMmdDriftMetric", "threshold"): "the distance is compared with the decision criterion",
    ("EvidentlyModelDriftMetric", "threshold"): "the distance is compared with the decision criterion",
    ("EvidentlyRatioDriftMetric", "threshold"): "the distance is compared with the decision criterion",
    ("EvidentlySimpleDistanceDriftMetric", "threshold"): "the distance is compared with the decision criterion",
    ("AvoidableMisclassificationCostTriggerConfig", "decision_criteria"): "this trigger decides by cost",
    ("_Dataset", "filesystem_wrapper_type"): "the base path says which file system is meant",
    ("_Dataset", "selector_batch_size"): "policies see the data in chunks of a size of Modyn's own",
    ("_Dataset", "ignore_last_timestamp"): "files are known by size, time and content, so none is looked at in vain",
    ("CsvFileWrapperConfig", "validate_file_content"): "every file is checked while it is scanned",
}

_SYSTEM: dict[tuple[str, str], str] = {
    ("StorageConfig", "sample_dbinsertion_batchsize"): _NO_ROWS,
    ("StorageConfig", "sample_table_unlogged"): _NO_ROWS,
    ("StorageConfig", "force_fallback_insert"): _NO_ROWS,
    ("StorageConfig", "database"): _NO_ROWS,
    ("StorageConfig", "file_watcher_watchdog_sleep_time_s"): "a watcher that fails is reported, not restarted",
    ("DatabaseConfig", "hash_partition_modulus"): _NO_ROWS,
    ("MetadataDatabaseConfig", "seed"): "random choices are not made by the database",
    ("SystemConfig", "metadata_processor"): "there is no metadata processor",
    ("SystemConfig", "tensorboard"): "there is no TensorBoard; every run has a report",
    ("ModelStorageServiceConfig", "ftp_port"): _FTP,
    ("TrainerServerConfig", "ftp_port"): _FTP,
    ("TrainerServerConfig", "offline_dataset_directory"): "downsampled sets are written to the folder of the run",
    ("SelectorConfig", "keys_in_selector_cache"): "training sets are mapped from their files",
    ("SelectorConfig", "insertion_threads"): _NO_ROWS,
    ("SelectorConfig", "local_storage_directory"): "what a pipeline has seen is kept as ranges of the dataset",
    (
        "SelectorConfig",
        "local_storage_max_samples_in_file",
    ): "what a pipeline has seen is kept as ranges of the dataset",
    ("SelectorConfig", "cleanup_storage_directories_after_shutdown"): "retention rules say what is removed",
    ("SelectorConfig", "ignore_existing_trigger_samples"): "a training set is never overwritten",
}

WITHOUT_EFFECT = _PIPELINE | _SYSTEM
"""(section, key) -> why it has no effect; a section stands for those derived from it."""


def no_effect(config: PipelineConfig | SystemConfig) -> list[tuple[str, str]]:
    """The keys of `config` that say something else than their default and have no effect, with the reason.

    A key is given with its place: `training.num_prefetched_partitions`.
    """
    found = [(dotted((*loc, key)), reason) for loc, section in walk(config) for key, reason in _unused(section)]
    if isinstance(config, PipelineConfig):
        found += [(dotted(loc), reason) for loc, reason in _idle_workers(config)]
        found += [(dotted(loc), reason) for loc, reason in _balance_of_nothing(config)]
        found += [(dotted(loc), reason) for loc, reason in _idle_downsampling(config)]
    return found


def _unused(section: Section) -> Iterator[tuple[str, str]]:
    names = {part.__name__ for part in type(section).__mro__}
    for (owner, key), reason in WITHOUT_EFFECT.items():
        if owner in names and _is_chosen(section, key):
            yield key, reason


def _is_chosen(section: Section, key: str) -> bool:
    """Whether the section says something else than the default."""
    default: Any = type(section).model_fields[key].get_default(call_default_factory=True)
    return bool(getattr(section, key) != default)


def _idle_workers(config: PipelineConfig) -> Iterator[tuple[Loc, str]]:
    reason = "decoding needs no Python, so the training process does it"
    for loc, section in walk(config) if config.data.decoder is not None else ():
        if isinstance(section, TrainingConfig) and section.dataloader_workers:
            yield (*loc, "dataloader_workers"), reason


def _balance_of_nothing(config: PipelineConfig) -> Iterator[tuple[Loc, str]]:
    if not isinstance(config.selection_strategy, CoresetStrategy):
        return
    place, presampling = ("selection_strategy", "presampling_config"), config.selection_strategy.presampling_config
    is_balanced = presampling.strategy in ("LabelBalanced", "TriggerBalanced")
    if presampling.force_column_balancing and not is_balanced:
        yield (*place, "force_column_balancing"), f"strategy {presampling.strategy} has no groups"
    elif presampling.force_column_balancing and presampling.force_required_target_size:
        yield (*place, "force_column_balancing"), "force_required_target_size goes before it"
    if presampling.force_required_target_size and not is_balanced:
        yield (*place, "force_required_target_size"), f"strategy {presampling.strategy} reaches its size anyway"


def _idle_downsampling(config: PipelineConfig) -> Iterator[tuple[Loc, str]]:
    if not isinstance(config.selection_strategy, CoresetStrategy):
        return
    for loc, section in single_strategies(config.selection_strategy.downsampling_config):
        for key, reason in _idle_options(section, config.training):
            if _is_chosen(section, key):
                yield ("selection_strategy", "downsampling_config", *loc, key), reason


def _idle_options(section: SingleDownsamplingConfig, training: TrainingConfig) -> Iterator[tuple[str, str]]:
    if isinstance(section, NoDownsampling):
        for key in ("ratio_max", "sample_then_batch", "period", "forward_passes", "last_layer"):
            yield key, 'strategy "No" keeps everything'
        return
    if section.sample_then_batch:
        yield "forward_passes", "batches are made of what was chosen, so each goes through the model once"
    else:
        yield "period", "with sample_then_batch: false there is a choice within every batch"
    if not _may_need_embeddings(section):
        yield "last_layer", "the strategy does not go by embeddings"
    if isinstance(section, SubmodularDownsampling) and section.submodular_function != "GraphCut":
        yield "graph_cut_lambda", f"the function is {section.submodular_function}"
    if isinstance(section, _RECORDABLE) and _is_scored_first(section, training):
        yield "scores", "the only choice of a training comes before anything is recorded"


_RECORDABLE = (LossDownsampling, GradNormDownsampling, UncertaintyDownsampling)


def _may_need_embeddings(section: SingleDownsamplingConfig) -> bool:
    if isinstance(section, GradMatchDownsampling | CraigDownsampling | SubmodularDownsampling):
        return section.full_grad_approximation == "LastLayerWithEmbedding"
    return isinstance(section, KcenterGreedyDownsampling | PluginDownsampling)


def _is_scored_first(
    section: LossDownsampling | GradNormDownsampling | UncertaintyDownsampling, training: TrainingConfig
) -> bool:
    """Whether a training chooses once, and no earlier one has left scores of this kind."""
    in_whole_epochs = training.num_samples_to_pass is None
    once = section.period == 0 or (in_whole_epochs and section.period >= training.epochs_per_trigger)
    in_history = not isinstance(section, UncertaintyDownsampling) or section.score_metric == "Entropy"
    return once and not (training.record_history and in_history)
