"""Files that must validate: the reference system's of every kind, and our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from modyn.config import PipelineConfig, json_schema, load_pipeline
from modyn.config.reference import example

from .pipelines import PARSER, REFERENCE, changed, loaded, reference

STATIC = {"id": "ThresholdDecisionCriterion", "threshold": 0.05}
QUANTILE = {"id": "DynamicQuantileThresholdCriterion", "window_size": 15, "quantile": 0.05}
AVERAGE = {"id": "DynamicRollingAverageThresholdCriterion", "window_size": 15, "deviation": 0.1, "absolute": False}
WARMUP = {"warmup_intervals": 3, "warmup_policy": {"id": "TimeTrigger", "every": "3d"}}
BATCHED = {"evaluation_interval_data_points": 100}
EVALUATION = {
    "device": "cuda:0",
    "dataset": {
        "dataset_id": "yearbook_train",
        "bytes_parser_function": PARSER,
        "batch_size": 64,
        "dataloader_workers": 1,
        "metrics": [{"name": "Accuracy", "topn": 1}, {"name": "F1Score", "num_classes": 2}],
    },
}

TRIGGERS: dict[str, dict[str, Any]] = {
    "amount": {"id": "DataAmountTrigger", "num_samples": 1},
    "time": {"id": "TimeTrigger", "every": "1y", "start_timestamp": 0},
    "mmd": {
        "id": "DataDriftTrigger",
        **BATCHED,
        "windowing_strategy": {
            "id": "TimeWindowingStrategy",
            "limit_ref": "4d",
            "limit_cur": "4d",
            "allow_overlap": False,
        },
        "sample_size": 5000,
        "metrics": {
            "mmd_alibi": {
                "id": "AlibiDetectMmdDriftMetric",
                "device": "gpu",
                "num_permutations": None,
                "decision_criterion": STATIC,
            }
        },
        "aggregation_strategy": {"id": "MajorityVote"},
    },
    "all drift metrics": {
        "id": "DataDriftTrigger",
        **BATCHED,
        **WARMUP,
        "windowing_strategy": {
            "id": "AmountWindowingStrategy",
            "amount_ref": 10,
            "amount_cur": 20,
            "allow_overlap": True,
        },
        "metrics": {
            "mmd": {
                "id": "AlibiDetectMmdDriftMetric",
                "p_val": 0.01,
                "kernel": "GaussianRBF",
                "configure_kernel_from_x_ref": False,
                "threshold": 0.1,
                "preprocessor": {"tokenizer_model": "bert-base-cased", "max_len": 100},
                "decision_criterion": QUANTILE | {"needs_calibration": True},
            },
            "ks": {"id": "AlibiDetectKSDriftMetric", "correction": "fdr", "decision_criterion": AVERAGE},
            "cvm": {"id": "AlibiDetectCVMDriftMetric", "decision_criterion": STATIC | {"needs_calibration": False}},
            "model": {"id": "EvidentlyModelDriftMetric", "num_pca_component": 2, "decision_criterion": STATIC},
            "ratio": {"id": "EvidentlyRatioDriftMetric", "decision_criterion": STATIC},
            "distance": {"id": "EvidentlySimpleDistanceDriftMetric", "decision_criterion": STATIC},
            "hellinger": {"id": "EvidentlyHellingerDistanceDriftMetric", "decision_criterion": STATIC},
        },
        "aggregation_strategy": {"id": "AtLeastN", "n": 7},
    },
    "drift with defaults": {
        "id": "DataDriftTrigger",
        **BATCHED,
        "metrics": {"hellinger": {"id": "EvidentlyHellingerDistanceDriftMetric", "decision_criterion": STATIC}},
    },
    "performance": {
        "id": "PerformanceTrigger",
        **BATCHED,
        **WARMUP,
        "data_density_window_size": 100,
        "performance_triggers_window_size": 10,
        "mode": "hindsight",
        "forecasting_method": "rolling_average",
        "evaluation": EVALUATION,
        "decision_criteria": {
            "static": {
                "id": "StaticPerformanceThresholdCriterion",
                "metric": "Accuracy",
                "metric_threshold": 0.7,
            },
            "quantile": {"id": "DynamicQuantilePerformanceThresholdCriterion", "metric": "Accuracy", "quantile": 0.1},
            "average": {"id": "DynamicRollingAveragePerformanceThresholdCriterion", "metric": "F1Score"},
            "number": {
                "id": "StaticNumberMisclassificationCriterion",
                "avoidable_misclassification_threshold": 100,
                "expected_accuracy": 0.9,
                "allow_reduction": True,
            },
        },
    },
    "static performance needs no warm-up": {
        "id": "PerformanceTrigger",
        **BATCHED,
        "evaluation": EVALUATION,
        "decision_criteria": {"a": {"id": "StaticPerformanceThresholdCriterion", "metric": "Accuracy"}},
    },
    "latency": {
        "id": "DataIncorporationLatencyCostTrigger",
        **BATCHED,
        "cost_tracking_window_size": 20,
        "incorporation_delay_per_training_second": 20,
    },
    "misclassification": {
        "id": "AvoidableMisclassificationCostTrigger",
        **BATCHED,
        **WARMUP,
        "evaluation": EVALUATION,
        "expected_accuracy": None,
        "avoidable_misclassification_latency_per_training_second": 0.5,
    },
    "ensemble": {
        "id": "EnsembleTrigger",
        "subtriggers": {
            "time": {"id": "TimeTrigger", "every": "3d"},
            "amount": {"id": "DataAmountTrigger", "num_samples": 100},
            "inner": {"id": "EnsembleTrigger", "ensemble_strategy": {"id": "MajorityVote"}},
        },
        "ensemble_strategy": {"id": "AtLeastN", "n": 3},
    },
    "empty ensemble": {"id": "EnsembleTrigger", "ensemble_strategy": {"id": "AtLeastN", "n": 1}},
}

BASE = {"maximum_keys_in_memory": 1000, "tail_triggers": None}
CORESET = {"name": "CoresetStrategy", **BASE}
IL_TRAINING = {
    key: reference()["training"][key]
    for key in (
        "dataloader_workers",
        "use_previous_model",
        "batch_size",
        "optimizers",
        "optimization_criterion",
        "shuffle",
    )
} | {"il_model_id": "SmallYearbookNet", "il_model_config": {"num_classes": 2}}

DOWNSAMPLING: dict[str, dict[str, Any]] = {
    "No": {"strategy": "No"},
    "Loss": {"strategy": "Loss", "sample_then_batch": False, "ratio": 50},
    "GradNorm": {"strategy": "GradNorm", "ratio": 250, "ratio_max": 1000},
    "Uncertainty": {"strategy": "Uncertainty", "score_metric": "Margin", "ratio": 50, "balance": True, "period": 0},
    "KcenterGreedy": {"strategy": "KcenterGreedy", "sample_then_batch": True, "ratio": 33, "balance": True},
    "GradMatch": {"strategy": "GradMatch", "ratio": 50, "full_grad_approximation": "LastLayerWithEmbedding"},
    "Craig": {"strategy": "Craig", "ratio": 50, "greedy": "LazyGreedy", "selection_batch": 32},
    "Submodular": {
        "strategy": "Submodular",
        "ratio": 50,
        "submodular_function": "GraphCut",
        "submodular_optimizer": "StochasticGreedy",
    },
    "RS2": {"strategy": "RS2", "ratio": 30, "with_replacement": False, "period": 1, "sample_then_batch": True},
    "RHOLoss": {
        "strategy": "RHOLoss",
        "ratio": 50,
        "holdout_set_strategy": "Twin",
        "holdout_set_ratio": 50,
        "il_training_config": IL_TRAINING,
    },
    "Multi": {
        "downsampling_list": [
            {"strategy": "Loss", "ratio": 30, "sample_then_batch": True},
            {"strategy": "No"},
            {"strategy": "Craig", "ratio": 25},
        ],
        "downsampling_thresholds": [2, 5],
    },
}

SELECTIONS: dict[str, dict[str, Any]] = {
    "new data": {
        "name": "NewDataStrategy",
        **BASE,
        "limit": 100,
        "limit_reset": "sampleUAR",
        "storage_backend": "local",
    },
    "freshness": {"name": "FreshnessSamplingStrategy", **BASE, "unused_data_ratio": 1, "processor_type": "basic"},
    **{f"downsampling {name}": CORESET | {"downsampling_config": config} for name, config in DOWNSAMPLING.items()},
    **{
        f"presampling {name}": CORESET
        | {
            "warmup_triggers": 1,
            "presampling_config": {
                "strategy": name,
                "ratio": 100,
                "force_column_balancing": True,
                "force_required_target_size": False,
            },
        }
        for name in ("Random", "RandomNoReplacement", "LabelBalanced", "TriggerBalanced", "No")
    },
}

STRATEGIES: dict[str, dict[str, Any]] = {
    "slicing": {"type": "SlicingEvalStrategy", "eval_every": "100s", "eval_start_from": 0, "eval_end_at": 300},
    "between": {"type": "BetweenTwoTriggersEvalStrategy"},
    "static": {"type": "StaticEvalStrategy", "intervals": [[0, 100], [100, None]]},
    "periodic": {
        "type": "PeriodicEvalStrategy",
        "every": "100d",
        "interval": "(-inf; +1d]",
        "start_timestamp": 0,
        "end_timestamp": 0,
    },
}

TRAININGS: dict[str, dict[str, Any]] = {
    "pretrained": {"initial_model": "pretrained", "initial_model_id": 3, "use_previous_model": True},
    "checkpointing": {"checkpointing": {"activated": True, "interval": 100, "path": "checkpoints"}},
    "samples to pass": {"num_samples_to_pass": [100, 200], "drop_last_batch": False, "record_loss_every": 10},
    "any seed": {"seed": 1000, "grad_scaler_config": {"growth_interval": 200}, "amp": True},
    "scheduler": {
        "lr_scheduler": {
            "name": "CosineAnnealingLR",
            "source": "PyTorch",
            "step_every": "batch",
            "optimizers": ["default"],
            "config": {"T_max": "MODYN_NUM_BATCHES", "nested": {"epochs": "MODYN_NUM_EPOCHS"}},
        }
    },
    "two optimizers": {
        "optimizers": [
            {"name": name, "algorithm": algorithm, "source": source, "param_groups": [{"module": "model.layers"}]}
            for name, algorithm, source in (("a", "Adam", "PyTorch"), ("b", "FusedAdam", "APEX"))
        ],
        "lr_scheduler": {
            "name": "DLRMScheduler",
            "source": "Custom",
            "step_every": "batch",
            "optimizers": ["a", "b"],
            "config": {"base_lrs": [[24.0], [24.0]], "warmup_steps": 8000},
        },
    },
}


def variants() -> dict[str, dict[str, Any]]:
    """Every variant of the reference file, by name."""
    files = {f"trigger: {name}": changed("trigger", trigger) for name, trigger in TRIGGERS.items()}
    files |= {f"selection: {name}": changed("selection_strategy", strategy) for name, strategy in SELECTIONS.items()}
    for name, strategy in STRATEGIES.items():
        for time, models in (
            ("after_pipeline", "active"),
            ("after_pipeline", "training"),
            ("after_training", "matrix"),
        ):
            handler = {"execution_time": time, "models": models, "strategy": strategy, "datasets": ["yearbook_test"]}
            files[f"handler: {name} {time} {models}"] = changed("evaluation.handlers.0", handler)
    for name, training in TRAININGS.items():
        files[f"training: {name}"] = changed("training", reference()["training"] | training)
    files["no evaluation"] = changed("evaluation", None)
    files["incremental models"] = changed(
        "model_storage.incremental_model_strategy",
        {"name": "WeightsDifference", "config": {"operator": "xor"}, "zip": True, "full_model_interval": 5},
    )
    files["binary models"] = changed(
        "model_storage.full_model_strategy", {"name": "BinaryFullModel", "zip": True, "zip_algorithm": "ZIP_LZMA"}
    )
    files["tokenizer"] = changed("data.tokenizer", "DistilBertTokenizerTransform")
    for model in ("ResNet18", "ResNet50", "ResNet152", "DLRM", "ArticleNet", "FmowNet", "RHOLOSSTwinModel", "Dummy"):
        files[f"model: {model}"] = changed("model.id", model)
    return files


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", variants())
def test_a_file_of_the_reference_system_validates(name: str, tmp_path: Path, validator: Any):
    data = variants()[name]
    config = loaded(data, tmp_path)
    validator.validate(data)
    dumped = config.model_dump(mode="json")
    assert PipelineConfig.model_validate(json.loads(json.dumps(dumped))) == config


def test_the_file_as_written_validates(tmp_path: Path):
    config = loaded(REFERENCE, tmp_path)
    assert config.training.device == "cuda:0"
    assert config.selection_strategy.tail_triggers == 0
    assert config.evaluation is not None
    assert [metric.full_name for metric in config.evaluation.datasets[0].metrics] == ["Accuracy", "F1-weighted"]


def test_our_own_example_validates(tmp_path: Path, validator: Any):
    validator.validate(yaml.safe_load(example()))
    config = loaded(example(), tmp_path)
    assert config.trigger.id == "TimeTrigger"
    assert config.trigger.every.seconds == 30 * 86400
    assert config.data.decoder is not None
    assert config.data.decoder.minimum_sample_size == 60
    assert PipelineConfig.model_validate(config.model_dump(mode="json")) == config


def test_what_the_reference_requires_may_be_left_out_where_a_default_serves(tmp_path: Path):
    data = reference()
    for key in ("gpus", "dataloader_workers", "initial_model", "checkpointing"):
        del data["training"][key]
    for key in ("maximum_keys_in_memory", "tail_triggers"):
        del data["selection_strategy"][key]
    del data["model_storage"]
    del data["evaluation"]["device"]
    config = loaded(data, tmp_path)
    assert (config.training.gpus, config.training.dataloader_workers) == (1, 0)
    assert config.training.initial_model == "random"
    assert not config.training.checkpointing.activated
    assert config.selection_strategy.maximum_keys_in_memory == 1_000_000
    assert config.selection_strategy.tail_triggers is None
    assert config.model_storage.full_model_strategy.name == "PyTorchFullModel"
    assert config.evaluation is not None
    assert config.evaluation.device == "cuda:0"


def test_a_json_file_is_a_pipeline_file(tmp_path: Path):
    path = tmp_path / "pipeline.json"
    path.write_text(json.dumps(reference(), indent="\t"))
    assert load_pipeline(path) == loaded(REFERENCE, tmp_path)


def test_anchors_and_merges_work(tmp_path: Path):
    text = example().replace("{name: numeric,", "&first {name: numeric,")
    text = text.replace(
        "- {name: categorical, dtype: int32, shape: [6], offset: 36}", "- {<<: *first, name: again, offset: 0}"
    )
    config = loaded(text, tmp_path)
    assert config.data.decoder is not None
    assert [(field.name, field.shape) for field in config.data.decoder.fields] == [("numeric", [9]), ("again", [9])]


def test_numbers_without_a_point_are_numbers_and_dates_are_strings(tmp_path: Path):
    text = REFERENCE.replace("lr: 0.001", "lr: 1e-3").replace("num_classes: 2\nmodel_st", "since: 2020-01-01\nmodel_st")
    config = loaded(text, tmp_path)
    assert config.training.optimizers[0].param_groups[0].config["lr"] == 0.001
    assert config.model.config["since"] == "2020-01-01"


def test_keys_of_options_become_strings_as_in_json(tmp_path: Path):
    config = loaded(changed("model.config", {1: {True: [2]}}), tmp_path)
    assert config.model.config == {"1": {"true": [2]}}
