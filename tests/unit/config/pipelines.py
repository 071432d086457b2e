"""Pipeline files as users of the reference system write them, whole and in variants."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

from modyn.config import PipelineConfig, check_file
from modyn.config.load import CheckedFile

# Every key that the reference's schema requires is here.
REFERENCE = """\
pipeline:
  name: yearbook
  description: a pipeline as the reference system has them
  version: "1.0"
model:
  id: YearbookNet
  config:
    num_input_channels: 1
    num_classes: 2
model_storage:
  full_model_strategy:
    name: PyTorchFullModel
training:
  gpus: 1
  device: "cuda:0"
  dataloader_workers: 2
  num_prefetched_partitions: 0
  use_previous_model: True
  initial_model: random
  batch_size: 64
  optimizers:
    - name: default
      algorithm: SGD
      source: PyTorch
      param_groups:
        - module: model
          config:
            lr: 0.001
            momentum: 0.9
  optimization_criterion:
    name: CrossEntropyLoss
  checkpointing:
    activated: False
  epochs_per_trigger: 5
  shuffle: True
  amp: False
  seed: 42
selection_strategy:
  name: CoresetStrategy
  maximum_keys_in_memory: 100000
  tail_triggers: 0
  limit: -1
data:
  dataset_id: yearbook_train
  transformations: ["transforms.ToTensor()", "transforms.Normalize((0.5,), (0.5,))"]
  bytes_parser_function: |
    import torch
    def bytes_parser_function(data: memoryview) -> torch.Tensor:
        return torch.frombuffer(data, dtype=torch.float32).reshape(3, 32, 32)
trigger:
  id: TimeTrigger
  every: "3d"
evaluation:
  handlers:
    - name: exactmatrix
      execution_time: after_pipeline
      models: matrix
      strategy:
        type: PeriodicEvalStrategy
        every: "1d"
        interval: "[-0s; +0s]"
        start_timestamp: 0
        end_timestamp: 86400
      datasets: ["yearbook_test"]
  after_pipeline_evaluation_workers: 2
  after_training_evaluation_workers: 2
  device: "cuda:0"
  datasets:
    - dataset_id: yearbook_test
      bytes_parser_function: |
        import torch
        def bytes_parser_function(data: memoryview) -> torch.Tensor:
            return torch.frombuffer(data, dtype=torch.float32).reshape(3, 32, 32)
      batch_size: 64
      dataloader_workers: 1
      metrics:
        - name: "Accuracy"
          evaluation_transformer_function: |
            import torch
            def evaluation_transformer_function(model_output: torch.Tensor) -> torch.Tensor:
                return torch.argmax(model_output, dim=-1)
        - name: F1Score
          num_classes: 2
          average: weighted
"""

PARSER = "def bytes_parser_function(data):\n    return data\n"


def reference() -> dict[str, Any]:
    """The file above as data."""
    return yaml.safe_load(REFERENCE)  # type: ignore[no-any-return]


def changed(place: str, value: Any, data: dict[str, Any] | None = None) -> dict[str, Any]:
    """The file above with another value at a place such as `training.optimizers.0.name`."""
    data = copy.deepcopy(data if data is not None else reference())
    around: Any = data
    *outer, last = [int(part) if part.isdigit() else part for part in place.split(".")]
    for part in outer:
        around = around[part]
    around[last] = value
    return data


def without(place: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
    """The file above without a key."""
    data = changed(place, None, data)
    around: Any = data
    *outer, last = [int(part) if part.isdigit() else part for part in place.split(".")]
    for part in outer:
        around = around[part]
    del around[last]
    return data


def check(data: dict[str, Any] | str, folder: Path) -> CheckedFile:
    """What a look at a file with this text or data finds."""
    path = folder / "pipeline.yaml"
    path.write_text(data if isinstance(data, str) else yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return check_file(path)


def loaded(data: dict[str, Any] | str, folder: Path) -> PipelineConfig:
    """The configuration of a file without mistakes."""
    result = check(data, folder)
    assert result.problems == []
    assert isinstance(result.config, PipelineConfig)
    return result.config


def messages(data: dict[str, Any] | str, folder: Path) -> list[str]:
    """`line:column: what, ...` of every mistake."""
    problems = check(data, folder).problems
    return [str(problem).removeprefix(f"{problem.file}:") for problem in problems]
