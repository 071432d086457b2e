"""Sections of policies that are not part of Modyn, beside those that are."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from modyn.config import validate_file
from modyn.config.downsampling import DownsamplingConfig, PluginDownsampling
from modyn.config.reference import example
from modyn.config.schema import json_schema
from modyn.config.selection import PluginStrategy, SelectionConfig


def document(selection: dict[str, Any]) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(example())
    loaded["selection_strategy"] = selection
    return loaded


def problems(tmp_path, selection: dict[str, Any]) -> list[str]:
    file = tmp_path / "pipeline.yaml"
    file.write_text(yaml.safe_dump(document(selection)))
    return [str(problem) for problem in validate_file(file)]


def test_a_class_is_a_strategy_with_free_options():
    made = TypeAdapter(SelectionConfig).validate_python({"name": "policy:Half", "config": {"share": 0.5, "of": [1]}})
    assert isinstance(made, PluginStrategy)
    assert made.options() == {"share": 0.5, "of": [1]}
    assert TypeAdapter(SelectionConfig).validate_python(made.model_dump(mode="json")) == made


def test_a_class_is_a_downsampling_strategy_with_free_options():
    section = {"strategy": "policy:Half", "ratio": 50, "config": {"temperature": 2}}
    for wrapped in (section, {"downsampling_list": [section], "downsampling_thresholds": []}):
        made = TypeAdapter(DownsamplingConfig).validate_python(wrapped)
        found = made if isinstance(made, PluginDownsampling) else made.downsampling_list[0]
        assert isinstance(found, PluginDownsampling)
        assert found.config == {"temperature": 2}


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"name": "NewDataStrategi"}, "did you mean 'NewDataStrategy'?"),
        ({"name": "Half"}, "NewDataStrategy"),
        ({"name": "policy:"}, "selection_strategy.name is 'policy:'"),
        ({"nam": "NewDataStrategy"}, "did you mean 'name'?"),
        ({}, "has no 'name'"),
        ({"name": "policy:Half", "tail_triggers": 3}, "unknown key 'tail_triggers'"),
        (
            {"name": "CoresetStrategy", "downsampling_config": {"strategy": "Los", "ratio": 50}},
            "did you mean 'Loss'?",
        ),
        (
            {"name": "CoresetStrategy", "downsampling_config": {"strategy": False, "ratio": 50}},
            "did you mean '\"No\"'?",
        ),
    ],
)
def test_mistakes_are_explained_as_ever(tmp_path, selection, expected):
    found = problems(tmp_path, selection)
    assert len(found) == 1
    assert expected in found[0]
    assert "module:Class" in found[0] or "did you mean" in found[0] or "has no" in found[0] or "unknown" in found[0]


def test_a_mistake_elsewhere_does_not_hide_a_plugin(tmp_path):
    selection = {"name": "policy:Half", "config": {"share": 1}, "konfig": 3}
    (problem,) = problems(tmp_path, selection)
    assert "unknown key 'konfig' in 'selection_strategy'" in problem


@pytest.mark.parametrize(
    "selection",
    [
        {"name": "NewDataStrategy"},
        {"name": "policy:Half", "config": {"share": 0.5}},
        {"name": "policy:Half"},
        {"name": "CoresetStrategy", "downsampling_config": {"strategy": "policy:Half", "ratio": 50}},
        {"name": "CoresetStrategy", "downsampling_config": {"strategy": "Loss", "ratio": 50}},
    ],
)
def test_the_json_schema_accepts_what_is_valid(tmp_path, selection):
    assert problems(tmp_path, selection) == []
    jsonschema.validate(document(selection), json_schema())


def test_the_json_schema_refuses_keys_of_other_strategies():
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document({"name": "NewDataStrategy", "config": {}}), json_schema())
    with pytest.raises(ValidationError):
        TypeAdapter(SelectionConfig).validate_python({"name": "NewDataStrategy", "config": {}})
