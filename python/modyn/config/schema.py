"""The JSON Schema of pipeline files, for editors."""

from __future__ import annotations

from typing import Any

from modyn.config.pipeline import PipelineConfig


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a pipeline file; every key has a description."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | PipelineConfig.model_json_schema()
