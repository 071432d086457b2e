from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import modyn
from modyn import _native

# In an editable install the module lies elsewhere than the package.
STUB = Path(modyn.__file__).parent / "_native.pyi"


def documented_tree(source: str) -> str:
    """The syntax of a stub without its layout: docstrings with their indentation and ends removed."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Expr(ast.Constant(ast.get_docstring(node)))
    tree.body = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    return ast.dump(tree)


def test_the_stub_describes_the_module_that_was_built(tmp_path: Path) -> None:
    generated = tmp_path / "generated.pyi"
    subprocess.run([sys.executable, "-m", "nanobind.stubgen", "-q", "-m", "modyn._native", "-o", generated], check=True)
    assert documented_tree(STUB.read_text()) == documented_tree(generated.read_text()), (
        "python/modyn/_native.pyi is out of date: run `python -m nanobind.stubgen -m modyn._native -o "
        "python/modyn/_native.pyi`, then `ruff format` and `ruff check --fix --unsafe-fixes` on it"
    )


def test_everything_public_is_documented() -> None:
    undocumented = [
        name
        for name, value in vars(_native).items()
        if not name.startswith("_") and callable(value) and not inspect.getdoc(value)
    ]
    assert undocumented == []
