"""docs/faults.md names tests that exist, in every row of its tables."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "faults.md").read_text()
GOOGLE_TEST = re.compile(r"^(?:TYPED_TEST|TEST(?:_[FP])?)\(\s*(\w+),\s*(\w+)\)", re.MULTILINE)
NAME = re.compile(r"`([^`]+)`")


def rows() -> list[list[str]]:
    """The cells of each row of the tables that name tests."""
    found: list[list[str]] = []
    names_tests = False
    for line in DOCUMENT.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells or set(cells[0]) == {"-"}:
            continue
        if cells[0] in ("fault", "case", "fault or case"):
            names_tests = cells[-1] == "test"
        elif names_tests:
            found.append(cells)
    return found


def named() -> list[str]:
    """The tests that the table names, each once."""
    return sorted({name for row in rows() for name in NAME.findall(row[-1])})


@cache
def google_tests() -> set[str]:
    return {
        f"{suite}.{name}"
        for file in (ROOT / "cpp" / "tests").rglob("*_test.cpp")
        for suite, name in GOOGLE_TEST.findall(file.read_text())
    }


@cache
def python_tests(file: Path) -> set[str]:
    """The functions of a file and of its classes, as pytest names them."""
    found = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
    return found


def test_every_row_names_a_test() -> None:
    assert len(rows()) > 80
    for row in rows():
        assert len(row) == 3, row
        assert NAME.findall(row[-1]), f"no test: {row[0]}"
        assert not re.sub(NAME, "", row[-1]).strip(", "), f"something else than names of tests: {row[-1]}"


@pytest.mark.parametrize("name", named())
def test_a_named_test_exists(name: str) -> None:
    file, separator, function = name.partition("::")
    if not separator:
        assert name in google_tests()
        return
    assert (ROOT / file).is_file()
    assert function.startswith("test_") or "::test_" in function
    assert function in python_tests(ROOT / file)
