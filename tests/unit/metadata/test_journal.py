from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from modyn.errors import ConflictError
from modyn.evaluator.api import EvaluationTask, IntervalResult
from modyn.metadata.database import Database
from modyn.metadata.journal import Decision, Journal
from modyn.metadata.tables import AttemptRow, RunRow
from modyn.model_storage.api import StoredModel
from modyn.selector.api import TrainingSetInfo
from modyn.storage.api import Interval
from modyn.trainer.api import TrainingResult

DECISION = Decision(0, 500, 10, 20, {"boundary": 21})
RESULT = TrainingResult(Path("/a/model"), "d" * 64, 960, 15, 2, 1.5, 0.5, 0.25)


@pytest.fixture
def run(database: Database) -> int:
    row = RunRow(
        name="flights-1",
        pipeline="flights",
        state="running",
        phase="preparing",
        seed=str(2**64 - 1),
        config={},
        source_folder="/source",
        pins={},
        environment={},
        stream_start=0,
        stream_end=0,
        position=0,
        trigger_state={},
        strategy_state={},
        created_at=1.0,
    )
    with database.transaction() as session:
        session.add(row)
    return row.id


def _until_stored(journal: Journal, folder: Path) -> None:
    journal.pinned({"flights": 3}, 0, 1000)
    journal.begin("streaming")
    journal.decided(0, DECISION, {"next": 21}, 0.1)
    journal.selected(0, TrainingSetInfo(Path("/sets/0"), "s" * 64, 500, 10, 20), {}, {"strategy": "Loss"}, 0.2)
    attempt = journal.start_attempt("training", 0, folder)
    journal.trained(0, attempt, RESULT, 2.0)
    journal.stored(0, 0, StoredModel(Path("/models/0"), "d" * 64, 492), None, 0.01)


def test_every_commit_leaves_its_line_and_its_rows(database: Database, run: int, tmp_path: Path) -> None:
    journal = Journal.take_over(database, run)
    _until_stored(journal, tmp_path)
    task = EvaluationTask("matrix", "flights", 0, 0, Interval(0, None), 0, False, True)
    journal.finished(0, [(task, IntervalResult(0, 0, 7, {"ROC-AUC": None}))], {"next": 22}, 3.0)
    journal.end("done", 9.0)

    assert [line["state"] for line in journal.lines()] == [
        "pinned",
        "streaming",
        "decided",
        "selected",
        "attempt",
        "trained",
        "stored",
        "done",
        "run done",
    ]
    row = journal.run()
    assert (row.state, row.phase, row.position, row.trigger_state) == ("done", "streaming", 500, {"next": 22})
    assert (row.pins, row.seconds, int(row.seed)) == ({"flights": 3}, 9.0, 2**64 - 1)
    trigger = journal.trigger(0)
    assert (trigger.state, trigger.model, trigger.training_samples) == ("done", 0, 500)
    assert trigger.downsampling == {"strategy": "Loss"}
    assert trigger.seconds == {"decide": 0.1, "select": 0.2, "train": 2.0, "store": 0.01, "evaluate": 3.0}
    frame = journal.data().evaluations
    assert frame["value"].isna().tolist() == [True]
    assert frame["interval_end"].isna().tolist() == [True]
    assert journal.data().samples_after_last_trigger == 500


def test_a_straggler_changes_nothing(database: Database, run: int, tmp_path: Path) -> None:
    straggler = Journal.take_over(database, run)
    straggler.pinned({"flights": 3}, 0, 1000)
    owner = Journal.take_over(database, run)
    with pytest.raises(ConflictError, match="'flights-1' was taken over"):
        straggler.decided(0, DECISION, {"next": 21}, 0.1)
    with pytest.raises(ConflictError):
        straggler.start_attempt("training", 0, tmp_path)
    assert owner.triggers() == []
    assert owner.run().position == 0
    owner.decided(0, DECISION, {"next": 21}, 0.1)
    assert [line["epoch"] for line in owner.lines()] == [1, 2]


def test_taking_over_abandons_the_attempts_of_the_owner_before(database: Database, run: int, tmp_path: Path) -> None:
    journal = Journal.take_over(database, run)
    first = journal.start_attempt("training", 0, tmp_path)
    journal = Journal.take_over(database, run)
    second = journal.start_attempt("training", 0, tmp_path)
    assert first.folder != second.folder
    assert first.folder.is_dir()
    assert journal.latest_attempt("training", 0) == second.folder
    assert journal.latest_attempt("training", 1) is None
    with database.transaction() as session:
        states = {row.token: row.state for row in session.scalars(select(AttemptRow))}
    assert states == {first.token: "abandoned", second.token: "running"}


def test_the_winner_is_named_by_its_token(database: Database, run: int, tmp_path: Path) -> None:
    journal = Journal.take_over(database, run)
    _until_stored(journal, tmp_path)
    with database.transaction() as session:
        won = session.scalars(select(AttemptRow).filter_by(state="won")).one()
    assert journal.trigger(0).winner == won.token
    restored = TrainingResult.from_json(journal.trigger(0).training or {})
    assert restored == RESULT


def test_each_line_has_the_time_of_its_own_commit(database: Database, run: int, tmp_path: Path) -> None:
    journal = Journal.take_over(database, run)
    bounds = [time.time()]
    for phase in ("streaming", "evaluating", "streaming"):
        time.sleep(0.01)
        journal.begin(phase)
        bounds.append(time.time())
    times = [line["time"] for line in journal.lines()]
    assert len(times) == 3
    assert all(before < at <= after for (before, after), at in zip(pairwise(bounds), times, strict=True))
