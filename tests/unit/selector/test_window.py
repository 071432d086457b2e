"""Windows: what a strategy may look at, and what it may not select."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.unit.selector.histories import labelled_view, ledger_of, request

from modyn import _native
from modyn.errors import SelectionError
from modyn.selector.presampling.balanced import LabelBalanced, fair
from modyn.selector.presampling.uniform import Uniform
from modyn.selector.presampling.without_replacement import WithoutReplacement
from modyn.selector.training_set import write_training_set
from modyn.selector.window import Window, native_view
from modyn.storage.api import View

LABELS = np.arange(300) % 7


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    return labelled_view(tmp_path_factory.mktemp("labelled"), LABELS)


@pytest.fixture
def window(view: View) -> Window:
    return request(view, ledger_of([100, 0, 50, 30])).window(2)


def test_it_shows_what_the_view_shows(view, window):
    assert (len(window), window.first_trigger, window.trigger) == (80, 1, 3)
    assert window.ends.tolist() == [0, 50, 80]
    assert [window.end_of(trigger) for trigger in range(5)] == [0, 0, 0, 50, 80]
    assert window.keys().tolist() == view.keys(100, 80).tolist()
    assert window.labels(10, 5).tolist() == view.labels(110, 5).tolist()
    assert window.timestamps(79).tolist() == view.timestamps(179, 1).tolist()
    labels, counts = window.label_counts()
    assert dict(zip(labels.tolist(), counts.tolist(), strict=True)) == {
        label: view.labels(100, 80).tolist().count(label) for label in range(7)
    }


def test_taken_samples_keep_their_order_and_their_weights(view, window, tmp_path):
    selection = window.take([30, 4, 79], weights=[0.5, 2, 1e-3])
    assert selection.samples.keys(0, 3).tolist() == window.keys()[[30, 4, 79]].tolist()
    info = write_training_set(tmp_path / "set", view, selection)
    times = window.timestamps()
    assert (info.samples, info.first_timestamp, info.last_timestamp) == (3, times[4], times[79])
    keys, weights = _native.TrainingSet.open(info.path, native_view(view.ref)).read(0, 3)
    assert keys.tolist() == window.keys()[[30, 4, 79]].tolist()
    assert weights.tolist() == pytest.approx([0.5, 2, 1e-3])


def test_taking_nothing_is_an_empty_set(view, window, tmp_path):
    info = write_training_set(tmp_path / "set", view, window.take([]))
    assert (info.samples, info.first_timestamp) == (0, None)
    assert len(window.take_keys(np.zeros(0, dtype=np.int64), weights=[])) == 0


def test_keys_are_found_in_the_window(window):
    wanted = window.keys()[[70, 3, 9]]
    assert window.take_keys(wanted).samples.keys(0, 3).tolist() == wanted.tolist()


@pytest.mark.parametrize(
    ("indices", "message"),
    [
        ([80], "index 80 is outside the window, whose indices are 0 to 79"),
        ([-1], "index -1 is outside the window"),
        ([3, 5, 3], "index 3 is selected several times; give each once, with a weight"),
        ([0.0, 1.0], "indices of samples are float64, not whole numbers"),
        (np.array([True, False]), "bool, not whole numbers; np.flatnonzero makes indices of a mask"),
        ([[1, 2]], r"shape \(1, 2\); give an array of one dimension"),
    ],
)
def test_indices_that_are_none_are_refused(window, indices, message):
    with pytest.raises(SelectionError, match=message):
        window.take(indices)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, float("nan")], "weight nan of selected sample 1 is no finite number"),
        ([float("inf"), 1], "weight inf of selected sample 0"),
        ([1e300, 1], "weight 1e\\+300 of selected sample 0"),
        ([-0.5, 1], "weight -0.5 of selected sample 0 is no finite number from 0 on"),
        ([1.0], r"shape \(1,\) for 2 samples; give one for each"),
        (["1", "2"], "not numbers"),
    ],
)
def test_weights_that_are_none_are_refused(window, weights, message):
    with pytest.raises(SelectionError, match=message):
        window.take([0, 1], weights)


def test_keys_that_are_not_in_the_window_are_refused(view, window):
    outside = int(view.keys(0, 1)[0])
    with pytest.raises(SelectionError, match=f"key {outside} is not in the window, which has 80 samples"):
        window.take_keys([window.keys()[5], outside])
    with pytest.raises(SelectionError, match="is selected several times"):
        window.take_keys([window.keys()[5]] * 2)
    with pytest.raises(SelectionError, match="float64, not whole numbers"):
        window.take_keys([1.5])


def test_samples_are_uniform_nested_and_addressed(window):
    few, many = window.sample(10).tolist(), window.sample(40).tolist()
    assert len(few) == 10
    assert set(few) <= set(many)
    assert many == sorted(many)
    assert window.sample(10, draw=1).tolist() != few
    assert window.sample(1000).tolist() == list(range(80))
    assert window.sample(0).tolist() == []


def test_generators_are_addressed(window):
    assert window.random(3).integers(2**60) == window.random(3).integers(2**60)
    assert window.random(3).integers(2**60) != window.random(4).integers(2**60)


class TestInformedByAClient:
    """The same choices where the samples come from a ledger of keys, repeated ones among them."""

    @pytest.fixture
    def informed(self, view: View, tmp_path: Path) -> Window:
        """Three triggers: keys 0 to 149 in a random order, 100 of them again, and 60 others."""
        random = np.random.default_rng(0)
        batches = [random.permutation(150), random.permutation(150)[:100], np.arange(200, 260)]
        writer = _native.LedgerWriter(tmp_path / "ledger")
        index = native_view(view.ref).index
        for trigger, keys in enumerate(batches):
            writer.inform(trigger, 0, keys, index.timestamps(keys), index.labels(keys))
            writer.end_trigger(trigger)
        ledger = _native.Ledger.open(tmp_path / "ledger")
        samples, ends = _native.latest(ledger.samples(0, 3), np.array([150, 250, 310], dtype=np.uint64))
        return Window(native_view(view.ref), samples, 2, 0, ends, 7)

    def test_the_latest_occurrence_of_a_key_counts(self, informed):
        assert informed.ends.tolist() == [50, 150, 210]
        assert sorted(informed.keys().tolist()) == [*range(150), *range(200, 260)]

    def test_choices_are_those_of_the_same_keys_in_a_view(self, view, informed):
        every = Window(
            native_view(view.ref),
            _native.Sequence.of_keys(native_view(view.ref).index, np.sort(informed.keys())),
            2,
            0,
            np.array([210], dtype=np.uint64),
            7,
        )
        for presampling in (Uniform, WithoutReplacement, lambda: LabelBalanced(fair)):
            ours = presampling().choose(informed, 60).samples
            plain = presampling().choose(every, 60).samples
            assert len(ours) == len(plain) <= 60
            if presampling is not WithoutReplacement:
                assert sorted(ours.keys(0, len(ours))) == plain.keys(0, len(plain)).tolist()

    def test_a_key_is_never_chosen_twice(self, view, informed, tmp_path):
        chosen = Uniform().choose(informed, 200)
        keys = chosen.samples.keys(0, len(chosen))
        assert len(set(keys.tolist())) == len(keys) == 200
        assert write_training_set(tmp_path / "set", view, chosen).samples == 200
