"""The wheel: everything that belongs in, nothing else, and of use where there is no compiler."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "python" / "modyn"

pytestmark = pytest.mark.long  # compiles the C++ part from nothing


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", folder, ROOT], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_it_holds_the_packages_files_and_two_extension_modules(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("modyn/")}
    expected = {
        str(Path("modyn") / file.relative_to(SOURCE))
        for file in SOURCE.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".so"
    }
    extensions = sorted(names - expected)
    assert [name.split(".")[0] for name in extensions] == ["modyn/_kernels", "modyn/_native"]
    assert all(name.endswith(".so") for name in extensions)
    assert expected - names == set()
    assert {"modyn/py.typed", "modyn/_kernels.pyi", "modyn/_native.pyi", "modyn/report/page.css"} <= names


def test_it_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < 2_000_000


def test_it_works_where_there_is_no_compiler(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    # The modyn of this environment is kept out: -I ignores PYTHONPATH, and an editable install has a finder of its own.
    script = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
sys.meta_path[:] = [finder for finder in sys.meta_path if finder.__module__.startswith("_frozen_importlib")]
sys.modules["torch"] = None  # neither importing modyn nor its native part needs torch
import modyn, modyn._native
print(modyn.__file__, modyn._native.__file__)
"""
    command = [sys.executable, "-I", "-c", script]
    output = subprocess.run(command, env={"PATH": ""}, capture_output=True, text=True, check=True).stdout
    assert all(path.startswith(str(tmp_path)) for path in output.split())
