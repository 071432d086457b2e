"""Files of the training history."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from modyn.errors import CorruptFileError, UnsupportedError
from modyn.metadata.history import VALUES, HistoryFolder, TrainingHistory, write_history
from modyn.metadata.history_table import COLUMNS, RECORDED, HistoryTable


def table(keys: list[int], trigger: int = 0, seed: int = 0) -> HistoryTable:
    random = np.random.default_rng(seed)
    records = {name: random.random(len(keys)).astype(kind) for name, kind in RECORDED.items()}
    records["correct"] = random.integers(0, 2, len(keys)).astype(np.uint8)
    return HistoryTable.of_records(np.array(keys, np.int64), trigger, 0, records)


def summary(path: Path, keys: list[int], trigger: int) -> Path:
    write_history(path, trigger, table(keys, trigger, seed=trigger))
    return path


def test_a_file_holds_what_was_written(tmp_path: Path) -> None:
    written = table([5, 9, 2, 5, 7])
    write_history(tmp_path / "a.history", 3, written)
    history = TrainingHistory.open(tmp_path / "a.history")
    assert history.trigger == 3
    assert len(history) == 4
    np.testing.assert_array_equal(history.keys, [2, 5, 7, 9])
    for name in COLUMNS:
        np.testing.assert_array_equal(history.table().columns[name], written.columns[name])


def test_a_history_of_nothing(tmp_path: Path) -> None:
    write_history(tmp_path / "a.history", 0, HistoryTable.empty())
    history = TrainingHistory.open(tmp_path / "a.history")
    assert len(history) == 0
    assert history.frame().empty
    found = history.lookup(np.array([1, 2]))
    assert np.isnan(found["loss"]).all()
    assert found["seen"].tolist() == [0, 0]


def test_keys_are_looked_up_in_any_order_and_unknown_ones_are_nan(tmp_path: Path) -> None:
    write_history(tmp_path / "a.history", 0, table([5, 9, 2, 5, 7]))
    history = TrainingHistory.open(tmp_path / "a.history")
    found = history.lookup(np.array([9, 1, 5, 5, 100, -4]))
    assert set(found) == set(VALUES)
    frame = history.frame().set_index("key")
    assert list(frame.columns) == list(VALUES)
    for name in VALUES:
        unknown = 0 if name == "seen" else np.nan
        expected = [frame[name][9], unknown, frame[name][5], frame[name][5], unknown, unknown]
        np.testing.assert_array_equal(found[name], expected)
    assert found["seen"].tolist() == [1, 0, 2, 2, 0, 0]


def test_only_what_is_asked_for_is_looked_up(tmp_path: Path) -> None:
    write_history(tmp_path / "a.history", 0, table([5]))
    assert list(TrainingHistory.open(tmp_path / "a.history").lookup(np.array([5]), ["mean_margin"])) == ["mean_margin"]


def test_means_and_deviations_are_those_of_all_records(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    records = {name: random.random(50).astype(kind) for name, kind in RECORDED.items()}
    write_history(tmp_path / "a.history", 0, HistoryTable.of_records(np.zeros(50, np.int64), 0, 0, records))
    found = TrainingHistory.open(tmp_path / "a.history").lookup(np.array([0]))
    for name in ("loss", "margin", "probability"):
        np.testing.assert_allclose(found[f"mean_{name}"], records[name].mean(dtype=np.float64))
    np.testing.assert_allclose(found["probability_deviation"], records["probability"].astype(np.float64).std())


def test_a_merge_joins_the_trigger_to_those_before_it(tmp_path: Path) -> None:
    folder = HistoryFolder(tmp_path / "history")
    assert folder.newest() is None
    folder.merge(0, summary(tmp_path / "0", [1, 2, 3], 0))
    folder.merge(2, summary(tmp_path / "2", [3, 4, 3], 2))
    newest = folder.newest()
    assert newest is not None
    expected = table([1, 2, 3], 0, seed=0).followed_by(table([3, 4, 3], 2, seed=2))
    for name in COLUMNS:
        np.testing.assert_array_equal(newest.table().columns[name], expected.columns[name])
    assert newest.lookup(np.array([1, 3, 4]))["trigger"].tolist() == [0, 2, 2]


def test_a_merge_that_is_done_again_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = HistoryFolder(tmp_path / "history")
    for trigger in range(3):
        file = summary(tmp_path / str(trigger), [trigger, 7], trigger)
        content = folder.merge(trigger, file).path.read_bytes()
        assert folder.merge(trigger, file).path.read_bytes() == content
        folder.retain()
        # The run was resumed after this trigger's model was stored, but before the journal knew it.
        assert folder.merge(trigger, file).path.read_bytes() == content
    assert sorted(path.name for path in (tmp_path / "history").iterdir()) == ["00001.history", "00002.history"]
    newest = folder.newest()
    assert newest is not None
    assert newest.lookup(np.array([7]))["seen"].tolist() == [3]


def test_an_open_history_survives_its_removal(tmp_path: Path) -> None:
    folder = HistoryFolder(tmp_path / "history")
    opened = folder.merge(0, summary(tmp_path / "0", [1, 2], 0))
    for trigger in (1, 2):
        folder.merge(trigger, summary(tmp_path / str(trigger), [trigger], trigger))
    folder.retain()
    assert not opened.path.exists()
    assert opened.lookup(np.array([2]))["seen"].tolist() == [1]


def test_any_wrong_byte_is_noticed_or_changes_nothing(tmp_path: Path) -> None:
    path = summary(tmp_path / "a.history", [1, 2, 3], 0)
    content = path.read_bytes()
    expected = TrainingHistory.open(path).table()
    padding = 0
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x20]) + content[place + 1 :])
        try:
            found = TrainingHistory.open(path).table()
        except (CorruptFileError, UnsupportedError):
            continue
        padding += 1
        assert content[place] == 0
        for name in COLUMNS:
            np.testing.assert_array_equal(found.columns[name], expected.columns[name])
    assert padding < len(content) / 2


@pytest.mark.parametrize("size", [0, 10, 100, 1000, -1])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, size: int) -> None:
    path = summary(tmp_path / "a.history", [1, 2, 3], 0)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CorruptFileError, match=r"a\.history"):
        TrainingHistory.open(path)


def test_a_newer_version_is_refused_by_its_number(tmp_path: Path) -> None:
    path = summary(tmp_path / "a.history", [1, 2, 3], 0)
    content = bytearray(path.read_bytes())
    content[8] = 9
    path.write_bytes(content)
    with pytest.raises(UnsupportedError, match="version 9"):
        TrainingHistory.open(path)
