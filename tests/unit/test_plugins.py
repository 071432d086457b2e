"""Policies are found by name: Modyn's own, published ones, and classes beside the pipeline file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import modyn.plugins
from modyn.errors import SelectionError
from modyn.plugins import SELECTION_STRATEGIES, is_class_name

POLICY = """
from modyn.selector.api import SelectionStrategy


class Everything(SelectionStrategy):
    def __init__(self, tail: int = 0) -> None:
        if tail < 0:
            raise ValueError(f"tail {tail} is negative")
        self.tail = tail

    def select(self, request):
        return request.window(self.tail).everything()


class Idle:
    pass


def function():
    pass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policy.py").write_text(POLICY)
    (tmp_path / "broken.py").write_text("import no_such_package")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("policy:Everything", True),
        ("package.module:Class", True),
        ("policy", False),
        ("policy:", False),
        (":Class", False),
        ("policy:Class.method", False),
        ("1policy:Class", False),
        ("policy : Class", False),
    ],
)
def test_names_of_classes(name, expected):
    assert is_class_name(name) == expected
    assert SELECTION_STRATEGIES.is_foreign(name) == expected


def test_own_strategies_are_made_by_their_names():
    for name in SELECTION_STRATEGIES.own:
        assert SELECTION_STRATEGIES.is_own(name)
        assert not SELECTION_STRATEGIES.is_foreign(name)
    made = SELECTION_STRATEGIES.make("NewDataStrategy", {"limit": 5})
    assert type(made).__name__ == "NewDataStrategy"


def test_a_class_beside_the_pipeline_file_is_made_with_its_options(folder):
    assert SELECTION_STRATEGIES.make("policy:Everything", {"tail": 3}, folder).tail == 3


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("policy:Everythin", {}, "there is no class 'Everythin' in .*policy.py, which has Everything, Idle"),
        ("policy:function", {}, "there is no class 'function'"),
        ("polic:Everything", {}, "there is no module 'polic'"),
        ("broken:Anything", {}, "needs a module that is not installed"),
        ("policy:Idle", {}, "class Idle has no method select, downsampling, state_dict, load_state_dict"),
        ("policy:Everything", {"tale": 3}, r"cannot be made with its options \(tale\): .*unexpected keyword"),
        ("policy:Everything", {"tail": -1}, r"cannot be made with its options \(tail\): tail -1 is negative"),
        ("Everything", {}, "there is no selection strategy 'Everything': give one of CoresetStrategy"),
    ],
)
def test_what_cannot_be_made_is_explained(folder, name, options, message):
    with pytest.raises(SelectionError, match=message):
        SELECTION_STRATEGIES.make(name, options, folder)


def test_looking_a_name_up_runs_no_code(folder):
    (folder / "policy.py").write_text("raise SystemExit('imported')")
    assert SELECTION_STRATEGIES.class_name("policy:Everything") == "policy:Everything"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder as an installer leaves it: a package and its metadata, with an entry point."""
    site = tmp_path / "site"
    (site / "sampling").mkdir(parents=True)
    (site / "sampling" / "__init__.py").write_text(POLICY)
    metadata = site / "sampling-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: sampling\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[modyn.selection_strategies]\nTakesAll = sampling:Everything\n")
    return site


def test_an_installed_package_publishes_a_name(installed, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(installed)
    modyn.plugins.published.cache_clear()
    try:
        assert SELECTION_STRATEGIES.is_foreign("TakesAll")
        assert not SELECTION_STRATEGIES.is_own("TakesAll")
        assert SELECTION_STRATEGIES.make("TakesAll", {"tail": 2}, tmp_path).tail == 2
    finally:
        modyn.plugins.published.cache_clear()


def test_a_published_name_is_valid_in_a_file(installed, tmp_path):
    code = (
        "from modyn.config.selection import SelectionConfig\n"
        "from pydantic import TypeAdapter\n"
        "made = TypeAdapter(SelectionConfig).validate_python({'name': 'TakesAll', 'config': {'tail': 2}})\n"
        "print(type(made).__name__, made.options())\n"
    )
    command = [sys.executable, "-c", f"import sys\nsys.path.insert(0, {str(installed)!r})\n{code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "PluginStrategy {'tail': 2}"
