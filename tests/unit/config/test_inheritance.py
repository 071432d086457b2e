"""What sections take over from one another."""

from __future__ import annotations

from pathlib import Path

from modyn.config import PipelineConfig
from modyn.config.reference import example

from .pipelines import changed, loaded, reference
from .test_pipeline_files import TRIGGERS, WARMUP


def test_an_evaluation_dataset_without_parser_parses_as_training_does(tmp_path: Path):
    config = loaded(example(), tmp_path)
    assert config.evaluation is not None
    dataset = config.evaluation.datasets[0]
    assert dataset.decoder == config.data.decoder
    assert (dataset.batch_size, dataset.dataloader_workers) == (1024, 0)
    assert config.evaluation.device == "auto"


def test_transformations_come_with_the_parser(tmp_path: Path):
    data = reference()
    del data["evaluation"]["datasets"][0]["bytes_parser_function"]
    config = loaded(data, tmp_path)
    assert config.evaluation is not None
    assert config.evaluation.datasets[0].bytes_parser_function == config.data.bytes_parser_function
    assert config.evaluation.datasets[0].transformations == config.data.transformations


def test_an_evaluation_dataset_with_its_own_parser_has_its_own_transformations(tmp_path: Path):
    config = loaded(reference(), tmp_path)
    assert config.evaluation is not None
    assert config.data.transformations
    assert config.evaluation.datasets[0].transformations == []


def test_what_a_file_says_itself_is_kept(tmp_path: Path):
    config = loaded(reference(), tmp_path)
    assert config.evaluation is not None
    assert config.evaluation.datasets[0].dataloader_workers == 1
    assert config.evaluation.datasets[0].batch_size == 64


def test_a_performance_trigger_evaluates_as_training_parses(tmp_path: Path):
    dataset = {"dataset_id": "yearbook_train", "metrics": [{"name": "Accuracy"}]}
    trigger = TRIGGERS["misclassification"] | WARMUP | {"evaluation": {"device": "cpu", "dataset": dataset}}
    config = loaded(changed("trigger", trigger), tmp_path)
    assert config.trigger.id == "AvoidableMisclassificationCostTrigger"
    assert config.trigger.evaluation.dataset.bytes_parser_function == config.data.bytes_parser_function
    assert config.trigger.evaluation.dataset.batch_size == 64


def test_after_training_means_the_matrix(tmp_path: Path):
    data = changed("evaluation.handlers.0.execution_time", "after_training")
    del data["evaluation"]["handlers"][0]["models"]
    config = loaded(data, tmp_path)
    assert config.evaluation is not None
    assert config.evaluation.handlers[0].models == "matrix"


def test_without_models_an_evaluation_after_the_pipeline_is_of_the_active_one(tmp_path: Path):
    data = reference()
    del data["evaluation"]["handlers"][0]["models"]
    config = loaded(data, tmp_path)
    assert config.evaluation is not None
    assert config.evaluation.handlers[0].models == "active"


def test_train_is_a_synonym_of_training(tmp_path: Path):
    config = loaded(changed("evaluation.handlers.0.models", "train"), tmp_path)
    assert config.evaluation is not None
    assert config.evaluation.handlers[0].models == "training"


def test_offset_strategies_can_be_configured(tmp_path: Path):
    strategy = {"type": "OffsetEvalStrategy", "offsets": ["-inf", "-1d", "0d", "1d", "inf"]}
    for models in ({}, {"models": "matrix"}, {"models": "train"}):
        handler = {"execution_time": "after_training", "strategy": strategy, "datasets": ["yearbook_test"], **models}
        config = loaded(changed("evaluation.handlers.0", handler), tmp_path)
        assert config.evaluation is not None
        assert config.evaluation.handlers[0].models == ("training" if models.get("models") == "train" else "matrix")


def test_handlers_without_a_name_are_numbered(tmp_path: Path):
    handler = reference()["evaluation"]["handlers"][0]
    unnamed = {key: value for key, value in handler.items() if key != "name"}
    config = loaded(changed("evaluation.handlers", [unnamed, handler, unnamed]), tmp_path)
    assert config.evaluation is not None
    names = [handler.name for handler in config.evaluation.handlers]
    assert names == ["Modyn EvalHandler", "exactmatrix", "Modyn EvalHandler 2"]
    assert PipelineConfig.model_validate(config.model_dump(mode="json")) == config
