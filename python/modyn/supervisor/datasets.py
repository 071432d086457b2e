"""Registers and ingests the datasets that a pipeline uses, and pins a manifest of each."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from modyn.config import PipelineConfig
from modyn.config.datasets import BinaryDataset, CsvDataset, DatasetConfig, SingleSampleDataset
from modyn.errors import DatasetError, UnsupportedError
from modyn.storage.api import (
    Csv,
    DatasetOptions,
    DatasetStatus,
    FixedRecord,
    SampleFormat,
    SingleSample,
    Storage,
    TimestampFrom,
)
from modyn.storage.sample_format import settings_text
from modyn.supervisor.context import RunContext

# How YAML files write "no character".
_NO_QUOTE = ("\\0", "\0", "")


def register_datasets(datasets: Iterable[DatasetConfig], source_folder: Path, storage: Storage) -> None:
    """Register what a configuration file in `source_folder` declares.

    Raises:
        DatasetError: a dataset's folder does not exist, or its name is registered with other settings.
        UnsupportedError: this version cannot read such files.
    """
    for dataset in datasets:
        format, timestamp = dataset_settings(dataset)
        storage.add(dataset.name, dataset.folder(source_folder), format, timestamp, _options(dataset))


def check_registered(config: PipelineConfig, storage: Storage) -> None:
    """Raise DatasetError if a dataset that the pipeline uses is unknown."""
    for name in used_datasets(config):
        storage.status(name)


def dataset_settings(dataset: DatasetConfig) -> tuple[SampleFormat, TimestampFrom]:
    """How to read a declared dataset.

    Raises:
        DatasetError: its timestamps cannot come from where it says.
        UnsupportedError: this version cannot read such files.
    """
    declared = dataset.timestamp
    timestamp = TimestampFrom(declared.source, declared.pattern or "", declared.column, declared.size, declared.signed)
    format = _sample_format(dataset)
    try:
        settings_text(format, timestamp)
    except DatasetError as error:
        raise DatasetError(f"dataset '{dataset.name}': {error}") from error
    return format, timestamp


def _sample_format(dataset: DatasetConfig) -> SampleFormat:
    match dataset:
        case BinaryDataset(file_wrapper_config=records):
            return FixedRecord(
                record_size=records.record_size,
                label_size=records.label_size,
                label_offset=records.label_offset,
                byteorder=records.byteorder,
                label_signed=records.label_signed,
                file_extension=records.file_extension,
            )
        case CsvDataset(file_wrapper_config=rows):
            return Csv(
                label=rows.label,
                separator=rows.separator,
                quote=None if rows.quote in _NO_QUOTE else rows.quote,
                header=rows.ignore_first_line,
                encoding=_encoding(dataset.name, rows.encoding),
                file_extension=rows.file_extension,
            )
        case SingleSampleDataset(file_wrapper_config=files):
            return SingleSample(files.file_extension, files.label_file_extension)
        case _:
            raise UnsupportedError(f"dataset '{dataset.name}': {dataset.file_wrapper_type} cannot be read yet")


def _encoding(dataset: str, name: str) -> Literal["utf-8", "latin-1"]:
    try:
        known = codecs.lookup(name).name
    except LookupError:
        known = name
    if known in ("utf-8", "ascii"):  # ASCII is UTF-8 without anything more
        return "utf-8"
    if known == "iso8859-1":
        return "latin-1"
    raise UnsupportedError(f"dataset '{dataset}': encoding '{name}' cannot be read; use utf-8 or latin-1")


def _options(dataset: DatasetConfig) -> DatasetOptions | None:
    """What the declaration says of them; None if nothing, so that it leaves those of a registered dataset alone."""
    if not dataset.model_fields_set & {"on_change", "owns_files", "file_watcher_interval"}:
        return None
    options = DatasetOptions(on_change=dataset.on_change, owns_files=dataset.owns_files)
    interval = dataset.file_watcher_interval
    return options if interval is None else replace(options, scan_interval_s=float(interval))


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
        context.storage.keep(name, pins[name], context.name)
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
