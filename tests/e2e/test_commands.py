"""The commands as a user types them, each a process of its own, on real data."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.growing import DAY, START, pipeline, write_days, write_pipeline

COMMAND = [sys.executable, "-m", "modyn.cli"]
DAYS = 15


def small(name: str, **changes: Any) -> dict[str, Any]:
    """Three triggers on 15 days, evaluated day by day after the pipeline only."""
    document = pipeline(name, training__epochs_per_trigger=1, **changes)
    handler = document["evaluation"]["handlers"][1]
    handler["strategy"]["eval_end_at"] = START + DAYS * DAY
    document["evaluation"]["handlers"] = [handler]
    return document


def call(folder: Path, *arguments: str | Path, expect: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)], cwd=folder, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == expect, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr or "--traceback" in arguments
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data, a pipeline, and a workspace in which it has run: `growing-1`."""
    folder = tmp_path_factory.mktemp("user")
    file = write_pipeline(folder, small("growing"), DAYS, per_day=60)
    done = call(folder, "run", file.name)
    assert done.stdout.startswith("growing-1: done, ")
    assert "mean ROC-AUC of the active model (slices, growing): 0." in done.stdout
    assert done.stdout.endswith("report: " + str(folder / ".modyn/runs/growing-1/report.html") + "\n")
    assert done.stderr == ""
    return folder


def test_status_tells_of_all_runs_and_of_one(folder: Path):
    assert "growing-1: done" in call(folder, "status").stdout
    assert "folder: " in call(folder, "status", "growing").stdout
    (every,) = (one for one in json.loads(call(folder, "status", "--json").stdout) if one["run"] == "growing-1")
    one = json.loads(call(folder, "status", "growing-1", "--json").stdout)
    assert one["triggers"] == every["triggers"] == len(one["trigger_list"]) == 2
    assert one["trigger_list"][0]["first_timestamp"] == START
    assert {mean["metric"] for mean in one["means"]} == {"ROC-AUC", "Accuracy"}


def test_report_and_compare_write_pages(folder: Path):
    page = folder / "out" / "page.html"
    assert call(folder, "report", "growing", "-o", page).stdout == f"{page}\n"
    assert "growing-1" in page.read_text(encoding="utf-8")
    answer = json.loads(call(folder, "compare", "growing-1", "growing-1", "--json").stdout)
    assert answer["report"] == "comparison.html"
    assert [run["run"] for run in answer["runs"]] == ["growing-1", "growing-1"]
    assert "2 runs compared" in (folder / "comparison.html").read_text(encoding="utf-8")


def test_datasets_are_listed_with_what_waits_in_quarantine(folder: Path, tmp_path: Path):
    write_days(tmp_path / "days", range(3), 10)
    (tmp_path / "days" / "2013-02-30.bin").write_bytes(b"x" * 24)
    (tmp_path / "days" / "2013-03-01.bin").write_bytes(b"x" * 25)
    arguments = ["days", tmp_path / "days", "--record-size", "24", "--label-size", "4"]
    done = call(folder, "dataset", "add", *arguments, "--timestamp-pattern", "%Y-%m-%d")
    assert "samples: 30 of 20 B" in done.stdout
    assert "time: 2013-01-01 to 2013-01-03 (UTC)" in done.stdout
    assert done.stdout.count("quarantined: ") == 2
    assert "days\t30\t3\t2013-01-01\t2013-01-03\t" in call(folder, "dataset", "list").stdout
    status = json.loads(call(folder, "dataset", "status", "days", "--json").stdout)
    assert {Path(file["path"]).name for file in status["quarantined"]} == {"2013-02-30.bin", "2013-03-01.bin"}
    assert "registered with other settings" in call(folder, "dataset", "add", *arguments, expect=1).stderr


def test_a_copied_folder_is_warned_of(folder: Path, tmp_path: Path):
    write_days(tmp_path / "copied", range(3), 10)
    done = call(folder, "dataset", "add", "copied", tmp_path / "copied", "--record-size", "24", "--label-size", "4")
    assert "all timestamps lie within a day" in done.stderr


def test_a_bounded_run_as_json_lines(folder: Path):
    file = folder / "bounded.yaml"
    file.write_text(yaml.safe_dump(small("bounded")))
    done = call(
        folder, "run", file, "--json", "--from", "2013-01-06", "--to", str(START + 14 * DAY), "--max-triggers", "1"
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    started = next(event for event in events if event["event"] == "run_started")
    assert started["samples"] == 9 * 60
    assert [event["event"] for event in events].count("trigger") == 1
    assert events[-1]["event"] == "run_finished"
    assert events[-1]["state"] == "done"
    assert done.stderr == ""


def test_a_failing_model_ends_with_1_and_a_message(folder: Path):
    (folder / "broken.py").write_text("raise ValueError('broken on purpose')\n")
    file = folder / "failing.yaml"
    file.write_text(yaml.safe_dump(small("failing", model={"id": "broken:Net"})))
    done = call(folder, "run", file, expect=1)
    assert "broken on purpose" in done.stderr
    assert "modyn resume failing-1" in done.stderr
    again = call(folder, "resume", "failing-1", "--traceback", expect=1)
    assert "Traceback" in again.stderr


def test_what_cannot_run_yet_is_refused_by_name_before_anything_runs(folder: Path):
    file = folder / "unsupported.yaml"
    training = pipeline()["training"] | {"initial_model": "pretrained", "initial_model_id": 3}
    file.write_text(yaml.safe_dump(small("unsupported") | {"training": training}))
    done = call(folder, "run", file, expect=2)
    assert "training.initial_model 'pretrained'" in done.stderr


def started(folder: Path, name: str) -> subprocess.Popen[str]:
    """A run whose first training has begun."""
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(small(name) | {"training": pipeline()["training"] | {"epochs_per_trigger": 20}}))
    process = subprocess.Popen(
        [*COMMAND, "run", str(file), "--json"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "training_started":
            return process
    raise AssertionError(process.stderr.read() if process.stderr else "")


def processes_of_session(session: int) -> list[str]:
    """Living processes, by number."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, of_session = status.read_text().rsplit(")", 1)[1].split()[:4]
        except OSError:
            continue  # it has ended meanwhile
        if int(of_session) == session and state != "Z":
            found.append(status.parent.name)
    return found


def test_ctrl_c_stops_cleanly_and_the_run_can_be_resumed(folder: Path):
    process = started(folder, "stopped")
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to everything in the foreground
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert json.loads(output.splitlines()[-1])["state"] == "interrupted"
    assert "modyn resume stopped-1" in errors
    assert "Traceback" not in errors
    assert "stopped-1: interrupted" in call(folder, "status").stdout
    assert call(folder, "resume", "stopped-1").stdout.startswith("stopped-1: done, 2 triggers")


def test_a_second_ctrl_c_stops_at_once_and_leaves_no_process(folder: Path):
    process = started(folder, "killed")
    os.kill(process.pid, signal.SIGSTOP)  # so that both arrive before the clean stop is through
    os.kill(process.pid, signal.SIGTERM)
    os.kill(process.pid, signal.SIGINT)
    os.kill(process.pid, signal.SIGCONT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "modyn resume killed-1" in errors
    deadline = time.monotonic() + 20
    while left := processes_of_session(process.pid):
        assert time.monotonic() < deadline, f"processes {left} of the run are left"
        time.sleep(0.1)


def test_a_terminal_sees_bars_and_a_table(folder: Path):
    file = folder / "seen.yaml"
    file.write_text(yaml.safe_dump(small("seen")))
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "140", "LINES": "40"}
    command = [*COMMAND, "run", str(file), "--max-triggers", "1"]
    process = subprocess.Popen(command, cwd=folder, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert process.wait(timeout=120) == 0
    text = shown.decode()
    assert "training 0" in text
    assert "samples, 1 trigger" in text
    assert "seen-1" in text


def test_what_init_writes_runs(tmp_path: Path):
    write_days(tmp_path / "my data", range(DAYS), 60)
    done = call(tmp_path, "init", "my data")
    assert "wrote pipeline.yaml and model.py" in done.stdout
    assert call(tmp_path, "validate", "pipeline.yaml").stdout == "pipeline.yaml: valid\n"
    assert call(tmp_path, "run", "pipeline.yaml", "--max-triggers", "2").stdout.startswith(
        "my-data-1: done, 2 triggers"
    )


def test_samples_and_datasets_are_deleted(folder: Path, tmp_path: Path):
    write_days(tmp_path / "data", range(2), per_day=10)
    arguments = ("doomed", tmp_path / "data", "--record-size", "24", "--label-size", "4")
    call(folder, "dataset", "add", *arguments)

    done = call(folder, "dataset", "delete-samples", "doomed", "3", "5:8")
    assert "deleted: 4 samples" in done.stdout
    assert json.loads(call(folder, "dataset", "status", "doomed", "--json").stdout)["samples"] == 16
    assert "nothing was deleted" in call(folder, "dataset", "delete-samples", "doomed", "20", expect=1).stderr
    assert "neither a key nor a range" in call(folder, "dataset", "delete-samples", "doomed", "x", expect=2).stderr

    assert "all is well: 16 samples, 2 source files" in call(folder, "dataset", "check", "doomed").stdout
    assert "removed: 1 state and" in call(folder, "dataset", "collect", "doomed", "--grace", "0").stdout
    sorted((tmp_path / "data").iterdir())[0].write_bytes(b"short")
    assert "1 finding: 16 samples" in call(folder, "dataset", "check", "doomed", expect=1).stdout

    call(folder, "dataset", "delete", "doomed", "--yes")
    assert "doomed" not in call(folder, "dataset", "list").stdout
    assert len(list((tmp_path / "data").iterdir())) == 2


def test_datasets_of_every_kind_of_file_are_added(folder: Path, tmp_path: Path):
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "a.csv").write_text("when,x,y\n1970-01-02,0.5,1\n1970-01-03,0.7,0\n")
    options = ("--label", "y", "--timestamp-column", "when")
    document = json.loads(call(folder, "dataset", "add", "rows", tmp_path / "rows", *options, "--json").stdout)
    assert (document["samples"], document["interval"]) == (2, [86_400, 2 * 86_400 + 1])

    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "1.png").write_bytes(b"image")
    (tmp_path / "images" / "1.label").write_text("7")
    (tmp_path / "images" / "2.png").write_bytes(b"its label is still to come")
    options = ("--extension", ".png", "--label-extension", ".label")
    document = json.loads(call(folder, "dataset", "add", "images", tmp_path / "images", *options, "--json").stdout)
    assert (document["samples"], [file["path"] for file in document["quarantined"]]) == (1, ["2.png"])

    wrong = call(folder, "dataset", "add", "x", tmp_path, "--label", "y", "--record-size", "24", expect=2)
    assert "describe different kinds of files" in wrong.stderr
    assert "what the files hold is missing" in call(folder, "dataset", "add", "x", tmp_path, expect=2).stderr
