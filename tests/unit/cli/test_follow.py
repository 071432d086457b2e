from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console

from modyn.cli.follow import follow
from modyn.cli.progress import RunProgress
from modyn.cli.session import Session
from modyn.errors import JobDiedError

from .fakes import ReplayedRun, events

STORY = events(
    ("ingest", {"dataset": "flights", "files_done": 3, "files_total": 3}),
    ("run_started", {"name": "flights", "samples": 400}),
    ("trigger", {"trigger": 1, "position_start": 300, "position_end": 400, "new_samples": 100,
                 "first_timestamp": 0, "last_timestamp": 9}),
    ("selected", {"trigger": 1, "samples": 100, "digest": "aa"}),
    ("training_started", {"trigger": 1, "attempt": 7}),
    ("scoring_progress", {"trigger": 1, "samples": 40, "total": 100}),
    ("training_progress", {"trigger": 1, "epoch": 2, "epochs": 4, "batch": 5, "batches": 10, "samples": 50,
                           "loss": None}),
    ("training_finished", {"trigger": 1, "seconds": 1.0, "samples": 100, "loss": 0.5}),
    ("model_stored", {"trigger": 1, "model": 0, "digest": "bb", "bytes": 9}),
    ("data", {"position": 350, "total": 400}),
    ("evaluation_started", {"stage": "after_pipeline", "tasks": 2}),
    ("evaluation_progress", {"done": 1, "total": 2}),
    ("evaluation_finished", {"seconds": 0.1}),
    ("warning", {"message": "[red]odd[/red]"}),
    ("from_a_later_version", {}),
    ("run_finished", {"state": "done", "error": None}),
)  # fmt: skip


def test_a_finished_run_is_summed_up_in_plain_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert follow(Session(), ReplayedRun(tmp_path, STORY, "done")) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("flights-1: done, 0 triggers")
    assert captured.out.endswith(f"report: {tmp_path / 'report.html'}\n")
    assert captured.err == "warning: [red]odd[/red]\n"


def test_with_json_every_event_is_a_line_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert follow(Session(json=True), ReplayedRun(tmp_path, STORY, "done")) == 0
    captured = capsys.readouterr()
    assert [json.loads(line) for line in captured.out.splitlines()] == STORY
    assert captured.err == ""


def test_a_failed_run_exits_with_1_and_says_how_to_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    run = ReplayedRun(tmp_path, [], "failed", JobDiedError("training was killed by signal 9"))
    with pytest.raises(typer.Exit) as ended:
        follow(Session(), run)
    assert ended.value.exit_code == 1
    shown = capsys.readouterr().err
    assert "training was killed by signal 9" in shown
    assert "modyn resume flights-1" in shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_cleanly_and_exits_with_130(
    number: signal.Signals, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    class Interrupted(ReplayedRun):
        def events(self) -> Iterator[dict[str, Any]]:
            yield STORY[1]
            os.kill(os.getpid(), number)
            yield STORY[2]

    before = signal.getsignal(number)
    run = Interrupted(tmp_path, [], "interrupted")
    assert follow(Session(), run) == 130
    assert run.stopped
    assert "go on with `modyn resume flights-1`" in capsys.readouterr().err
    assert signal.getsignal(number) is before


def test_bars_follow_every_event(tmp_path: Path):
    screen = Console(file=io.StringIO(), force_terminal=True, width=140)
    run = ReplayedRun(tmp_path, [], "running")
    with RunProgress(run, screen) as progress:  # type: ignore[arg-type]
        for event in STORY:
            progress.show(event)
        progress._bars.refresh()
    shown = screen.file.getvalue()  # type: ignore[attr-defined]
    assert "350/400" in shown
    assert "samples, 2 triggers" in shown
    assert "10/10" in shown
    assert "epoch 2 of 4" in shown
    assert "[red]odd[/red]" in shown
