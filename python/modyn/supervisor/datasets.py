"""Registers and ingests the datasets that a pipeline uses, and pins a manifest of each."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from modyn.config import PipelineConfig
from modyn.config.datasets import BinaryDataset, DatasetConfig
from modyn.errors import UnsupportedError
from modyn.storage.api import DatasetStatus, FixedRecord, Storage, TimestampFrom
from modyn.supervisor.context import RunContext


def register_datasets(datasets: Iterable[DatasetConfig], source_folder: Path, storage: Storage) -> None:
    """Register what a configuration file in `source_folder` declares.

    Raises:
        DatasetError: a dataset's folder does not exist, or its name is registered with other settings.
        UnsupportedError: this version cannot read such files.
    """
    for dataset in datasets:
        format, timestamp = dataset_settings(dataset)
        storage.add(dataset.name, dataset.folder(source_folder), format, timestamp)


def check_registered(config: PipelineConfig, storage: Storage) -> None:
    """Raise DatasetError if a dataset that the pipeline uses is unknown."""
    for name in used_datasets(config):
        storage.status(name)


def dataset_settings(dataset: DatasetConfig) -> tuple[FixedRecord, TimestampFrom]:
    """How to read a declared dataset.

    Raises:
        UnsupportedError: this version cannot read such files, or take timestamps from there.
    """
    if not isinstance(dataset, BinaryDataset):
        raise UnsupportedError(
            f"dataset '{dataset.name}': {dataset.file_wrapper_type} cannot be read yet; use BinaryFileWrapper"
        )
    timestamp = dataset.timestamp
    if timestamp.source == "column":
        raise UnsupportedError(
            f"dataset '{dataset.name}': timestamps cannot be taken from a column yet; use source mtime or filename"
        )
    wrapper = dataset.file_wrapper_config
    format = FixedRecord(
        record_size=wrapper.record_size,
        label_size=wrapper.label_size,
        label_offset=wrapper.label_offset,
        byteorder=wrapper.byteorder,
        label_signed=wrapper.label_signed,
        file_extension=wrapper.file_extension,
    )
    return format, TimestampFrom(timestamp.source, timestamp.pattern or "")


def used_datasets(config: PipelineConfig) -> list[str]:
    """Names of the training dataset and of those evaluated on, each once."""
    names = [config.data.dataset_id]
    if config.evaluation is not None:
        names += [dataset.dataset_id for dataset in config.evaluation.datasets]
    return list(dict.fromkeys(names))


def ingest_datasets(context: RunContext) -> dict[str, int]:
    """Scan every dataset of the pipeline; dataset name -> number of the manifest to pin."""
    pins = {}
    for name in used_datasets(context.config):

        def progress(done: int, total: int, name: str = name) -> None:
            context.check_stop()
            context.events.publish("ingest", dataset=name, files_done=done, files_total=total)

        summary = context.storage.scan(name, progress)
        for message in _scan_warnings(summary.status):
            context.events.publish("warning", message=message)
        pins[name] = summary.status.manifest
    return pins


def _scan_warnings(status: DatasetStatus) -> list[str]:
    """What the owner of a dataset should know after a scan."""
    messages = []
    for what, files in (("waits in quarantine", status.quarantined), ("is in conflict", status.conflicts)):
        if files:
            more = f" (and {len(files) - 1} more files)" if len(files) > 1 else ""
            messages.append(f"dataset '{status.name}': '{files[0].path}' {what}: {files[0].reason}{more}")
    if status.all_within_a_day:
        messages.append(
            f"dataset '{status.name}': all timestamps lie within a day; if the folder was copied, its files have lost "
            "their modification times (take timestamps from file names, or copy with times preserved)"
        )
    return messages
