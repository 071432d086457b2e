"""The selection job: what a strategy that is not part of Modyn may answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from tests.unit.selector.histories import labelled_view

from modyn import _native
from modyn.config.reference import example
from modyn.errors import SelectionError
from modyn.selector.job import SelectionJob, SelectionResult, run, select
from modyn.selector.window import native_view
from modyn.storage.api import View

POLICY = """
from modyn.selector.api import SelectionStrategy


class Policy(SelectionStrategy):
    def __init__(self, how="right"):
        self.how, self.calls = how, 0

    def select(self, request):
        self.calls += 1
        window = request.window(1)
        if self.how == "raises":
            raise ValueError("the policy is at its end")
        if self.how == "nan":
            return window.take([0, 1], weights=[1.0, float("nan")])
        if self.how == "list":
            return [0, 1]
        return window.take([5, 2], weights=[0.5, 4])

    def downsampling(self, trigger):
        if self.how == "downsampling":
            return {"strategy": "Los"}
        if self.how == "uneven":
            return {"strategy": "Loss", "ratio": 30}
        return {"strategy": "Loss", "ratio": 25 * trigger} if self.how == "right" else None

    def state_dict(self):
        return object() if self.how == "state" else {"calls": self.calls, "of": float if self.how == "json" else 1}

    def load_state_dict(self, state):
        self.calls = state["calls"]
"""


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    return labelled_view(tmp_path_factory.mktemp("labelled"), np.zeros(100, dtype=np.int64))


def job(view: View, folder: Path, state: dict[str, Any], **options: Any) -> SelectionJob:
    (folder / "job_policy.py").write_text(POLICY)
    pipeline = yaml.safe_load(example())
    pipeline["selection_strategy"] = {"name": "job_policy:Policy", "config": options}
    ranges = [(0, 10), (10, 10), (30, 50)]
    return SelectionJob(pipeline, folder, view.ref, ranges, 2, 7, state, folder / "training-set")


def test_it_writes_the_training_set_and_answers_with_the_state(view, tmp_path):
    answer = SelectionResult.from_json(run(job(view, tmp_path, {"calls": 3}).to_json(), lambda event: None))
    assert answer.state == {"calls": 4, "of": 1}
    assert answer.downsampling is not None
    assert (answer.downsampling["strategy"], answer.downsampling["ratio"]) == ("Loss", 50)
    assert answer.training_set.samples == 2
    keys, weights = _native.TrainingSet.open(answer.training_set.path, native_view(view.ref)).read(0, 2)
    assert keys.tolist() == [view.keys(35, 1)[0], view.keys(32, 1)[0]]
    assert weights.tolist() == [0.5, 4]


def test_a_first_call_has_no_state(view, tmp_path):
    assert select(job(view, tmp_path, {})).state["calls"] == 1


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("nan", "weight nan of selected sample 1 is no finite number"),
        ("list", "selects list, not a Selection; return what window.take"),
        ("state", "its state is object, not a dict"),
        ("json", "its state cannot be written as JSON"),
        ("downsampling", "its downsampling is wrong"),
        ("uneven", "downsampling keeps 307 of the 1024 samples of a batch; keep a number that divides"),
    ],
)
def test_what_is_wrong_is_said(view, tmp_path, how, message):
    with pytest.raises(SelectionError, match=message):
        select(job(view, tmp_path, {}, how=how))


def test_its_own_errors_are_passed_on(view, tmp_path):
    with pytest.raises(ValueError, match="the policy is at its end"):
        select(job(view, tmp_path, {}, how="raises"))
