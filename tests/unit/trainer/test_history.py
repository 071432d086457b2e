"""Records that the training loop appends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modyn.errors import CorruptFileError
from modyn.metadata.history import write_history
from modyn.metadata.history_table import RECORDED, HistoryTable, Keys
from modyn.trainer import history
from modyn.trainer.batch_plan import BatchPlan, Span
from modyn.trainer.history import HistoryRecorder, read_records, sum_up

PLAN = BatchPlan(samples=50, batch_size=8, drop_last=False, epochs=4)


def scores(span: Span) -> dict[str, torch.Tensor]:
    """What a model gives for the batch, a function of its number."""
    generator = torch.Generator().manual_seed(span.index)
    columns = {name: torch.randn(span.count, generator=generator) for name in RECORDED}
    columns["correct"] = columns["correct"] > 0
    return columns


def keys_of(epoch: int, first: int, count: int) -> Keys:
    """Another order in each epoch."""
    order = np.random.default_rng(epoch).permutation(PLAN.samples) * 10
    return order[first : first + count].astype(np.int64)


def by_batches() -> HistoryTable:
    """The table without any file."""
    tables = []
    for epoch in range(PLAN.epochs):
        spans = [PLAN.span(index) for index in range(PLAN.total_batches)]
        spans = [span for span in spans if span.epoch == epoch]
        records = {
            name: np.concatenate([scores(span)[name].numpy() for span in spans]).astype(kind)
            for name, kind in RECORDED.items()
        }
        tables.append(HistoryTable.of_records(keys_of(epoch, 0, PLAN.samples), 3, epoch, records))
    return HistoryTable.joined(tables)


def content_of(table: HistoryTable, folder: Path) -> bytes:
    write_history(folder / "table", 3, table)
    return (folder / "table").read_bytes()


@pytest.mark.parametrize("block", [1, 20, 64, 1 << 16])
@pytest.mark.parametrize("at_once", [1, 7, 50, 1 << 22])
def test_records_are_summed_up_by_key_however_they_were_framed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, at_once: int
) -> None:
    monkeypatch.setattr(history, "_BLOCK", block)
    monkeypatch.setattr(history, "_SUMMED_AT_ONCE", at_once)
    recorder = HistoryRecorder(tmp_path / "records")
    for index in range(PLAN.total_batches):
        recorder.add(PLAN.span(index), scores(PLAN.span(index)))
    recorder.close()
    summed = sum_up(tmp_path / "records", 3, keys_of)
    # Each key occurs once in an epoch, so its sums have an order of their own.
    assert content_of(summed, tmp_path) == content_of(by_batches(), tmp_path)


def test_a_frame_is_what_was_added(tmp_path: Path) -> None:
    recorder = HistoryRecorder(tmp_path / "records")
    span = Span(index=0, epoch=2, first=16, count=8)
    recorder.add(span, scores(span))
    recorder.close()
    (frame,) = read_records(tmp_path / "records")
    assert (frame.epoch, frame.first, frame.count) == (2, 16, 8)
    for name in RECORDED:
        np.testing.assert_array_equal(frame.columns[name], scores(span)[name].numpy())


def test_batches_that_are_not_neighbours_get_frames_of_their_own(tmp_path: Path) -> None:
    recorder = HistoryRecorder(tmp_path / "records")
    for first in (0, 8, 32):
        span = Span(index=first // 8, epoch=0, first=first, count=8)
        recorder.add(span, scores(span))
    recorder.close()
    assert [(frame.first, frame.count) for frame in read_records(tmp_path / "records")] == [(0, 16), (32, 8)]


def test_samples_that_do_not_count_leave_no_trace(tmp_path: Path) -> None:
    recorder = HistoryRecorder(tmp_path / "records")
    span = Span(index=0, epoch=0, first=0, count=8)
    recorder.add(span, scores(span), counted=torch.arange(8) % 2 == 0)
    recorder.close()
    summed = sum_up(tmp_path / "records", 0, lambda epoch, first, count: np.arange(first, first + count))
    assert summed.keys.tolist() == [0, 2, 4, 6]
    np.testing.assert_array_equal(summed.columns["loss"], scores(span)["loss"][::2].numpy())


def test_nothing_recorded_is_an_empty_table(tmp_path: Path) -> None:
    HistoryRecorder(tmp_path / "records").close()
    assert len(sum_up(tmp_path / "records", 0, keys_of)) == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 27), max_size=3, unique=True).map(sorted), st.integers(0, 300), st.data())
def test_a_resumed_training_records_what_an_undisturbed_one_does(
    tmp_path_factory: pytest.TempPathFactory, deaths: list[int], garbage: int, choices: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("attempts")
    start, state, earlier = 0, None, None
    for attempt, death in enumerate([*deaths, PLAN.total_batches]):
        path = folder / f"records-{attempt}"
        recorder = HistoryRecorder(path)
        if state is not None and earlier is not None:
            recorder.adopt(earlier, state)
        start_of_next = start
        for index in range(start, death):
            recorder.add(PLAN.span(index), scores(PLAN.span(index)))
            if choices.draw(st.booleans()):
                state, earlier, start_of_next = recorder.state_dict(), path, index + 1
        if death < PLAN.total_batches:
            # Killed: what was held is gone, and what followed the checkpoint may be torn.
            if choices.draw(st.booleans()):
                recorder._flush()
            with path.open("ab") as file:
                file.write(bytes(garbage))
        else:
            recorder.close()
        start = start_of_next
    assert content_of(sum_up(path, 3, keys_of), folder) == content_of(by_batches(), folder)


def recorded(path: Path) -> int:
    """A file of two frames; where the second begins."""
    recorder = HistoryRecorder(path)
    recorder.add(PLAN.span(0), scores(PLAN.span(0)))
    first = int(recorder.state_dict()["bytes"])
    recorder.add(PLAN.span(1), scores(PLAN.span(1)))
    recorder.close()
    return first


def test_any_wrong_byte_is_found(tmp_path: Path) -> None:
    path = tmp_path / "records"
    recorded(path)
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        with pytest.raises(CorruptFileError):
            list(read_records(path))


def test_a_torn_end_is_found(tmp_path: Path) -> None:
    path = tmp_path / "records"
    first = recorded(path)
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        if size in (0, first):
            assert len(list(read_records(path))) == (size > 0)
        else:
            with pytest.raises(CorruptFileError, match="torn"):
                list(read_records(path))


def test_records_that_a_checkpoint_counts_on_must_be_there(tmp_path: Path) -> None:
    first = recorded(tmp_path / "records")
    (tmp_path / "records").write_bytes((tmp_path / "records").read_bytes()[: first - 1])
    with pytest.raises(CorruptFileError, match="torn"):
        HistoryRecorder(tmp_path / "adopted").adopt(tmp_path / "records", {"bytes": first})
    with pytest.raises(CorruptFileError, match="missing"):
        HistoryRecorder(tmp_path / "adopted").adopt(tmp_path / "gone", {"bytes": first})
    (tmp_path / "records").unlink()
