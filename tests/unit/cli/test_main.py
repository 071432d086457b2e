from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.growing import pipeline
from typer.testing import CliRunner

from modyn.cli.main import app

HEAVY = {"torch", "pandas", "plotly", "sqlalchemy", "pyarrow", "scipy", "modyn._native"}
COMMANDS = ["init", "validate", "schema", "dataset", "run", "resume", "status", "report", "compare"]


@pytest.fixture
def valid(tmp_path: Path) -> Path:
    file = tmp_path / "pipeline.yaml"
    file.write_text(yaml.safe_dump(pipeline()))
    return file


def imported_by(*arguments: str) -> set[str]:
    program = (
        "import sys\nfrom modyn.cli.main import app\n"
        "try:\n    app(sys.argv[1:])\nfinally:\n    print('\\nIMPORTED', *sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rsplit("IMPORTED", 1)[1].split())


def test_help_imports_nothing_heavy():
    found = imported_by("--help")
    assert not found & (HEAVY | {"numpy", "pydantic"})


def test_validate_and_schema_import_nothing_heavy(valid: Path):
    assert not imported_by("validate", str(valid)) & HEAVY
    assert not imported_by("schema") & HEAVY


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_json(command: str):
    result = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    if command == "dataset":
        result = CliRunner().invoke(app, ["dataset", "add", "--help"], env={"COLUMNS": "200"})
    assert "--json" in result.output
    assert "--traceback" in result.output


def test_validate_accepts_a_good_file(valid: Path):
    result = CliRunner().invoke(app, ["validate", str(valid)])
    assert (result.exit_code, result.stdout) == (0, f"{valid}: valid\n")


def test_validate_prints_each_problem_on_a_line_of_its_own_and_exits_with_2(tmp_path: Path, valid: Path):
    bad = tmp_path / "bad.yaml"
    document = pipeline()
    document["training"]["batch_size"] = 0
    document["data"]["dataset_idd"] = document["data"].pop("dataset_id")
    bad.write_text(yaml.safe_dump(document))
    result = CliRunner().invoke(app, ["validate", str(valid), str(bad)])
    assert result.exit_code == 2
    lines = result.stdout.splitlines()
    assert lines[0] == f"{valid}: valid"
    assert len(lines) >= 3
    assert all(line.startswith(f"{bad}:") for line in lines[1:])


def test_validate_as_json_is_one_document(tmp_path: Path, valid: Path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("pipeline: {nam: x}\n")
    result = CliRunner().invoke(app, ["validate", "--json", str(valid), str(bad)])
    good, wrong = json.loads(result.stdout)
    assert good == {"file": str(valid), "valid": True, "problems": [], "warnings": [], "no_effect": {}}
    assert not wrong["valid"]
    assert {"file", "line", "column", "what", "expected", "suggestion"} == set(wrong["problems"][0])


def test_validate_says_what_has_no_effect(tmp_path: Path):
    document = pipeline()
    document["selection_strategy"]["maximum_keys_in_memory"] = 10
    file = tmp_path / "pipeline.yaml"
    file.write_text(yaml.safe_dump(document))
    result = CliRunner().invoke(app, ["validate", str(file)])
    assert (result.exit_code, result.stdout) == (0, f"{file}: valid\n")
    assert "selection_strategy.maximum_keys_in_memory has no effect: " in result.stderr
    found = json.loads(CliRunner().invoke(app, ["validate", "--json", str(file)]).stdout)
    assert list(found[0]["no_effect"]) == ["selection_strategy.maximum_keys_in_memory"]


def test_schema_is_a_json_schema(tmp_path: Path):
    printed = json.loads(CliRunner().invoke(app, ["schema"]).stdout)
    assert "properties" in printed
    target = tmp_path / "new" / "schema.json"
    result = CliRunner().invoke(app, ["schema", "-o", str(target)])
    assert result.stdout == f"{target}\n"
    assert json.loads(target.read_text()) == printed


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["run", "no-such-file.yaml"],
        ["frobnicate"],
        ["compare", "one"],
        ["dataset", "add", "x", "/no/such/folder", "--record-size", "4", "--label-size", "1"],
        ["dataset", "add", "x", ".", "--record-size", "4", "--label-size", "4"],
        ["dataset", "add", "x", ".", "--record-size", "8", "--label-size", "4", "--timestamp", "filename"],
        ["--workspace", "/no/such/workspace", "status"],
        ["init", ".", "--byteorder", "big"],
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_is_wrong(arguments: list[str]):
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(("start", "end"), [("2013-02-01", "2013-01-01"), ("5", "5")])
def test_an_empty_replay_is_wrong_usage(valid: Path, start: str, end: str):
    result = CliRunner().invoke(app, ["run", str(valid), "--from", start, "--to", end])
    assert result.exit_code == 2
    assert "nothing to replay" in result.stderr.replace("\n", " ")


def test_a_run_of_a_bad_file_makes_no_workspace(tmp_path: Path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("pipeline: {name: x}\n")
    result = CliRunner().invoke(app, ["--workspace", str(tmp_path / "w"), "run", str(bad), "--json"])
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["problems"]
    assert not (tmp_path / "w").exists()
    assert "Traceback" not in result.stderr
