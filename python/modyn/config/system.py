"""The system configuration: what belongs to an installation, not to a pipeline.

The reference system (eth-easl/modyn) needs one, with the addresses of its services; here everything has a default, and
most of it matters only when components run as services.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from modyn.config.datasets import DatasetConfig
from modyn.config.section import Issue, Section, rule

Port = Annotated[int, Field(ge=1, le=65535)]
_HOST = "Host name of the service."
_PORT = "Port of the service."
_FTP = "Port of the reference system's file transfer."


class ProjectConfig(Section):
    """What the installation is called."""

    name: str = Field(default="modyn", description="Name of the installation.")
    description: str | None = Field(default=None, description="For readers.")
    version: str | None = Field(default=None, description="For readers.")


class DatabaseConfig(Section):
    """A database."""

    drivername: str = Field(default="sqlite", description="Driver, such as postgresql or sqlite.")
    username: str = Field(default="", description="User.")
    password: str = Field(default="", description="Password.", repr=False)
    hostname: str = Field(default="", description="Host name.")
    port: Port | None = Field(default=None, description="Port.")
    database: str = Field(default="", description="Name of the database.")
    hash_partition_modulus: int | None = Field(
        default=None, ge=1, description="Partitions of the reference system's tables."
    )


class MetadataDatabaseConfig(DatabaseConfig):
    """The database with pipelines, triggers and models."""

    seed: float | None = Field(default=None, ge=-1, le=1, description="Seed of the reference system's random queries.")


class StorageConfig(Section):
    """The storage service and the datasets it serves."""

    hostname: str = Field(default="localhost", description=_HOST)
    port: Port = Field(default=50051, description=_PORT)
    sample_batch_size: int = Field(default=10_000, ge=1, description="Keys in a message.")
    sample_dbinsertion_batchsize: int = Field(default=1_000_000, ge=1, description="Rows that are inserted at a time.")
    insertion_threads: int = Field(default=1, ge=0, description="Threads that insert rows.")
    retrieval_threads: int | None = Field(default=None, ge=0, description="Threads that answer a request.")
    sample_table_unlogged: bool = Field(
        default=True, description="Whether rows may be lost in a crash of the database."
    )
    force_fallback_insert: bool = Field(default=False, description="Whether rows are inserted the slow way.")
    file_watcher_watchdog_sleep_time_s: int = Field(
        default=3, ge=1, description="Seconds between looks at the file watchers."
    )
    datasets: list[DatasetConfig] = Field(default=[], description="Datasets that are registered at the start.")
    database: DatabaseConfig | None = Field(default=None, description="The database with a row for every sample.")

    @rule
    def dataset_names_differ(self) -> Iterator[Issue]:
        names = [dataset.name for dataset in self.datasets]
        for position, name in enumerate(names):
            if name in names[:position]:
                yield Issue(("datasets", position, "name"), f"there are two datasets '{name}'", "a name of its own")


class ModelStorageServiceConfig(Section):
    """The model storage service."""

    hostname: str = Field(default="localhost", description=_HOST)
    port: Port = Field(default=50059, description=_PORT)
    ftp_port: str | None = Field(default=None, description=_FTP, coerce_numbers_to_str=True)
    models_directory: Path | None = Field(default=None, description="Folder of the models; the workspace's if null.")


class EvaluatorServiceConfig(Section):
    """The evaluator service."""

    hostname: str = Field(default="localhost", description=_HOST)
    port: Port = Field(default=50061, description=_PORT)


class MetadataProcessorConfig(Section):
    """The reference system's metadata processor."""

    hostname: str = Field(default="localhost", description=_HOST)
    port: Port = Field(default=50055, description=_PORT)


class SelectorConfig(Section):
    """The selector service."""

    hostname: str = Field(default="localhost", description=_HOST)
    port: Port = Field(default=50056, description=_PORT)
    keys_in_selector_cache: int = Field(default=0, ge=0, description="Keys that are kept in memory.")
    sample_batch_size: int = Field(default=10_000, ge=1, description="Keys in a message.")
    insertion_threads: int = Field(default=1, ge=0, description="Threads that write training sets.")
    trigger_sample_directory: Path | None = Field(default=None, description="Folder of the training sets.")
    local_storage_directory: Path | None = Field(default=None, description="Folder of what pipelines have seen.")
    local_storage_max_samples_in_file: int = Field(
        default=1_000_000, ge=1, description="Keys in a file of that folder."
    )
    cleanup_storage_directories_after_shutdown: bool = Field(
        default=False, description="Whether both folders are removed."
    )
    ignore_existing_trigger_samples: bool = Field(
        default=False, description="Whether existing training sets are overwritten."
    )


class TrainerServerConfig(Section):
    """The trainer service."""

    hostname: str = Field(default="localhost", description=_HOST)
    port: Port = Field(default=50057, description=_PORT)
    ftp_port: str | None = Field(default=None, description=_FTP, coerce_numbers_to_str=True)
    offline_dataset_directory: Path | None = Field(default=None, description="Folder of what downsampling has chosen.")


class TensorboardConfig(Section):
    """The reference system's TensorBoard."""

    port: str | None = Field(default=None, description=_PORT, coerce_numbers_to_str=True)


class SupervisorConfig(Section):
    """The supervisor service."""

    hostname: str = Field(default="localhost", description=_HOST)
    port: Port = Field(default=50063, description=_PORT)
    eval_directory: Path | None = Field(
        default=None, description="Folder of logs and results; the workspace's if null."
    )


class SystemConfig(Section):
    """What belongs to an installation: datasets, services, databases."""

    project: ProjectConfig = Field(default=ProjectConfig(), description="What the installation is called.")
    storage: StorageConfig = Field(default=StorageConfig(), description="Storage and the datasets it serves.")
    model_storage: ModelStorageServiceConfig = Field(
        default=ModelStorageServiceConfig(), description="The model storage service."
    )
    evaluator: EvaluatorServiceConfig = Field(default=EvaluatorServiceConfig(), description="The evaluator service.")
    metadata_database: MetadataDatabaseConfig | None = Field(
        default=None, description="The metadata database; SQLite in the workspace if null."
    )
    metadata_processor: MetadataProcessorConfig | None = Field(
        default=None, description="The reference's metadata processor."
    )
    selector: SelectorConfig = Field(default=SelectorConfig(), description="The selector service.")
    trainer_server: TrainerServerConfig = Field(default=TrainerServerConfig(), description="The trainer service.")
    tensorboard: TensorboardConfig | None = Field(default=None, description="The reference system's TensorBoard.")
    supervisor: SupervisorConfig | None = Field(default=None, description="The supervisor service.")
