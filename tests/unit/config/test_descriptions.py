"""What is said about the configuration: its schema, its documents, what has no effect, which policies a file names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modyn.config import NamedPolicy, PipelineConfig, SystemConfig, json_schema, no_effect, policies
from modyn.config.annotations import field_types, items_of, tagged_members
from modyn.config.effects import WITHOUT_EFFECT
from modyn.config.reference import configuration_reference, example
from modyn.config.section import Section

from .pipelines import changed, loaded, reference

DOCS = Path(__file__).parents[3] / "docs"


def sections(section: Any, seen: set[type[Section]]) -> set[type[Section]]:
    """Every section below one."""
    members = tagged_members(section)
    if members is not None:
        for member in members.values():
            sections(member, seen)
    elif items_of(section) is not None:
        sections(items_of(section), seen)
    elif isinstance(section, type) and issubclass(section, Section):
        if section not in seen:
            seen.add(section)
            for inner in field_types(section).values():
                sections(inner, seen)
    else:
        for argument in getattr(section, "__args__", ()):
            sections(argument, seen)
    return seen


ALL = sections(PipelineConfig, set()) | sections(SystemConfig, set())


@pytest.mark.parametrize("section", sorted(ALL, key=lambda section: section.__name__))
def test_every_key_and_every_section_is_described(section: type[Section]):
    assert section.__doc__
    assert [name for name, field in section.model_fields.items() if not field.description] == []


def test_the_walk_found_sections_of_all_depths():
    names = {section.__name__ for section in ALL}
    assert {
        "IlTrainingConfig",
        "TextPreprocessor",
        "TimestampConfig",
        "DatabaseConfig",
        "EnsembleTriggerConfig",
    } <= names


def test_the_schema_has_no_default_where_a_value_is_taken_from_elsewhere():
    field = json_schema()["$defs"]["EvaluationDatasetConfig"]["properties"]["batch_size"]
    assert "default" not in field
    assert field["x-inherited"] == "training.batch_size"


def test_the_reference_document_is_current():
    written = (DOCS / "configuration.md").read_text(encoding="utf-8")
    assert written == configuration_reference(), "run `python -m modyn.config.reference docs/configuration.md`"


def test_what_has_no_effect_is_in_the_document():
    rows = [
        line for line in (DOCS / "compatibility.md").read_text(encoding="utf-8").splitlines() if line.startswith("|")
    ]
    for (_, key), reason in WITHOUT_EFFECT.items():
        assert any((f".{key}`" in row or f"`{key}`" in row) and reason in row for row in rows), (key, reason)


def test_what_has_no_effect_names_keys_that_exist():
    owners = {part.__name__: part for section in ALL for part in section.__mro__ if issubclass(part, Section)}
    for owner, key in WITHOUT_EFFECT:
        assert key in owners[owner].model_fields


def test_what_has_no_effect_is_named_only_if_a_file_says_something_else(tmp_path: Path):
    assert no_effect(loaded(example(), tmp_path)) == []
    config = loaded(reference(), tmp_path)
    assert [key for key, _ in no_effect(config)] == [
        "training.num_prefetched_partitions",
        "selection_strategy.maximum_keys_in_memory",
    ]
    config = loaded(changed("selection_strategy.maximum_keys_in_memory", 1_000_000), tmp_path)
    assert [key for key, _ in no_effect(config)] == ["training.num_prefetched_partitions"]


def test_workers_have_nothing_to_do_with_a_decoder(tmp_path: Path):
    config = loaded(example().replace("shuffle: true", "shuffle: true\n  dataloader_workers: 2"), tmp_path)
    assert [key for key, _ in no_effect(config)] == ["training.dataloader_workers"]


@pytest.mark.parametrize(
    ("strategy", "flags", "idle"),
    [
        ("LabelBalanced", ["force_column_balancing"], []),
        ("LabelBalanced", ["force_required_target_size"], []),
        ("LabelBalanced", ["force_column_balancing", "force_required_target_size"], ["force_column_balancing"]),
        ("Random", ["force_column_balancing"], ["force_column_balancing"]),
        ("RandomNoReplacement", ["force_required_target_size"], ["force_required_target_size"]),
    ],
)
def test_balance_is_a_matter_of_groups(tmp_path: Path, strategy: str, flags: list[str], idle: list[str]):
    presampling = {"strategy": strategy, "ratio": 50} | dict.fromkeys(flags, True)
    config = loaded(changed("selection_strategy.presampling_config", presampling), tmp_path)
    found = [key for key, _ in no_effect(config) if "presampling" in key]
    assert found == [f"selection_strategy.presampling_config.{key}" for key in idle]


def test_the_policies_of_a_file(tmp_path: Path):
    plugin = loaded(changed("selection_strategy", {"name": "policy:Half"}), tmp_path)
    assert NamedPolicy("selection_strategy.name", "policy:Half") in policies(plugin)
    assert policies(loaded(reference(), tmp_path)) == [
        NamedPolicy("trigger.id", "TimeTrigger"),
        NamedPolicy("selection_strategy.name", "CoresetStrategy"),
        NamedPolicy("selection_strategy.presampling_config.strategy", "No"),
        NamedPolicy("selection_strategy.downsampling_config.strategy", "No"),
        NamedPolicy("model_storage.full_model_strategy.name", "PyTorchFullModel"),
        NamedPolicy("evaluation.handlers[0].strategy.type", "PeriodicEvalStrategy"),
        NamedPolicy("evaluation.datasets[0].metrics[0].name", "Accuracy"),
        NamedPolicy("evaluation.datasets[0].metrics[1].name", "F1Score"),
    ]
