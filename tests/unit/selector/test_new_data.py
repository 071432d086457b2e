"""NewDataStrategy on real views: exactly the promised samples, in files that are functions of their inputs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modyn import _native
from modyn.config.selection import NewDataStrategy
from modyn.errors import ConflictError
from modyn.selector.api import SelectionRequest, SelectionStrategy, TrainingSetInfo
from modyn.selector.ledger import Ledger
from modyn.selector.strategies import build_strategy
from modyn.selector.training_set import write_training_set
from modyn.storage.api import View, ViewRef
from modyn.storage.sample_format import FixedRecord, TimestampFrom, settings_text
from modyn.storage.view import LocalView

SAMPLES = 100


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    """100 samples in ten files of ten; two files share each timestamp, and the later half has the smaller keys."""
    folder = tmp_path_factory.mktemp("dataset")
    root, index = folder / "files", folder / "index"
    root.mkdir()
    for numbers in (range(5), range(5, 10)):
        for number in numbers:
            (root / f"{number}-{1000 - 100 * (number // 2)}.bin").write_bytes(np.arange(10, dtype="<u4").tobytes())
        report = _native.scan(
            index,
            root,
            file_extension=".bin",
            format=settings_text(FixedRecord(record_size=4, label_size=2), TimestampFrom()),
            timestamp_source="filename",
            timestamp_pattern="-%s",
        )
    assert report.summary.samples == SAMPLES
    return LocalView(ViewRef("numbers", index, root, report.summary.manifest))


def strategy(**fields: Any) -> SelectionStrategy:
    return build_strategy(NewDataStrategy(name="NewDataStrategy", **fields))


def ledger(*cuts: int) -> Ledger:
    made = Ledger()
    for start, end in zip((0, *cuts), cuts, strict=False):
        made.append(start, end)
    return made


Select = Callable[..., TrainingSetInfo]


@pytest.fixture
def select(view: View, tmp_path: Path) -> Select:
    """Selects for the last trigger of a ledger into a fresh file."""
    files = iter(range(1000))

    def run(ledger: Ledger, seed: int = 7, **fields: Any) -> TrainingSetInfo:
        path = tmp_path / f"{next(files)}.trainingset"
        selection = strategy(**fields).select(SelectionRequest(view, ledger, len(ledger) - 1, seed))
        return write_training_set(path, view, selection)

    return run


def positions(info: TrainingSetInfo, view: View) -> list[int]:
    """Positions in the view of a training set's samples, in the order of the file."""
    native = _native.View.build(_native.Index.open(view.ref.folder, view.ref.manifest), view.ref.order)
    opened = _native.TrainingSet.open(info.path, native)
    assert len(opened) == info.samples
    keys, _ = opened.read(0, len(opened))
    place = {int(key): position for position, key in enumerate(view.keys(0, len(view)))}
    return [place[int(key)] for key in keys]


def test_all_data_new_data_and_a_tail(select, view):
    made = ledger(30, 40, 40, 75)
    assert positions(select(made, tail_triggers=None), view) == list(range(75))
    assert positions(select(made, tail_triggers=0), view) == list(range(40, 75))
    assert positions(select(made, tail_triggers=1), view) == list(range(40, 75))
    assert positions(select(made, tail_triggers=2), view) == list(range(30, 75))


def test_the_answer_describes_the_file(select, view):
    info = select(ledger(35, 60), tail_triggers=0)
    assert info.digest == hashlib.sha256(info.path.read_bytes()).hexdigest()
    assert (info.first_timestamp, info.last_timestamp) == (700, 800)
    assert info.samples == 25


def test_a_trigger_without_data_gives_an_empty_set(select, view):
    info = select(ledger(0), tail_triggers=None)
    assert (info.samples, info.first_timestamp, info.last_timestamp) == (0, None, None)
    assert positions(info, view) == []


@pytest.mark.parametrize("tail", [None, 0, 1, 5])
@pytest.mark.parametrize("limit", [1, 7, 19, 20, 21, 54, 55, 56, 1000])
class TestLimit:
    def window(self, tail: int | None) -> range:
        return range({None: 0, 0: 35, 1: 20, 5: 0}[tail], 55)

    def test_last_x_keeps_the_newest(self, select, view, tail, limit):
        info = select(ledger(20, 35, 55), tail_triggers=tail, limit=limit, limit_reset="lastX")
        chosen = positions(info, view)
        assert chosen == list(self.window(tail))[-limit:]
        order = list(zip(view.timestamps(0, SAMPLES), view.keys(0, SAMPLES), strict=True))
        assert [order[one] for one in chosen] == sorted(order[one] for one in self.window(tail))[-limit:]

    def test_sample_uar_keeps_so_many_different_ones(self, select, view, tail, limit):
        info = select(ledger(20, 35, 55), tail_triggers=tail, limit=limit, limit_reset="sampleUAR")
        chosen = positions(info, view)
        assert len(chosen) == len(set(chosen)) == min(limit, len(self.window(tail)))
        assert set(chosen) <= set(self.window(tail))
        assert chosen == sorted(chosen)
        timestamps = view.timestamps(0, SAMPLES)[chosen]
        assert (info.first_timestamp, info.last_timestamp) == (timestamps[0], timestamps[-1])


@pytest.mark.parametrize("limit", [0, -1, -5])
def test_a_limit_of_zero_or_less_is_none(select, limit):
    assert select(ledger(20, 55), tail_triggers=None, limit=limit).samples == 55


def test_equal_requests_give_equal_files_and_the_seed_decides(select):
    sample = {"tail_triggers": None, "limit": 10, "limit_reset": "sampleUAR"}
    digests = [select(ledger(50, 90), seed=seed, **sample).digest for seed in (1, 1, 2)]
    assert digests[0] == digests[1] != digests[2]
    assert select(ledger(90), seed=1, **sample).digest != digests[0], "the number of the trigger is in the address"


def test_weights_are_stored_if_they_are_used(select, view):
    for fields in ({}, {"limit": 5, "limit_reset": "sampleUAR"}):
        info = select(ledger(20, 55), tail_triggers=None, uses_weights=True, **fields)
        native = _native.View.build(_native.Index.open(view.ref.folder, view.ref.manifest), "time")
        opened = _native.TrainingSet.open(info.path, native)
        assert opened.weighted
        assert opened.read(0, len(opened))[1].tolist() == [1.0] * info.samples


def test_an_existing_file_is_never_replaced(view, tmp_path):
    selection = strategy(tail_triggers=None).select(SelectionRequest(view, ledger(20), 0, 7))
    info = write_training_set(tmp_path / "set", view, selection)
    with pytest.raises(ConflictError):
        write_training_set(tmp_path / "set", view, selection)
    assert hashlib.sha256(info.path.read_bytes()).hexdigest() == info.digest


def test_a_view_in_another_order_is_refused(view):
    other = LocalView(replace(view.ref, order="sequence"))
    with pytest.raises(ValueError, match="needs a view in time order, not in sequence order"):
        strategy(tail_triggers=0).select(SelectionRequest(other, ledger(20), 0, 7))


def test_a_resumed_strategy_selects_the_same(select, view, tmp_path):
    fields = {"tail_triggers": 1, "limit": 9, "limit_reset": "sampleUAR"}
    resumed = strategy(**fields)
    resumed.load_state_dict(strategy(**fields).state_dict())
    selection = resumed.select(SelectionRequest(view, ledger(20, 35, 55), 2, 7))
    again = write_training_set(tmp_path / "again", view, selection)
    assert again.digest == select(ledger(20, 35, 55), **fields).digest


@given(st.lists(st.integers(0, 30), min_size=1, max_size=4), st.integers(0, 2**64 - 1), st.data())
def test_limits_of_any_window(view, sizes, seed, data):
    made = ledger(*np.minimum(np.cumsum(sizes), SAMPLES).tolist())
    samples = min(sum(sizes), SAMPLES)
    limit = data.draw(st.integers(1, samples + 1))
    request = SelectionRequest(view, made, len(sizes) - 1, seed)
    keys = view.keys(0, samples)

    newest = strategy(limit=limit).select(request).samples
    assert newest.keys(0, len(newest)).tolist() == keys[-limit:].tolist()[-samples:] if samples else len(newest) == 0

    priorities = _native.Priorities(seed, len(sizes) - 1, _native.PURPOSE_PRESAMPLING, 0).apply(keys)
    drawn = strategy(limit=limit, limit_reset="sampleUAR").select(request).samples
    chosen = np.sort(np.argsort(priorities)[:limit])
    assert drawn.keys(0, len(drawn)).tolist() == keys[chosen].tolist()


def test_every_sample_is_drawn_equally_often(view):
    made, counts = ledger(25), np.zeros(SAMPLES)
    for seed in range(4000):
        chosen = strategy(limit=5, limit_reset="sampleUAR").select(SelectionRequest(view, made, 0, seed)).samples
        counts[chosen.keys(0, 5)] += 1
    drawn = counts[view.keys(0, 25)]
    assert drawn.sum() == 20_000
    # Each is binomial with mean 800 and standard deviation 25.
    assert abs(drawn - 800).max() < 5 * 25
