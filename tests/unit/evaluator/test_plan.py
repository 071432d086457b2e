"""Plans: which models are evaluated on which intervals, and which of them were active or trained."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from modyn.config.evaluation import EvaluationConfig
from modyn.evaluator.api import EvaluationTask, TrainedModel
from modyn.evaluator.plan import after_pipeline_tasks, after_training_tasks
from modyn.storage.api import Interval

SLICES = {"type": "SlicingEvalStrategy", "eval_every": "10s", "eval_start_from": 0, "eval_end_at": 40}
# Model numbers skip nothing, trigger numbers do: empty triggers train no model.
MODELS = [TrainedModel(0, 0, 0, 9), TrainedModel(1, 2, 10, 19), TrainedModel(2, 3, 20, 30)]


def handler(**fields: object) -> dict[str, object]:
    return {"execution_time": "after_pipeline", "models": "matrix", "strategy": SLICES, "datasets": ["a"]} | fields


def configuration(*handlers: dict[str, object], datasets: tuple[str, ...] = ("a", "b")) -> EvaluationConfig:
    entries = [{"dataset_id": name, "metrics": [{"name": "Accuracy"}]} for name in datasets]
    return TypeAdapter(EvaluationConfig).validate_python({"handlers": list(handlers), "datasets": entries})


def flagged(tasks: list[EvaluationTask], flag: str) -> dict[int, int]:
    """Interval index -> model with this flag; fails if an interval has two."""
    found: dict[int, int] = {}
    for task in tasks:
        if getattr(task, flag):
            assert task.interval_index not in found
            found[task.interval_index] = task.model
    return found


def test_the_matrix_is_every_model_on_every_interval():
    tasks = after_pipeline_tasks(configuration(handler()), MODELS, 35)
    assert [(task.model, task.trigger, task.interval_index) for task in tasks] == [
        (model.model, model.trigger, index) for model in MODELS for index in range(4)
    ]
    assert [task.interval for task in tasks[:4]] == [
        Interval(0, 10),
        Interval(10, 20),
        Interval(20, 30),
        Interval(30, 40),
    ]


def test_active_is_the_newest_model_trained_before_the_interval_and_trained_its_successor():
    tasks = after_pipeline_tasks(configuration(handler()), MODELS, 35)
    # Model 2 was trained on second 30, so it is not yet active in the interval that begins there.
    assert flagged(tasks, "currently_active") == {1: 0, 2: 1, 3: 1}
    assert flagged(tasks, "currently_trained") == {0: 0, 1: 1, 2: 2, 3: 2}


def test_the_last_model_is_its_own_successor():
    tasks = after_pipeline_tasks(configuration(handler()), MODELS[:2], 35)
    assert flagged(tasks, "currently_active") == {1: 0, 2: 1, 3: 1}
    assert flagged(tasks, "currently_trained") == {0: 0, 1: 1, 2: 1, 3: 1}


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        ("active", [(0, 1), (1, 2), (1, 3)]),
        ("training", [(0, 0), (1, 1), (2, 2), (2, 3)]),
        ("train", [(0, 0), (1, 1), (2, 2), (2, 3)]),
    ],
)
def test_handlers_may_ask_for_active_or_trained_models_only(models, expected):
    tasks = after_pipeline_tasks(configuration(handler(models=models)), MODELS, 35)
    assert [(task.model, task.interval_index) for task in tasks] == expected


def test_without_models_there_is_nothing_to_do():
    assert after_pipeline_tasks(configuration(handler()), [], 35) == []


def test_after_training_means_the_new_model_on_all_intervals():
    config = configuration(handler(execution_time="after_training"), handler(execution_time="after_pipeline"))
    tasks = after_training_tasks(config, MODELS[1], 19)
    assert [(task.model, task.trigger, task.interval_index) for task in tasks] == [(1, 2, index) for index in range(4)]
    assert not any(task.currently_active or task.currently_trained for task in tasks)


def test_after_training_between_triggers_is_the_training_interval():
    strategy = {"type": "BetweenTwoTriggersEvalStrategy"}
    config = configuration(handler(execution_time="after_training", strategy=strategy))
    assert [task.interval for task in after_training_tasks(config, MODELS[1], 19)] == [Interval(10, 20)]


def test_after_training_offsets_count_from_the_new_model():
    strategy = {"type": "OffsetEvalStrategy", "offsets": ["-5s", "5s"]}
    config = configuration(handler(execution_time="after_training", strategy=strategy, models="training"))
    tasks = after_training_tasks(config, MODELS[1], 19)
    assert [(task.interval_index, task.interval) for task in tasks] == [(0, Interval(5, 10)), (1, Interval(20, 25))]


def test_manual_handlers_are_left_alone():
    config = configuration(handler(execution_time="manual"))
    assert after_training_tasks(config, MODELS[0], 9) == []
    assert after_pipeline_tasks(config, MODELS, 35) == []


def test_each_dataset_is_evaluated_once():
    tasks = after_pipeline_tasks(configuration(handler(datasets=["b", "a", "b"])), MODELS[:1], 9)
    assert [task.dataset for task in tasks] == ["b"] * 4 + ["a"] * 4


@given(st.lists(st.integers(0, 45), max_size=6).map(sorted))
def test_flags_follow_from_the_definition(ends):
    models = [TrainedModel(number, number, 0, end) for number, end in enumerate(ends)]
    tasks = after_pipeline_tasks(configuration(handler()), models, 45)
    active, trained = flagged(tasks, "currently_active"), flagged(tasks, "currently_trained")
    for index, start in enumerate([0, 10, 20, 30]):
        before = [model.model for model in models if model.last_timestamp < start]
        after = [model.model for model in models if model.model not in before]
        assert active.get(index) == (before[-1] if before else None)
        assert trained.get(index) == (after[0] if after else before[-1] if before else None)
