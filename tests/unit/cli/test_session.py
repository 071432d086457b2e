from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer

from modyn.cli.session import Session, jsonable
from modyn.errors import (
    ConfigurationError,
    DatasetError,
    JobFailedError,
    Problem,
    RunError,
    UnsupportedError,
)

PROBLEM = Problem("p.yaml", 3, 5, "unknown key 'epoch'", suggestion="epochs")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError([PROBLEM]), 2),
        (UnsupportedError("trigger 'X' cannot be run yet"), 2),
        (DatasetError("dataset 'a' is not registered"), 1),
        (RunError("no such run"), 1),
        (JobFailedError("training failed", "Traceback: child"), 1),
        (OSError(13, "Permission denied", "/x"), 1),
        (ZeroDivisionError("division by zero"), 1),
    ],
)
def test_errors_end_with_a_message_and_an_exit_code(error: Exception, code: int, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(typer.Exit) as ended, Session().explaining():
        raise error
    assert ended.value.exit_code == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert str(error) in captured.err or "Permission denied: '/x'" in captured.err


def test_the_traceback_is_shown_on_demand_with_that_of_the_child(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(typer.Exit), Session(traceback=True).explaining():
        raise JobFailedError("training failed", "child's traceback")
    shown = capsys.readouterr().err
    assert "Traceback (most recent call last)" in shown
    assert "child's traceback" in shown


def test_with_json_the_error_is_a_document_too(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(typer.Exit), Session(json=True).explaining():
        raise ConfigurationError([PROBLEM])
    document = json.loads(capsys.readouterr().out)
    assert document["error"]["kind"] == "ConfigurationError"
    assert document["error"]["problems"][0]["suggestion"] == "epochs"


def test_typers_own_errors_and_exits_pass_through():
    with pytest.raises(typer.BadParameter), Session().explaining():
        raise typer.BadParameter("x")
    with pytest.raises(KeyboardInterrupt), Session().explaining():
        raise KeyboardInterrupt


def test_what_json_cannot_say_becomes_null_or_text():
    value = {"a": float("nan"), "b": np.float64("inf"), "c": pd.NA, "d": np.int64(3), "e": Path("x"), "f": (1, None)}
    assert jsonable(value) == {"a": None, "b": None, "c": None, "d": 3, "e": "x", "f": [1, None]}


def test_hints_name_the_workspace_if_it_is_another():
    assert Session().again("resume a-1") == "modyn resume a-1"
    assert Session(workspace=Path("w")).again("resume a-1") == "modyn resume a-1 --workspace w"
