from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.unit.native.record_files import RecordFiles, RecordFormat

from modyn import _native
from modyn.errors import ConflictError, CorruptFileError


def batch(number: int, size: int = 1000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(number)
    return random.integers(0, 2**40, size), random.integers(0, 2**31, size), random.integers(0, 10, size)


def test_what_was_informed_is_found_by_trigger_label_and_time(tmp_path: Path) -> None:
    writer = _native.LedgerWriter(tmp_path / "ledger")
    for trigger in range(3):
        assert writer.open_trigger == trigger
        for number in (0, 1):
            assert writer.inform(trigger, number, *batch(2 * trigger + number))
        assert writer.end_trigger(trigger)
    ledger = _native.Ledger.open(tmp_path / "ledger")
    ledger.verify()
    assert (ledger.triggers, len(ledger)) == (3, 6000)
    keys, timestamps, labels = map(np.concatenate, zip(*(batch(number) for number in (2, 3, 4, 5)), strict=True))
    since_one = ledger.samples(1, 3)
    np.testing.assert_array_equal(since_one.keys(0, 4000), keys)
    np.testing.assert_array_equal(since_one.timestamps(0, 4000), timestamps)
    np.testing.assert_array_equal(since_one.labels(0, 4000), labels)
    found = since_one.where(labels=[1, 7], start=2**20, end=2**30)
    expected = keys[np.isin(labels, [1, 7]) & (timestamps >= 2**20) & (timestamps < 2**30)]
    np.testing.assert_array_equal(found.keys(0, len(found)), expected)
    assert len(ledger.samples(3, 9)) == 0


def test_a_retried_batch_counts_once(tmp_path: Path) -> None:
    writer = _native.LedgerWriter(tmp_path / "ledger")
    assert writer.inform(0, 7, *batch(0))
    assert not writer.inform(0, 7, *batch(0))
    writer.end_trigger(0)
    del writer
    again = _native.LedgerWriter(tmp_path / "ledger")
    assert not again.inform(0, 7, *batch(0))
    with pytest.raises(ConflictError, match="7"):
        again.inform(0, 7, *batch(1))
    assert len(again) == 1000


def test_mistakes_are_refused(tmp_path: Path) -> None:
    writer = _native.LedgerWriter(tmp_path / "ledger")
    keys, timestamps, labels = batch(0)
    with pytest.raises(ValueError, match="999 labels"):
        writer.inform(0, 0, keys, timestamps, labels[1:])
    with pytest.raises(ValueError, match="trigger 0 is the open one"):
        writer.inform(1, 0, keys, timestamps, labels)
    with pytest.raises(ConflictError):
        _native.LedgerWriter(tmp_path / "ledger", lock_timeout_s=0.01)
    assert len(writer) == 0


def test_damage_names_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    writer = _native.LedgerWriter(path)
    writer.inform(0, 0, *batch(0))
    writer.end_trigger(0)
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"ledger' is damaged at byte 4,184"):
        _native.Ledger.open(path).verify()


def test_ranges_of_a_view_are_a_training_set_of_ranges(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path, RecordFormat(record_size=8, label_size=1), [30, 70])
    view = _native.View.build(files.open(), "time")
    writer = _native.LedgerWriter(tmp_path / "ledger")
    writer.inform_ranges(0, 0, view, [(0, 50)])
    writer.end_trigger(0)
    writer.inform_ranges(1, 0, view, [(50, 50)])
    window = writer.snapshot(view).samples(0, 2)
    np.testing.assert_array_equal(window.labels(0, 100), files.labels(np.arange(100)))
    window.write(tmp_path / "by-ledger", view)
    _native.TrainingSet.write_ranges(tmp_path / "by-hand", view, [(0, 100)])
    assert (tmp_path / "by-ledger").read_bytes() == (tmp_path / "by-hand").read_bytes()
    with pytest.raises(ValueError, match="view"):
        writer.snapshot()
