"""Mistakes in a file: each is reported, at its place, with what would be right. Places are exact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modyn.config import load_pipeline, validate_file
from modyn.errors import ConfigurationError

from .pipelines import PARSER, REFERENCE, changed, check, messages, reference, without
from .test_pipeline_files import (
    AVERAGE,
    BATCHED,
    CORESET,
    DOWNSAMPLING,
    EVALUATION,
    IL_TRAINING,
    QUANTILE,
    STATIC,
    TRIGGERS,
    WARMUP,
)

FIVE_MISTAKES = """\
pipeline: {name: five}
data:
  dataset_id: flights
  bytes_parser_function: |
    def bytes_parser_function(data):
        return data[
model: {id: Dummy}
training:
  batch_size: many
  shufle: true
  use_previous_model: false
  epochs_per_trigger: 0
  optimizers: [{name: default, algorithm: SGD, param_groups: [{module: model}]}]
  optimization_criterion: {name: MSELoss}
trigger: {id: DataAmountTrigger, num_samples: 100}
selection_strategy: {name: NewDataStrategy}
evaluation:
  handlers:
    - name: all
      execution_time: after_training
      strategy: {type: BetweenTwoTriggersEvalStrategy}
      datasets: [flight]
  datasets:
    - {dataset_id: flights, metrics: [{name: Accuracy}]}
"""


def test_five_mistakes_of_five_kinds_are_five_messages(tmp_path: Path):
    assert messages(FIVE_MISTAKES, tmp_path) == [
        "6:20: data.bytes_parser_function: the code is not Python: '[' was never closed",
        "9:15: training.batch_size is 'many', expected a whole number",
        "10:3: unknown key 'shufle' in 'training', did you mean 'shuffle'?",
        "12:23: training.epochs_per_trigger is '0', expected a number of at least 1",
        "22:18: evaluation.handlers[0].datasets[0]: evaluation.datasets has no 'flight', expected 'flights', "
        "did you mean 'flights'?",
    ]


def test_loading_raises_all_of_them(tmp_path: Path):
    path = tmp_path / "five.yaml"
    path.write_text(FIVE_MISTAKES)
    with pytest.raises(ConfigurationError) as caught:
        load_pipeline(path)
    assert caught.value.problems == validate_file(path)
    assert str(caught.value).splitlines()[0].startswith(f"{path}:6:20: ")
    assert len(caught.value.problems) == 5


# Mistakes in the reference file: (place, wrong value, part of the message).
WRONG: list[tuple[str, Any, str]] = [
    ("pipeline.name", 5, "pipeline.name is '5', expected a string"),
    ("pipeline.seed", -1, "pipeline.seed is '-1', expected a number of at least 0"),
    ("pipelines", {}, "unknown key 'pipelines', did you mean 'pipeline'?"),
    ("somewhere", 1, "unknown key 'somewhere', expected one of 'pipeline', 'datasets'"),
    ("model.id", "Resnet18", "there is no model 'Resnet18'"),
    ("model.id", "my-module:Net", "there is no model 'my-module:Net'"),
    ("training", [1], "training is a list, expected a mapping"),
    ("training.gpus", 2, "training.gpus is '2', expected '1'"),
    ("training.device", "gpu:1", "expected auto, cpu, cuda or cuda:N, did you mean 'cuda:1'?"),
    ("training.batch_size", 0, "expected a number of at least 1"),
    ("training.batch_size", 1.5, "expected a whole number"),
    ("training.shuffle_mode", "blocks", "training.shuffle_mode is 'blocks'"),
    ("training.shuffle_block_size", 0, "expected a number of at least 1"),
    ("training.shuffle_block_size", 64, "a global shuffle has no blocks, expected shuffle_mode: blockwise"),
    ("training.epochs_per_trigger", -1, "expected a number of at least 1"),
    ("training.num_samples_to_pass", [], "training.num_samples_to_pass is empty, expected at least one entry"),
    ("training.num_samples_to_pass", [0], "training.num_samples_to_pass[0] is '0'"),
    ("training.initial_model", "pretraind", "did you mean 'pretrained'?"),
    ("training.checkpointing", {"activated": True}, "active checkpointing needs 'interval'"),
    ("training.checkpointing", {"activated": True, "interval": -1}, "training.checkpointing.interval is '-1'"),
    ("training.optimizers", [], "training.optimizers is empty, expected at least one entry"),
    ("training.optimizers.0.algorithm", "adamw", "there is no PyTorch optimizer 'adamw'"),
    ("training.optimizers.0.algorithm", "adamw", "did you mean 'AdamW'?"),
    ("training.optimizers.0.source", "APEX", "there is no APEX optimizer 'SGD'"),
    ("training.optimizers.0.param_groups", [], "is empty"),
    ("training.optimization_criterion.name", "CrossEntropy", "did you mean 'CrossEntropyLoss'?"),
    ("training.lr_scheduler", {"name": "StepLr", "optimizers": ["default"]}, "did you mean 'StepLR'?"),
    ("training.lr_scheduler", {"name": "StepLR", "optimizers": ["defualt"]}, "there is no optimizer 'defualt'"),
    (
        "training.lr_scheduler",
        {"name": "StepLR", "optimizers": ["default"] * 2},
        "got 2 optimizers, expected exactly one",
    ),
    ("training.retries", -1, "expected a number of at least 0"),
    ("model_storage.full_model_strategy.name", "PytorchFullModel", "did you mean 'PyTorchFullModel'?"),
    ("model_storage.incremental_model_strategy", {"name": "WeightsDifference", "full_model_interval": 0}, "at least 1"),
    ("data.bytes_parser_function", "", "nothing says how to parse samples"),
    ("data.batch_parser_function", PARSER.replace("bytes_", "batch_"), "exclude each other"),
    (
        "data.bytes_parser_function",
        "def parse(data): return data",
        "the code defines 'parse', not 'bytes_parser_function'",
    ),
    ("data.bytes_parser_function", "x = 1", "the code defines no 'bytes_parser_function'"),
    ("data.bytes_parser_function", "class bytes_parser_function: pass", "'bytes_parser_function' is a class"),
    ("data.bytes_parser_function", "async def bytes_parser_function(x): pass", "is asynchronous"),
    ("data.bytes_parser_function", "def bytes_parser_function(): pass", "takes no argument"),
    (
        "data.bytes_parser_function",
        "def bytes_parser_function(a, b): pass",
        "takes a, b, expected exactly one argument",
    ),
    ("data.bytes_parser_function", "def bytes_parser_function(a, *, b): pass", "takes a, *, b"),
    ("data.bytes_parser_function", "bytes_parser_function = lambda: 1", "takes no argument"),
    ("data.label_transformer_function", "def transform(labels): return labels", "not 'label_transformer_function'"),
    ("data.transformations", ["transforms.ToTensor("], "data.transformations[0]: the code is not Python"),
    ("data.tokenizer", "DistilBertTokenizer", "did you mean 'DistilBertTokenizerTransform'?"),
    ("selection_strategy.tail_triggers", -1, "selection_strategy.tail_triggers is '-1'"),
    ("selection_strategy.maximum_keys_in_memory", 0, "expected a number of at least 1"),
    ("selection_strategy.name", "NewDataStrategie", "did you mean 'NewDataStrategy'?"),
    ("selection_strategy.limit_reset", "lastX", "unknown key 'limit_reset' in 'selection_strategy'"),
    ("selection_strategy", {"name": "FreshnessSamplingStrategy", "unused_data_ratio": 0}, "at least 1"),
    ("selection_strategy", {"name": "FreshnessSamplingStrategy", "unused_data_ratio": 100}, "at most 99"),
    ("selection_strategy.presampling_config", {"strategy": "Random", "ratio": 101}, "ratio 101 is more than all"),
    ("selection_strategy.presampling_config", {"strategy": "Random", "ratio": -5}, "at least 0"),
    ("selection_strategy.presampling_config", {"strategy": "Random", "ratio": 0, "ratio_max": 0}, "at least 1"),
    ("selection_strategy.presampling_config", {"strategy": False, "ratio": 100}, "did you mean '\"No\"'?"),
    ("selection_strategy.downsampling_config", {"strategy": False}, "did you mean '\"No\"'?"),
    ("selection_strategy.downsampling_config", {"strategy": "No", "ratio": 50}, "expected '100'"),
    ("selection_strategy.downsampling_config", {"strategy": "Loss", "ratio": 50, "period": -1}, "at least 0"),
    ("selection_strategy.downsampling_config", {"strategy": "Loss", "ratio": 33}, "downsampling keeps 21 of the 64"),
    ("selection_strategy.downsampling_config", DOWNSAMPLING["RS2"] | {"period": 2}, "period is '2', expected '1'"),
    (
        "selection_strategy.downsampling_config",
        DOWNSAMPLING["Multi"] | {"downsampling_thresholds": [1]},
        "have 1 thresh",
    ),
    (
        "selection_strategy.downsampling_config",
        DOWNSAMPLING["Multi"] | {"downsampling_thresholds": [5, 5]},
        "5 does not",
    ),
    *(
        (
            "selection_strategy.downsampling_config",
            DOWNSAMPLING["Multi"] | {"downsampling_thresholds": [threshold, 5]},
            f"downsampling_thresholds[0]: with threshold {threshold} the first strategy never serves",
        )
        for threshold in (0, -1)
    ),
    (
        "selection_strategy.downsampling_config",
        DOWNSAMPLING["Multi"] | {"downsampling_list": [{"strategy": "No"}] * 2 + [{"strategy": "Loss", "ratio": 30}]},
        "downsampling_config.downsampling_list[2]: downsampling keeps 19 of the 64 samples of a batch",
    ),
    (
        "selection_strategy.downsampling_config",
        {"downsampling_lst": [{"strategy": "No"}], "downsampling_thresholds": []},
        "did you mean 'downsampling_list'?",
    ),
    (
        "selection_strategy.downsampling_config",
        DOWNSAMPLING["RHOLoss"] | {"holdout_set_ratio": 40},
        "holdout_set_ratio is 40 of 100, expected one half for strategy Twin",
    ),
    (
        "selection_strategy.downsampling_config",
        DOWNSAMPLING["RHOLoss"] | {"holdout_set_ratio_max": 1000},
        "holdout_set_ratio is 50 of 1000, expected one half for strategy Twin",
    ),
    (
        "selection_strategy.downsampling_config",
        DOWNSAMPLING["RHOLoss"] | {"holdout_set_ratio_max": 50},
        "holdout_set_ratio is 50 of 50, expected one half for strategy Twin",
    ),
    (
        "selection_strategy.downsampling_config",
        DOWNSAMPLING["RHOLoss"] | {"holdout_set_strategy": "Simple", "holdout_set_ratio": 101},
        "holdout_set_ratio 101 is more than all",
    ),
    *(
        (
            "selection_strategy.downsampling_config",
            DOWNSAMPLING["RHOLoss"] | {"il_training_config": IL_TRAINING | {key: value}},
            f"il_training_config.{place}",
        )
        for key, value, place in (
            ("gpus", 2, "gpus is '2'"),
            ("num_samples_to_pass", [1], "num_samples_to_pass is a list, expected null"),
            ("initial_model", "pretrained", "initial_model is 'pretrained'"),
            ("checkpointing", {"activated": True, "interval": 1}, "checkpointing.activated is true"),
            ("il_model_id", "Nothing", "il_model_id: there is no model"),
        )
    ),
    ("trigger", {"id": "TimeTriger"}, "trigger.id is 'TimeTriger'"),
    ("trigger", {"idd": "TimeTrigger"}, "unknown key 'idd' in 'trigger', did you mean 'id'?"),
    ("trigger", {}, "'trigger' has no 'id', which says what it is"),
    ("trigger", "TimeTrigger", "trigger is 'TimeTrigger', expected a mapping"),
    ("trigger.every", "0d", "'0d' is no time at all"),
    ("trigger.every", "-1d", "'-1d' is not a duration"),
    ("trigger.every", "30 days", "did you mean '30d'?"),
    ("trigger.every", 30, "trigger.every: '30' is not a duration, expected a string such as '30d'"),
    ("trigger", {"id": "DataAmountTrigger", "num_samples": 0}, "at least 1"),
    ("trigger", TRIGGERS["latency"] | {"evaluation_interval_data_points": 0}, "at least 1"),
    ("trigger", TRIGGERS["latency"] | {"warmup_policy": {"id": "DataDriftTrigger"}}, "trigger.warmup_policy.id"),
    ("trigger", TRIGGERS["mmd"] | {"metrics": {}}, "trigger.metrics is empty"),
    (
        "trigger",
        TRIGGERS["mmd"] | {"aggregation_strategy": {"id": "AtLeastN", "n": 2}},
        "2 of 1 metrics can never agree",
    ),
    ("trigger", TRIGGERS["ensemble"] | {"ensemble_strategy": {"id": "AtLeastN", "n": 4}}, "4 of 3 subtriggers"),
    ("trigger", TRIGGERS["ensemble"] | {"ensemble_strategy": {"id": "Custom"}}, "'MajorityVote' or 'AtLeastN'"),
    *(
        (
            "trigger",
            TRIGGERS["mmd"] | policy | {"metrics": {"a": {"id": "EvidentlyHellingerDistanceDriftMetric", **metric}}},
            message,
        )
        for policy, metric, message in (
            ({}, {}, "'trigger.metrics.a' has no 'decision_criterion'"),
            ({}, {"decision_criterion": QUANTILE}, "there is no 'warmup_policy'"),
            (WARMUP, {"decision_criterion": QUANTILE | {"quantile": 50}}, "decision_criterion.quantile is '50'"),
            (WARMUP, {"decision_criterion": AVERAGE | {"window_size": 0}}, "decision_criterion.window_size is '0'"),
            ({}, {"decision_criterion": STATIC, "p_val": 1}, "unknown key 'p_val'"),
        )
    ),
    (
        "trigger",
        TRIGGERS["mmd"]
        | {
            "metrics": {
                "a": {
                    "id": "AlibiDetectMmdDriftMetric",
                    "decision_criterion": STATIC,
                    "threshold": 1,
                    "num_permutations": 2,
                }
            }
        },
        "'threshold' and 'num_permutations' exclude each other",
    ),
    ("trigger", without("warmup_policy", TRIGGERS["performance"]), "there is no 'warmup_policy'"),
    ("trigger", without("warmup_policy", TRIGGERS["misclassification"]), "there is no 'warmup_policy'"),
    ("trigger", TRIGGERS["performance"] | {"mode": "lookahead"}, "expected 'hindsight'"),
    ("trigger", TRIGGERS["performance"] | {"decision_criteria": {}}, "trigger.decision_criteria is empty"),
    (
        "trigger",
        changed("decision_criteria.static.metric", "Acuracy", TRIGGERS["performance"]),
        "has no 'Acuracy', expected 'Accuracy', 'F1-macro' or 'F1Score', did you mean 'Accuracy'?",
    ),
    (
        "trigger",
        changed("evaluation.dataset.metrics", [{"name": "RocAuc"}], TRIGGERS["misclassification"]),
        "the trigger needs the metric Accuracy",
    ),
    ("evaluation.handlers", [], "evaluation.handlers is empty"),
    ("evaluation.handlers.0.datasets", ["yearbook_tst"], "did you mean 'yearbook_test'?"),
    ("evaluation.handlers.0.execution_time", "after_pipelines", "did you mean 'after_pipeline'?"),
    ("evaluation.handlers.0.models", "all", "expected 'matrix', 'active' or 'training'"),
    ("evaluation.handlers.0.strategy.every", "0s", "'0s' is no time at all"),
    ("evaluation.handlers.0.strategy.end_timestamp", -1, "at least 0"),
    ("evaluation.handlers.0.strategy.start_timestamp", 86401, "end_timestamp 86400 is before start_timestamp"),
    ("evaluation.handlers.0.strategy.interval", "[+3d,+1d]", "'[+3d,+1d]' ends before it begins"),
    ("evaluation.handlers.0.strategy.interval", ["-1d", "1d"], "a list is not an interval"),
    ("evaluation.handlers.0.strategy", {"type": "OffsetEvalStrategy", "offsets": ["1d"]}, "expected 'after_training'"),
    ("evaluation.handlers.0.strategy", {"type": "StaticEvalStrategy", "intervals": [[5, 5]]}, "from 5 to 5 is empty"),
    *(
        (
            "evaluation.handlers.0.strategy",
            {"type": "SlicingEvalStrategy", "eval_every": every, "eval_start_from": 5, "eval_end_at": end},
            message,
        )
        for every, end, message in (
            ("0s", 6, "'0s' is no time at all"),
            ("-5s", 6, "'-5s' is not a duration"),
            ("1s", 5, "eval_end_at 5 is not after eval_start_from"),
        )
    ),
    ("evaluation.datasets", [], "evaluation.datasets is empty"),
    ("evaluation.datasets.0.metrics", [], "metrics is empty"),
    ("evaluation.datasets.0.metrics", [{"name": "Accuracy"}] * 2, "there are two metrics 'Accuracy'"),
    ("evaluation.datasets.0.metrics.0.topn", 0, "at least 1"),
    ("evaluation.datasets.0.metrics.1", {"name": "F1Score", "num_classes": 3, "average": "binary"}, "has 3 classes"),
    ("evaluation.datasets.0.metrics.0.evaluation_transformer_function", "x = ", "the code is not Python"),
]


@pytest.mark.parametrize(("place", "value", "message"), WRONG)
def test_a_mistake_is_reported_alone(place: str, value: Any, message: str, tmp_path: Path):
    found = messages(changed(place, value), tmp_path)
    assert len(found) == 1, found
    assert message in found[0]


@pytest.mark.parametrize(
    "place", ["pipeline", "training.batch_size", "training.shuffle", "trigger.every", "data.dataset_id"]
)
def test_a_missing_key_is_reported(place: str, tmp_path: Path):
    key = place.rsplit(".", 1)[-1]
    (message,) = messages(without(place), tmp_path)
    assert f"has no '{key}', which is required" in message


def test_names_that_come_twice_are_reported(tmp_path: Path):
    data = reference()
    data["training"]["optimizers"] *= 2
    data["evaluation"]["handlers"] *= 2
    data["evaluation"]["datasets"] *= 2
    found = messages(data, tmp_path)
    assert [message.split(": ", 2)[2] for message in found] == [
        "there are two optimizers 'default', expected a name of its own",
        "there are two handlers 'exactmatrix', expected a name of its own",
        "dataset 'yearbook_test' comes twice, expected each dataset once",
    ]


def test_a_pretrained_model_needs_its_number_and_use_previous_model(tmp_path: Path):
    data = changed("training.initial_model", "pretrained")
    data["training"]["use_previous_model"] = False
    assert [message.split(": ", 1)[1] for message in messages(data, tmp_path)] == [
        "training.use_previous_model: initial_model 'pretrained' is never used, expected true",
        "training.initial_model: 'pretrained' needs 'initial_model_id', expected the number of a stored model",
    ]


@pytest.mark.parametrize("models", ["active", "training"])
def test_after_training_there_is_only_the_new_model(models: str, tmp_path: Path):
    data = changed("evaluation.handlers.0.execution_time", "after_training")
    data["evaluation"]["handlers"][0]["models"] = models
    (message,) = messages(data, tmp_path)
    assert f"execution_time 'after_training' has only the new model, not '{models}'" in message


def test_mistakes_in_a_performance_trigger_do_not_hide_each_other(tmp_path: Path):
    trigger = {"id": "PerformanceTrigger", **BATCHED, **WARMUP, "evaluation": EVALUATION, "decision_criteria": {}}
    trigger["warmup_intervals"] = -1
    assert len(messages(changed("trigger", trigger), tmp_path)) == 2


def test_warm_up_may_have_a_policy_and_no_intervals(tmp_path: Path):
    trigger = without("warmup_intervals", TRIGGERS["performance"])
    assert messages(changed("trigger", trigger), tmp_path) == []


@pytest.mark.parametrize(
    "downsampling",
    [
        {"strategy": "Loss", "ratio": 33, "sample_then_batch": True},
        {"strategy": "No", "ratio_max": 1000},
        DOWNSAMPLING["RHOLoss"] | {"holdout_set_ratio": 500, "holdout_set_ratio_max": 1000},
    ],
)
def test_a_share_that_is_right(tmp_path: Path, downsampling: dict[str, Any]):
    assert messages(changed("selection_strategy", CORESET | {"downsampling_config": downsampling}), tmp_path) == []


def test_a_rule_runs_although_its_section_has_other_mistakes(tmp_path: Path):
    text = REFERENCE.replace("  - dataset_id: yearbook_test", "  - wrong: 1\n      dataset_id: yearbook_test").replace(
        '["yearbook_test"]', '["yearbok_test"]'
    )
    found = messages(text, tmp_path)
    assert len(found) == 2
    assert "evaluation.datasets has no 'yearbok_test'" in found[0]
    assert "unknown key 'wrong' in 'evaluation.datasets[0]'" in found[1]


def test_a_value_that_is_wrong_is_not_reported_again_by_a_rule(tmp_path: Path):
    data = changed("evaluation.handlers.0.datasets", [["yearbook_test"]])
    assert len(messages(data, tmp_path)) == 1


@pytest.mark.parametrize(
    "text", ["trigger: [", "trigger: {id: TimeTrigger}}", "a: b: c", "a: *nothing", "\tx: 1", "%x"]
)
def test_a_syntax_error_of_yaml_is_one_problem_with_a_place(text: str, tmp_path: Path):
    (problem,) = check(text, tmp_path).problems
    assert problem.what.startswith("not valid YAML: ")
    assert problem.line >= 1
    assert problem.column >= 1


def test_a_history_needs_a_criterion_that_tells_right_from_wrong(tmp_path: Path):
    recording = changed("training.record_history", True)
    assert messages(recording, tmp_path) == []
    (message,) = messages(changed("training.optimization_criterion", {"name": "MSELoss"}, recording), tmp_path)
    assert "criterion 'MSELoss' does not tell which class is right" in message
