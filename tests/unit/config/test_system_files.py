"""System files, and how they are told from pipeline files."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from modyn.config import SystemConfig, check_file, load_system, no_effect, validate_file
from modyn.errors import ConfigurationError

from .pipelines import REFERENCE

SYSTEM = """\
project:
  name: modyn-default
  description: a system file as the reference system has them
  version: 0.0.1
input:
  type: LOCAL
storage:
  hostname: "storage"
  port: "50051"
  sample_batch_size: 2000000
  sample_dbinsertion_batchsize: 1000000
  insertion_threads: 8
  retrieval_threads: 8
  sample_table_unlogged: true
  file_watcher_watchdog_sleep_time_s: 5
  datasets:
    - name: mnist
      description: "MNIST"
      version: 0.0.1
      base_path: /datasets/mnist
      filesystem_wrapper_type: LocalFilesystemWrapper
      file_wrapper_type: SingleSampleFileWrapper
      file_wrapper_config:
        file_extension: ".png"
        label_file_extension: ".label"
      ignore_last_timestamp: false
      file_watcher_interval: 5
      selector_batch_size: 4096
    - name: criteo
      base_path: /datasets/criteo
      filesystem_wrapper_type: LocalFilesystemWrapper
      file_wrapper_type: BinaryFileWrapper
      file_wrapper_config:
        record_size: 160
        label_size: 4
        byteorder: little
        file_extension: .bin
  database:
    drivername: postgresql
    username: postgres
    password: postgres
    hostname: storage-db
    port: "5432"
    database: postgres
    hash_partition_modulus: 8
model_storage: {hostname: "model_storage", port: "50059", ftp_port: "50060", models_directory: null}
evaluator: {hostname: "evaluator", port: "50061"}
metadata_database:
  drivername: postgresql
  username: postgres
  password: postgres
  hostname: metadata-db
  port: 5432
  database: postgres
  seed: 0.5
metadata_processor: {hostname: "metadata_processor", port: "50055"}
selector:
  hostname: "selector"
  port: "50056"
  keys_in_selector_cache: 25000000
  sample_batch_size: 128000
  insertion_threads: 16
  trigger_sample_directory: "/tmp/trigger_samples"
  local_storage_directory: "/tmp/local_storage"
  cleanup_storage_directories_after_shutdown: true
  ignore_existing_trigger_samples: false
trainer_server: {hostname: "trainer", port: "50057", ftp_port: "50058", offline_dataset_directory: "/tmp/offline"}
tensorboard: {port: "50062"}
supervisor: {hostname: "supervisor", port: "50063", eval_directory: "/tmp/evaluations"}
"""


def written(text: str, folder: Path) -> Path:
    path = folder / "system.yaml"
    path.write_text(text)
    return path


def test_a_file_of_the_reference_system_validates(tmp_path: Path):
    config = load_system(written(SYSTEM, tmp_path))
    assert config.storage.port == 50051
    assert [dataset.name for dataset in config.storage.datasets] == ["mnist", "criteo"]
    assert config.metadata_database is not None
    assert config.metadata_database.port == 5432
    assert SystemConfig.model_validate(config.model_dump(mode="json")) == config


def test_unknown_keys_are_warnings(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    path = written(SYSTEM.replace("sample_batch_size: 2000000", "sample_batchsize: 2000000"), tmp_path)
    result = check_file(path)
    assert result.problems == []
    assert [str(warning) for warning in result.warnings] == [
        f"{path}:5:1: unknown key 'input', expected one of 'project', 'storage', 'model_storage', 'evaluator', "
        "'metadata_database', 'metadata_processor', 'selector', 'trainer_server', 'tensorboard' or 'supervisor'",
        f"{path}:10:3: unknown key 'sample_batchsize' in 'storage', did you mean 'sample_batch_size'?",
    ]
    with caplog.at_level(logging.WARNING):
        load_system(path)
    assert "unknown key 'input'" in caplog.text


def test_mistakes_are_problems_also_beside_unknown_keys(tmp_path: Path):
    text = SYSTEM.replace('port: "50051"', "port: none").replace("label_size: 4", "label_size: 160")
    path = written(text, tmp_path)
    assert [str(problem).removeprefix(f"{path}:") for problem in validate_file(path)] == [
        "9:9: storage.port is 'none', expected a whole number",
        "35:21: storage.datasets[1].file_wrapper_config.label_size is '160', expected a number of at most 8",
    ]
    with pytest.raises(ConfigurationError):
        load_system(path)


def test_everything_has_a_default(tmp_path: Path):
    assert load_system(written("project: {name: mine}\n", tmp_path)).storage.datasets == []


def test_two_datasets_need_two_names(tmp_path: Path):
    (problem,) = validate_file(written(SYSTEM.replace("name: criteo", "name: mnist"), tmp_path))
    assert "there are two datasets 'mnist'" in problem.what


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (SYSTEM, "system"),
        (REFERENCE, "pipeline"),
        ("storag: {}\n", "system"),
        ("triger: {}\n", "pipeline"),
        ("x: 1\n", "pipeline"),
    ],
)
def test_the_kind_of_file_is_recognised(text: str, kind: str, tmp_path: Path):
    assert check_file(written(text, tmp_path)).kind == kind


def test_what_has_no_effect_is_named(tmp_path: Path):
    found = dict(no_effect(load_system(written(SYSTEM, tmp_path))))
    assert "model_storage.ftp_port" in found
    assert "storage.database" in found
    assert "metadata_processor" in found
    assert "storage.datasets[0].selector_batch_size" in found
    assert "storage.hostname" not in found


def test_a_password_is_not_shown(tmp_path: Path):
    assert "password='postgres'" not in repr(load_system(written(SYSTEM, tmp_path)))
