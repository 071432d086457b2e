"""The documentation does what it says: every command and every file of it, in order, in an empty folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import modyn

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(?P<language>\w+)(?: file=(?P<file>\S+))?\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: a file to write, or commands for bash."""

    language: str
    file: str | None
    body: str


def blocks_of(document: Path) -> list[Block]:
    found = [Block(**match.groupdict()) for match in BLOCK.finditer(document.read_text(encoding="utf-8"))]
    return [block for block in found if block.file is not None or block.language == "bash"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """`python` and `modyn` are those that are tested."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, arguments in (("python", ""), ("modyn", "-m modyn.cli")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        program.chmod(0o755)
    return os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}


def follow(document: Path, folder: Path, environment: dict[str, str]) -> None:
    """Do what the document says, in this folder."""
    for block in blocks_of(document):
        if block.file is not None:
            (folder / block.file).write_text(block.body)
            continue
        command = ["bash", "-euo", "pipefail", "-c", block.body]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{block.body}\n{done.stdout}\n{done.stderr}"


def test_the_quickstart_goes_from_a_folder_to_a_report(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    quickstart = ROOT / "docs" / "quickstart.md"
    assert {block.language for block in blocks_of(quickstart)} == {"bash", "python"}

    follow(quickstart, folder, environment)

    assert "readings-1" in (folder / "report.html").read_text()
    comparison = (folder / "comparison.html").read_text()
    assert "readings-1" in comparison
    assert "three-weeks-1" in comparison
    assert (folder / ".modyn" / "runs" / "readings-2" / "report.html").exists()


def test_a_format_is_one_class_and_its_registration(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()

    follow(ROOT / "docs" / "adding-a-format.md", folder, environment)

    assert (folder / "output.txt").exists()


def test_policies_are_classes_and_their_names(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()

    follow(ROOT / "docs" / "adding-a-policy.md", folder, environment)

    assert json.loads((folder / "status.json").read_text())[0]["pipeline"] == "readings"
    with modyn.open(folder / ".modyn") as workspace:
        runs = {run.name: run for run in workspace.runs()}
        # Two days of 300 samples, and from the second trigger on half as many old ones.
        assert runs["readings"].triggers["training_samples"].tolist() == [600] + [900] * 8
        # The second trigger has 1,200 samples, of which half are trained on in each epoch.
        for name in ("moderate-set", "moderate-batch"):
            model = runs[name].models.iloc[1]
            assert 0.8 * 600 <= model["samples"] / model["epochs"] <= 600


def test_data_that_keeps_arriving_is_pushed_and_watched(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()

    follow(ROOT / "docs" / "pushing-data.md", folder, environment)

    status = ["modyn", "dataset", "status", "readings", "--json"]
    done = subprocess.run(status, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert (found["samples"], found["waiting"]) == (100 + 10 + 5 + 5 + 7 + 3, 0)


def test_datasets_answer_as_the_page_about_them_shows(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()

    follow(ROOT / "docs" / "datasets.md", folder, environment)

    answers = (folder / "answers.txt").read_text().splitlines()
    assert answers[0] == "4 samples; labels: {0: 1, 1: 3}"
    assert answers[2] == "b'2024-01-01,\"tea, green\",3.5'"
    assert answers[3:] == ["1 new, 2 of January, 4 in the old snapshot", "[1, 0] for two workers"]


def documents() -> list[Path]:
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_that_exist(document: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    missing = [
        target
        for target in targets
        if target and not re.match(r"[a-z]+:", target) and not (document.parent / target).exists()
    ]
    assert missing == []
