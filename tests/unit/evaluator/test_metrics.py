"""Metrics against scikit-learn, for odd sizes, ties and any split into batches."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score, top_k_accuracy_score

from modyn.config.metrics import MetricConfig
from modyn.errors import DatasetError, ModelError
from modyn.evaluator.metrics import Metric, build_metrics, decision_threshold

ACCURACY = {"name": "Accuracy"}
AUC = {"name": "RocAuc"}


def build(config: dict[str, Any], threshold: float = 0.0) -> Metric:
    return build_metrics([TypeAdapter(MetricConfig).validate_python(config)], threshold)[0]


def f1(average: str, num_classes: int, **fields: object) -> dict[str, Any]:
    return {"name": "F1Score", "average": average, "num_classes": num_classes} | fields


def transformed(config: dict[str, Any], expression: str) -> dict[str, Any]:
    source = f"def evaluation_transformer_function(output):\n    return {expression}\n"
    return config | {"evaluation_transformer_function": source}


def value(
    config: dict[str, Any], output: Any, target: Any, split: int | None = None, threshold: float = 0.0
) -> float | None:
    metric = build(config, threshold)
    output, target = torch.as_tensor(output), torch.as_tensor(target)
    for part in range(0, len(target), split or max(1, len(target))):
        rows = slice(part, part + split if split else None)
        metric.update(output[rows], target[rows])
    return metric.compute()


ALL = [ACCURACY, ACCURACY | {"topn": 2}, *(f1(a, 3) for a in ("macro", "micro", "weighted")), f1("binary", 2), AUC]


NAMES = ["Accuracy", "Top-2-Accuracy", "F1-macro", "F1-micro", "F1-weighted", "F1-binary-1", "ROC-AUC"]


@pytest.mark.parametrize(("config", "name"), list(zip(ALL, NAMES, strict=True)))
def test_names_are_those_of_the_configuration_and_no_samples_have_no_value(config, name):
    metric = build(config)
    assert metric.name == name == TypeAdapter(MetricConfig).validate_python(config).full_name
    assert metric.compute() is None


@st.composite
def scored(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    """Scores [N, C] with many ties between samples but none within one, labels [N], a batch size."""
    samples, classes = draw(st.integers(1, 70)), draw(st.integers(2, 5))
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    scores = random.permuted(np.tile(np.arange(classes, dtype=np.float32), (samples, 1)), axis=1)
    return scores, random.integers(0, classes, samples), draw(st.integers(1, 80))


@given(scored())
def test_accuracy_and_f1_equal_scikit_learn(drawn):
    scores, labels, split = drawn
    classes = scores.shape[1]
    best = scores.argmax(1)
    assert value(ACCURACY, scores, labels, split) == accuracy_score(labels, best)
    for average in ("macro", "micro", "weighted"):
        expected = f1_score(labels, best, average=average, labels=range(classes), zero_division=0)
        assert value(f1(average, classes), scores, labels, split) == pytest.approx(expected, abs=1e-12)
    if classes == 2:
        for positive in (0, 1):
            expected = f1_score(labels, best, pos_label=positive, zero_division=0)
            assert value(f1("binary", 2, pos_label=positive), scores, labels, split) == pytest.approx(expected)
    if classes > 2:
        expected = top_k_accuracy_score(labels, scores, k=2, labels=range(classes))
        assert value(ACCURACY | {"topn": 2}, scores, labels, split) == expected


@given(
    st.lists(st.tuples(st.integers(-6, 6), st.booleans()), min_size=2, max_size=120),
    st.integers(1, 50),
    st.sampled_from([np.float32, np.float64]),
)
def test_roc_auc_equals_scikit_learn_with_ties(samples, split, dtype):
    scores = np.array([score for score, _ in samples], dtype=dtype) / 3
    labels = np.array([label for _, label in samples], dtype=np.int64)
    assume(0 < labels.sum() < len(labels))
    expected = roc_auc_score(labels, scores)
    assert value(AUC, scores, labels, split) == pytest.approx(expected, abs=1e-12)
    assert value(AUC, scores[:, None], labels[:, None], split) == pytest.approx(expected, abs=1e-12)


def test_roc_auc_of_two_columns_goes_by_the_probability_of_class_1():
    logits = torch.randn(501, 2, generator=torch.Generator().manual_seed(1)) * 3
    labels = torch.arange(501) % 2
    expected = roc_auc_score(labels, logits.double().softmax(1)[:, 1])
    assert value(AUC, logits, labels, 7) == pytest.approx(expected, abs=1e-12)
    assert value(AUC, logits.double().softmax(1), labels, 7) == pytest.approx(expected, abs=1e-12)


def test_roc_auc_of_many_samples_is_exact():
    random = np.random.default_rng(3)
    scores, labels = random.integers(0, 1000, 200_001).astype(np.float32), random.integers(0, 2, 200_001)
    assert value(AUC, scores, labels, 4096) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


class TestRocAuc:
    def test_of_perfect_and_inverted_and_constant_scores(self):
        assert value(AUC, [0.1, 0.2, 0.8], [0, 0, 1]) == 1.0
        assert value(AUC, [0.1, 0.2, 0.8], [1, 1, 0]) == 0.0
        assert value(AUC, [0.5, 0.5, 0.5], [0, 1, 0]) == 0.5

    @pytest.mark.parametrize("labels", [[1], [0], [1, 1, 1]])
    def test_of_one_class_is_not_defined(self, labels):
        assert value(AUC, [0.3] * len(labels), labels) is None

    def test_of_nan_is_not_defined(self):
        assert value(AUC, [0.3, math.nan, 0.5], [0, 0, 1]) is None

    def test_takes_infinite_and_half_precision_scores(self):
        assert value(AUC, torch.tensor([-math.inf, 0, math.inf], dtype=torch.bfloat16), [0, 0, 1]) == 1.0

    def test_takes_labels_of_any_type_and_leaves_them_alone(self):
        labels = torch.tensor([[0.0], [1.0]])
        assert value(AUC, [[0.1], [0.2]], labels) == 1.0
        assert labels.shape == (2, 1)
        assert value(AUC, [0.1, 0.2], torch.tensor([False, True])) == 1.0

    def test_names_a_label_that_is_no_class(self):
        with pytest.raises(DatasetError, match="'ROC-AUC': label 2 is none of the classes 0 to 1"):
            value(AUC, [0.1, 0.2], [0, 2])

    def test_refuses_more_than_two_columns(self):
        with pytest.raises(ModelError, match=r"shape \[2, 3\] for labels of shape \[2\]"):
            value(AUC, torch.zeros(2, 3), [0, 1])


class TestAccuracy:
    def test_of_single_scores_divides_at_the_threshold(self):
        assert value(ACCURACY, [-1.0, 0.4, 2.0], [0, 1, 1]) == 1.0
        assert value(ACCURACY, [[-1.0], [0.4], [2.0]], [0, 1, 1]) == 1.0
        assert value(ACCURACY, [0.2, 0.4, 0.9], [0, 0, 1], threshold=decision_threshold("BCELoss")) == 1.0
        assert decision_threshold("BCEWithLogitsLoss") == 0.0

    def test_of_single_whole_numbers_compares_them(self):
        assert value(ACCURACY, [3, 4, 5], [3, 4, 6]) == pytest.approx(2 / 3)

    def test_of_transformed_outputs_compares_them(self):
        config = transformed(ACCURACY, "(output[:, 0] >= 0.5).float()")
        assert value(config, [[0.4], [0.5]], [0.0, 1.0]) == 1.0

    def test_of_transformed_scores_takes_the_highest(self):
        assert value(transformed(ACCURACY, "-output"), [[1.0, 2.0], [2.0, 1.0]], [0, 0]) == 0.5

    def test_of_single_column_labels_does_not_broadcast(self):
        assert value(ACCURACY, [-1.0, 1.0], [[0], [0]]) == 0.5

    def test_of_dense_labels_counts_each_element(self):
        scores = torch.zeros(2, 3, 2, 2)
        scores[:, 1] = 1
        labels = torch.ones(2, 2, 2, dtype=torch.int64)
        labels[0, 0, 0] = 2
        assert value(ACCURACY, scores, labels) == 7 / 8

    def test_of_nan_is_wrong_whatever_the_label(self):
        nan = [[math.nan, math.nan]] * 2
        assert value(ACCURACY, nan, [0, 1]) == 0.0
        assert value(ACCURACY, [math.nan] * 2, [0, 1]) == 0.0
        assert value(ACCURACY | {"topn": 2}, nan, [0, 1]) == 0.0

    @pytest.mark.parametrize("output", [torch.zeros(3, 2), torch.zeros(1), torch.zeros(2, 2, 2)])
    def test_refuses_outputs_that_do_not_fit_the_labels(self, output):
        with pytest.raises(ModelError, match="evaluation_transformer_function can reshape it"):
            value(ACCURACY, output, [0, 1])

    def test_top_n_needs_so_many_classes(self):
        with pytest.raises(ModelError, match=r"'Top-3-Accuracy'.*C >= 3"):
            value(ACCURACY | {"topn": 3}, torch.zeros(2, 2), [0, 1])

    def test_a_transformer_must_give_a_tensor(self):
        with pytest.raises(ModelError, match="evaluation_transformer_function gives list"):
            value(transformed(ACCURACY, "output.tolist()"), [1.0], [0])


class TestF1Score:
    def test_classes_that_are_absent_count_as_zero(self):
        scores = torch.eye(4)[[0, 0, 1]]
        assert value(f1("macro", 4), scores, [0, 0, 1]) == 0.5
        assert value(f1("weighted", 4), scores, [0, 0, 1]) == 1.0

    def test_of_single_scores_divides_at_the_threshold(self):
        assert value(f1("binary", 2), [-1.0, 1.0, 1.0], [0, 1, 0]) == pytest.approx(2 / 3)

    def test_of_nan_is_a_miss_and_no_false_alarm(self):
        output = torch.tensor([[math.nan, 0.0], [0.0, 1.0]])
        assert value(f1("binary", 2), output, [1, 1]) == pytest.approx(2 / 3)

    @pytest.mark.parametrize(("label", "shown"), [(3, "3"), (-1, "-1"), (0.5, "0.5")])
    def test_names_a_label_that_is_no_class(self, label, shown):
        with pytest.raises(DatasetError, match=f"label {shown} is none of the classes 0 to 2"):
            value(f1("macro", 3), torch.zeros(2, 3), [0, label])

    def test_names_a_predicted_class_beyond_the_number_of_classes(self):
        with pytest.raises(ModelError, match="predicts 3, expected one of the classes 0 to 2"):
            value(f1("macro", 3), torch.eye(4), [0, 1, 2, 0])

    def test_names_a_prediction_that_is_no_class(self):
        with pytest.raises(ModelError, match=r"predicts 0\.5"):
            value(transformed(f1("binary", 2), "output * 0.5"), [1.0, 0.0], [1, 0])
