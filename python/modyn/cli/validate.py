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
        import modyn

        found = {file: modyn.validate(file) for file in files}
        if session.json:
            session.document(
                [
                    {"file": str(file), "valid": not problems, "problems": [vars(problem) for problem in problems]}
                    for file, problems in found.items()
                ]
            )
        for file, problems in found.items():
            for problem in problems:
                session.line(str(problem))
            if not problems:
                session.line(f"{file}: valid")
    if any(found.values()):
        raise typer.Exit(WRONG)
