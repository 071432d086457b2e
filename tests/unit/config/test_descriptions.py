"""What is said about the configuration: its schema, its documents, what has no effect, which policies a file names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from modyn.config import NamedPolicy, PipelineConfig, SystemConfig, json_schema, no_effect, policies
from modyn.config.annotations import field_types, items_of, tagged_members
from modyn.config.effects import WITHOUT_EFFECT
from modyn.config.reference import configuration_reference, example
from modyn.config.section import Section

from .pipelines import changed, loaded, reference
from .test_pipeline_files import DOWNSAMPLING, IL_TRAINING

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
    strategy = {"name": "CoresetStrategy", "downsampling_config": DOWNSAMPLING["RHOLoss"]}
    held_out = loaded(yaml.safe_load(example()) | {"selection_strategy": strategy}, tmp_path)
    assert [key for key, _ in no_effect(held_out)] == [
        "selection_strategy.downsampling_config.il_training_config.dataloader_workers"
    ]


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


EMBEDDED = {"full_grad_approximation": "LastLayerWithEmbedding"}
RECORDED = {"sample_then_batch": True, "scores": "recorded"}
IDLE: list[tuple[dict[str, Any], list[str]]] = [
    ({"strategy": "Loss", "period": 2}, ["period"]),
    ({"strategy": "Loss", "period": 0}, ["period"]),
    ({"strategy": "Loss", "period": 2, "sample_then_batch": True}, []),
    ({"strategy": "Loss", "forward_passes": "two"}, []),
    ({"strategy": "Loss", "forward_passes": "two", "sample_then_batch": True}, ["forward_passes"]),
    ({"strategy": "RS2", "with_replacement": True, "forward_passes": "one"}, ["forward_passes"]),
    ({"strategy": "GradNorm", "last_layer": "haed"}, ["last_layer"]),
    ({"strategy": "Craig", "last_layer": "head"}, ["last_layer"]),
    ({"strategy": "Craig", "last_layer": "head", **EMBEDDED}, []),
    ({"strategy": "KcenterGreedy", "last_layer": "head"}, []),
    ({"strategy": "own:Policy", "last_layer": "head", "period": 3}, ["period"]),
    ({"strategy": "Submodular", "submodular_function": "GraphCut", "graph_cut_lambda": 2}, []),
    (
        {"strategy": "Submodular", "submodular_function": "FacilityLocation", "graph_cut_lambda": 2},
        ["graph_cut_lambda"],
    ),
    ({"strategy": "Loss", **RECORDED}, []),
    ({"strategy": "Loss", **RECORDED, "period": 0}, ["scores"]),
    ({"strategy": "Loss", **RECORDED, "period": 4}, []),
    ({"strategy": "Loss", **RECORDED, "period": 5}, ["scores"]),
    (
        {"strategy": "No", "ratio_max": 1000, "period": 2, "sample_then_batch": True},
        ["ratio_max", "sample_then_batch", "period"],
    ),
    (DOWNSAMPLING["RHOLoss"], []),
    (DOWNSAMPLING["RHOLoss"] | {"il_training_config": IL_TRAINING | {"seed": 1}}, ["il_training_config.seed"]),
]


@pytest.mark.parametrize(("section", "idle"), IDLE)
def test_options_of_downsampling_that_do_not_apply(tmp_path: Path, section: dict[str, Any], idle: list[str]):
    single = {"ratio": 50} | section if section["strategy"] != "No" else section
    listed = {"downsampling_list": [{"strategy": "No"}, single], "downsampling_thresholds": [1]}
    for place, config in (("", single), (".downsampling_list[1]", listed)):
        found = no_effect(loaded(changed("selection_strategy.downsampling_config", config), tmp_path))
        keys = [key for key, _ in found if "downsampling" in key]
        assert keys == [f"selection_strategy.downsampling_config{place}.{key}" for key in idle]


@pytest.mark.parametrize(
    ("section", "idle"),
    [
        ({"strategy": "Loss"}, False),
        ({"strategy": "Uncertainty", "score_metric": "Entropy"}, False),
        ({"strategy": "Uncertainty", "score_metric": "Margin"}, True),
    ],
)
def test_a_history_gives_scores_to_a_single_choice(tmp_path: Path, section: dict[str, Any], idle: bool):
    config = {"ratio": 50, "period": 0} | RECORDED | section
    data = changed("training.record_history", True, changed("selection_strategy.downsampling_config", config))
    assert any(key.endswith(".scores") for key, _ in no_effect(loaded(data, tmp_path))) == idle


def test_whether_a_training_of_so_many_samples_chooses_once_is_not_known(tmp_path: Path):
    config = {"strategy": "Loss", "ratio": 50, "period": 5} | RECORDED
    data = changed("training.num_samples_to_pass", [1000], changed("selection_strategy.downsampling_config", config))
    assert [key for key, _ in no_effect(loaded(data, tmp_path)) if "scores" in key] == []


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
