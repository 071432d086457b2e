"""Whole runs through the public API: what users get, and what they are told when something is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

import modyn
from modyn.errors import ConflictError, DatasetError, JobFailedError, RunError
from modyn.metadata.history import TrainingHistory
from tests.growing import BYTES_PARSER, DAY, START, pipeline, write_days, write_pipeline


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> modyn.Run:
    folder = tmp_path_factory.mktemp("done")
    return modyn.open(folder / "workspace").run(write_pipeline(folder, pipeline())).wait()


def test_a_run_trains_at_every_boundary_on_the_data_of_its_window(done: modyn.Run) -> None:
    triggers = done.triggers
    # 30 days in windows of 5: the last boundary lies beyond the data.
    assert triggers["new_samples"].tolist() == [500] * 5
    assert triggers["position_end"].tolist() == [500, 1000, 1500, 2000, 2500]
    assert triggers["first_timestamp"].tolist() == [START + 5 * DAY * i for i in range(5)]
    assert triggers["last_timestamp"].tolist() == [START + 5 * DAY * i + 4 * DAY for i in range(5)]
    assert triggers["training_samples"].tolist() == [500, 1000, 1000, 1000, 1000]  # tail_triggers: 1
    assert triggers["state"].tolist() == ["done"] * 5
    assert triggers["training_set_digest"].nunique() == 5


def test_a_run_keeps_what_its_trainings_saw_of_each_sample(done: modyn.Run, tmp_path: Path) -> None:
    file = write_pipeline(tmp_path, pipeline(training__record_history=True))
    run = modyn.open(tmp_path / "workspace").run(file).wait()
    assert run.models["digest"].tolist() == done.models["digest"].tolist()
    history = run.history
    assert history["key"].is_monotonic_increasing
    assert history["seen"].sum() == run.models["samples"].sum()
    assert set(history["trigger"]) == {1, 2, 3, 4}  # the second training saw what the first had, once more
    assert history["seen"].max() == 4  # a sample is in the window of two triggers, for two epochs each
    assert history["loss"].notna().all()
    assert 0.5 < history["correct"].mean() < 1
    folder = run.folder / "history"
    assert sorted(path.name for path in folder.iterdir()) == ["00003.history", "00004.history"]
    looked_up = TrainingHistory.open(folder / "00004.history").lookup(np.array([history["key"][10], 10**9]))
    assert looked_up["mean_margin"][0] == history["mean_margin"][10]
    assert np.isnan(looked_up["mean_margin"][1])
    assert done.history.empty
    assert list(done.history.columns) == list(history.columns)
    assert not list(run.folder.glob("attempts/*/history*"))


def test_each_model_starts_from_the_one_before(done: modyn.Run) -> None:
    models = done.models
    assert models["model"].tolist() == [0, 1, 2, 3, 4]
    assert models["parent"].isna().tolist() == [True, False, False, False, False]
    assert models["parent"].tolist()[1:] == [0, 1, 2, 3]
    assert models["digest"].nunique() == 5
    assert models["samples"].tolist() == [2 * 448, *([2 * 960] * 4)]  # two epochs of whole batches of 64


def test_the_matrix_holds_every_model_on_every_interval(done: modyn.Run) -> None:
    slices = done.evaluations.query("handler == 'slices' and metric == 'ROC-AUC'")
    assert len(slices) == 5 * 6
    assert (slices["samples"] == 500).all()
    assert slices["value"].between(0.5, 1.0).mean() > 0.5
    active = slices[slices["currently_active"]]
    assert active["interval_index"].tolist() == [1, 2, 3, 4, 5]
    assert active["model"].tolist() == [0, 1, 2, 3, 4]


def test_a_model_is_better_on_its_own_days_than_before_it_was_trained_on_such(done: modyn.Run) -> None:
    values = done.evaluations.query("handler == 'slices' and metric == 'ROC-AUC'").pivot(
        index="model", columns="interval_index", values="value"
    )
    assert values.loc[4, 4] > values.loc[0, 4] + 0.05  # the rule has moved by day 20


def test_after_training_evaluations_are_there_too(done: modyn.Run) -> None:
    frame = done.evaluations.query("handler == 'next-days' and metric == 'Accuracy'")
    assert sorted(set(frame["interval_index"])) == [0, 1]
    assert set(frame["stage"]) == {"after_training"}
    own = frame.query("interval_index == 0")
    assert own["samples"].tolist() == [500] * 5


def test_the_folder_of_a_run_tells_its_whole_story(done: modyn.Run) -> None:
    names = {path.name for path in done.folder.iterdir()}
    assert {"pipeline.yaml", "events.jsonl", "journal.jsonl", "report.html"} <= names
    assert pd.read_parquet(done.folder / "evaluations.parquet").equals(done.evaluations)
    assert len(pd.read_parquet(done.folder / "triggers.parquet")) == 5
    assert modyn.validate(done.folder / "pipeline.yaml") == []
    journal = [json.loads(line) for line in (done.folder / "journal.jsonl").read_text().splitlines()]
    assert [line["state"] for line in journal if line["trigger"] == 2] == [
        "decided",
        "selected",
        "attempt",
        "trained",
        "stored",
        "done",
    ]
    events = [json.loads(line)["event"] for line in (done.folder / "events.jsonl").read_text().splitlines()]
    assert events[0] == "run_started"
    assert events[-1] == "run_finished"
    assert events.count("model_stored") == 5


def test_a_stored_model_loads_and_gives_the_evaluated_accuracy(done: modyn.Run, tmp_path: Path) -> None:
    model = modyn.load_model(done, trigger=3)
    assert not model.training
    files = sorted((done.source_folder / "data").iterdir())[15:20]
    records = np.concatenate(
        [np.fromfile(file, np.dtype([("y", "<u4"), ("x", "<f4", 4), ("n", "<u4")])) for file in files]
    )
    with torch.inference_mode():
        scores = model(torch.from_numpy(records["x"].copy()))
    accuracy = ((scores > 0).numpy() == records["y"]).mean()
    row = done.evaluations.query("handler == 'slices' and metric == 'Accuracy' and model == 3 and interval_index == 3")
    assert row["value"].item() == pytest.approx(accuracy)


def test_the_same_file_and_seed_give_the_same_models(done: modyn.Run, tmp_path: Path) -> None:
    again = modyn.open(tmp_path / "workspace").run(write_pipeline(tmp_path, pipeline())).wait()
    assert again.models["digest"].tolist() == done.models["digest"].tolist()
    other = pipeline(pipeline={"name": "growing", "seed": 8})
    different = modyn.open(tmp_path / "other").run(write_pipeline(tmp_path / "b", other), max_triggers=1).wait()
    assert different.models["digest"][0] != done.models["digest"][0]


@pytest.mark.parametrize("workers", [0, 1, 2, 5])
def test_any_number_of_loader_workers_gives_the_same_models(workers: int, done: modyn.Run, tmp_path: Path) -> None:
    parsed = {"dataset_id": "growing", "bytes_parser_function": BYTES_PARSER}
    document = pipeline(data=parsed, training__dataloader_workers=workers)
    del document["evaluation"]
    label = "def label_transformer_function(x):\n    return x.float()\n"
    document["data"]["label_transformer_function"] = label
    run = modyn.open(tmp_path / "workspace").run(write_pipeline(tmp_path, document), max_triggers=2).wait()
    assert run.models["digest"].tolist() == done.models["digest"].tolist()[:2]


def test_replay_bounds_and_max_triggers_limit_the_stream_but_not_the_evaluation(tmp_path: Path) -> None:
    file = write_pipeline(tmp_path, pipeline(trigger={"id": "DataAmountTrigger", "num_samples": 300}))
    replay = modyn.Interval(START + 2 * DAY, START + 12 * DAY)
    run = modyn.open(tmp_path / "workspace").run(file, replay=replay, max_triggers=2).wait()
    assert run.triggers["position_start"].tolist() == [200, 500]
    assert run.triggers["position_end"].tolist() == [500, 800]
    assert run.evaluations.query("handler == 'slices'")["interval_index"].nunique() == 6
    assert run.data().samples_total == 1000
    assert run.data().samples_after_last_trigger == 400


def test_new_files_are_seen_by_the_next_run_only(tmp_path: Path) -> None:
    document = pipeline(trigger={"id": "DataAmountTrigger", "num_samples": 1000})
    del document["evaluation"]
    workspace = modyn.open(tmp_path / "workspace")
    file = write_pipeline(tmp_path, document, days=10)
    first = workspace.run(file).wait()
    write_days(tmp_path / "data", range(10, 20))
    second = workspace.run(file).wait()
    assert (len(first.triggers), len(second.triggers)) == (1, 2)
    assert second.models["digest"][0] == first.models["digest"][0]
    assert [run.id for run in workspace.runs()] == ["growing-1", "growing-2"]
    assert workspace.find_run("growing").id == "growing-2"


def test_a_stopped_run_resumes_to_the_same_end(done: modyn.Run, tmp_path: Path) -> None:
    workspace = modyn.open(tmp_path / "workspace")
    run = workspace.run(write_pipeline(tmp_path, pipeline()))
    for event in run.events():
        if event["event"] == "model_stored" and event["model"] == 1:
            run.stop()
    run.wait()
    assert run.state == "interrupted"
    assert 2 <= len(run.models) < 5
    resumed = workspace.resume().wait()
    assert resumed.state == "done"
    assert resumed.models["digest"].tolist() == done.models["digest"].tolist()
    assert resumed.evaluations.equals(done.evaluations)


def test_a_pipeline_without_enough_data_ends_without_triggers(tmp_path: Path) -> None:
    run = (
        modyn.open(tmp_path / "workspace")
        .run(write_pipeline(tmp_path, pipeline(trigger={"id": "DataAmountTrigger", "num_samples": 10_000})))
        .wait()
    )
    assert run.state == "done"
    assert len(run.triggers) == len(run.models) == len(run.evaluations) == 0


def test_a_gap_in_the_data_gives_empty_triggers_that_train_nothing(tmp_path: Path) -> None:
    document = pipeline()
    del document["evaluation"]
    file = write_pipeline(tmp_path, document, days=10)
    write_days(tmp_path / "data", range(23, 30))
    run = modyn.open(tmp_path / "workspace").run(file).wait()
    assert run.triggers["state"].tolist() == ["done", "done", "empty", "empty", "done"]
    assert run.triggers["new_samples"].tolist() == [500, 500, 0, 0, 200]
    assert run.models["trigger"].tolist() == [0, 1, 4]


def test_recorded_losses_are_kept_with_their_batches(tmp_path: Path) -> None:
    document = pipeline(training__record_loss_every=5)
    del document["evaluation"]
    run = modyn.open(tmp_path / "workspace").run(write_pipeline(tmp_path, document, days=11)).wait()
    assert run.losses["trigger"].tolist() == [0] * 2 + [1] * 6
    assert run.losses["loss"].between(0, 2).all()


def test_a_system_file_declares_the_datasets_that_a_pipeline_uses(tmp_path: Path) -> None:
    document = pipeline()
    declared = document.pop("datasets")
    unused = {**declared[0], "name": "unused", "base_path": "nowhere"}
    (tmp_path / "system.yaml").write_text(yaml.safe_dump({"storage": {"datasets": [*declared, unused]}}))
    workspace = modyn.open(tmp_path / "workspace")
    run = workspace.run(write_pipeline(tmp_path, document), max_triggers=1, system=tmp_path / "system.yaml").wait()
    assert len(run.models) == 1
    assert [status.name for status in workspace.datasets.list()] == ["growing"]


# -- what users are told --------------------------------------------------------------------------------------------


def test_an_unknown_dataset_is_named_before_anything_runs(tmp_path: Path) -> None:
    document = pipeline()
    del document["datasets"]
    workspace = modyn.open(tmp_path / "workspace")
    with pytest.raises(DatasetError, match="'growing' is not registered"):
        workspace.run(write_pipeline(tmp_path, document))
    assert workspace.runs() == []


def test_what_this_version_cannot_run_is_refused_by_name(tmp_path: Path) -> None:
    document = pipeline(
        trigger={"id": "EnsembleTrigger", "subtriggers": {}, "ensemble_strategy": {"id": "MajorityVote"}},
        training__initial_model="pretrained",
        training__initial_model_id=3,
    )
    with pytest.raises(modyn.UnsupportedError, match=r"(?s)EnsembleTrigger.*initial_model 'pretrained'"):
        modyn.open(tmp_path / "workspace").run(write_pipeline(tmp_path, document))


def test_a_second_run_of_a_running_pipeline_is_refused(tmp_path: Path) -> None:
    workspace = modyn.open(tmp_path / "workspace")
    file = write_pipeline(tmp_path, pipeline())
    run = workspace.run(file)
    with pytest.raises(ConflictError, match="already running"):
        workspace.run(file)
    run.stop()
    run.wait()


def test_an_error_in_the_users_model_ends_the_run_with_its_traceback_and_can_be_mended(tmp_path: Path) -> None:
    workspace = modyn.open(tmp_path / "workspace")
    file = write_pipeline(tmp_path, pipeline())
    good = (tmp_path / "model.py").read_text()
    (tmp_path / "model.py").write_text(good.replace(".squeeze(1)", ".squeeze(1).missing()"))
    run = workspace.run(file)
    with pytest.raises(JobFailedError, match="missing"):
        run.wait()
    assert run.state == "failed"
    assert run.error is not None
    assert "missing" in run.error
    (tmp_path / "model.py").write_text(good)
    assert workspace.resume("growing").wait().state == "done"


def test_a_run_that_is_done_cannot_be_resumed(done: modyn.Run) -> None:
    workspace = modyn.open(done.folder.parent.parent)
    with pytest.raises(RunError, match="is done"):
        workspace.resume("growing-1")
    with pytest.raises(RunError, match="nothing to resume"):
        workspace.resume()
    with pytest.raises(RunError, match="no run or pipeline is called 'other'"):
        workspace.find_run("other")


def test_a_corrupted_model_is_not_loaded(tmp_path: Path) -> None:
    run = modyn.open(tmp_path / "workspace").run(write_pipeline(tmp_path, pipeline()), max_triggers=1).wait()
    path = Path(run.models["path"][0])
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    with pytest.raises(modyn.ModynError, match=path.name):
        modyn.load_model(run)
    with pytest.raises(modyn.ModynError, match="no model of trigger 7"):
        modyn.load_model(run, 7)


def test_a_script_without_a_main_guard_can_run_a_pipeline(tmp_path: Path) -> None:
    document = pipeline(
        training__dataloader_workers=2, data={"dataset_id": "growing", "bytes_parser_function": BYTES_PARSER}
    )
    document["data"]["label_transformer_function"] = "def label_transformer_function(x):\n    return x.float()\n"
    del document["evaluation"]
    file = write_pipeline(tmp_path, document, days=11)
    script = tmp_path / "script.py"
    script.write_text(
        f"import modyn\nrun = modyn.open({str(tmp_path / 'ws')!r}).run({str(file)!r}).wait()\n"
        "print(run.state, len(run.models))\n"
    )
    output = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert output.stdout == "done 2\n", output.stderr


def test_the_resolved_configuration_holds_every_default_and_the_seed(done: modyn.Run) -> None:
    document = yaml.safe_load((done.folder / "pipeline.yaml").read_text())
    assert document["pipeline"]["seed"] == 7
    assert document["training"]["drop_last_batch"] is True
