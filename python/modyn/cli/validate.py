"""`modyn validate`: all mistakes of configuration files, at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modyn.cli.session import WRONG, JsonOption, Session, TracebackOption


def validate(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Pipeline or system files.")],
    json: JsonOption = False,
    traceback: TracebackOption = False,
) -> None:
    """Report every mistake in pipeline or system files as file:line:column.

    Nothing is executed and nothing is opened but the files. Exit code 2 if there is any mistake.
    """
    session = Session.of(ctx, json=json, traceback=traceback)
    with session.explaining():
        from modyn.config import check_file, no_effect

        found = {file: check_file(file) for file in files}
        idle = {file: list(no_effect(one.config)) if one.config else [] for file, one in found.items()}
        if session.json:
            session.document(
                [
                    {
                        "file": str(file),
                        "valid": not one.problems,
                        "problems": [vars(problem) for problem in one.problems],
                        "warnings": [vars(warning) for warning in one.warnings],
                        "no_effect": dict(idle[file]),
                    }
                    for file, one in found.items()
                ]
            )
            raise typer.Exit(WRONG if any(one.problems for one in found.values()) else 0)
        for file, one in found.items():
            for problem in one.problems:
                session.line(str(problem))
            for warning in one.warnings:
                session.warn(f"{warning}; it is ignored")
            for key, reason in idle[file]:
                session.warn(f"{file}: {key} has no effect: {reason}")
            if not one.problems:
                session.line(f"{file}: valid")
    if any(one.problems for one in found.values()):
        raise typer.Exit(WRONG)
