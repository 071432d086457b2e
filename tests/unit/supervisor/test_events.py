from __future__ import annotations

import json
import threading
from pathlib import Path

from modyn.supervisor.events import EventLog


def test_a_listener_gets_what_was_before_and_what_follows_until_the_end(tmp_path: Path) -> None:
    log = EventLog("flights-1", tmp_path / "events.jsonl")
    log.publish("run_started", samples=3)
    seen: list[str] = []
    listener = threading.Thread(target=lambda: seen.extend(event["event"] for event in log.listen()))
    listener.start()
    log.publish("trigger", trigger=0)
    log.publish("run_finished", state="done")
    log.close()
    listener.join(10)
    assert seen == ["run_started", "trigger", "run_finished"]
    assert [event["event"] for event in log.listen()] == seen


def test_lasting_events_are_in_the_file_and_a_resumed_run_continues_it(tmp_path: Path) -> None:
    for trigger in range(2):
        log = EventLog("flights-1", tmp_path / "events.jsonl")
        log.publish("trigger", trigger=trigger)
        log.publish("training_progress", trigger=trigger, batch=1)
        log.close()
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [(line["event"], line["trigger"], line["run"]) for line in lines] == [
        ("trigger", 0, "flights-1"),
        ("trigger", 1, "flights-1"),
    ]


def test_progress_reaches_listeners_though_it_is_not_kept(tmp_path: Path) -> None:
    log = EventLog("flights-1", tmp_path / "events.jsonl")
    listener = log.listen()
    log.publish("training_progress", batch=1)
    log.close()
    assert [event["batch"] for event in listener] == [1]
