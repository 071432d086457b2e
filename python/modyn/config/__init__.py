"""Configuration: what a pipeline file and a system file may say, checked before anything runs.

Attribute names are the keys of the YAML file.
"""

from __future__ import annotations

from modyn.config.datasets import BinaryDataset
from modyn.config.effects import no_effect
from modyn.config.load import CheckedFile, check_file, load_pipeline, load_system, validate_file
from modyn.config.pipeline import PipelineConfig
from modyn.config.policies import NamedPolicy, policies
from modyn.config.schema import json_schema
from modyn.config.system import SystemConfig

__all__ = [
    "BinaryDataset",
    "CheckedFile",
    "NamedPolicy",
    "PipelineConfig",
    "SystemConfig",
    "check_file",
    "json_schema",
    "load_pipeline",
    "load_system",
    "no_effect",
    "policies",
    "validate_file",
]
