"""`modyn schema`: the JSON Schema of pipeline files, for editors."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from modyn.cli.session import JsonOption, Session, TracebackOption


def schema(
    ctx: typer.Context,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write it to this file.")] = None,
    json: JsonOption = False,
    traceback: TracebackOption = False,
) -> None:
    """Print the JSON Schema of pipeline files, which gives editors completion and checks."""
    session = Session.of(ctx, json=json, traceback=traceback)
    with session.explaining():
        import modyn

        document = modyn.schema()
        if output is None:
            typer.echo(json_module.dumps(document, indent=None if session.json else 2))
            return
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json_module.dumps(document, indent=2) + "\n", encoding="utf-8")
        if session.json:
            session.document({"schema": str(output)})
        session.line(str(output))
