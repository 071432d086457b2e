"""The `modyn` command: puts the commands together."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from modyn.cli import compare, dataset, init, report, resume, run, schema, status, validate
from modyn.cli.session import DEFAULT_WORKSPACE, Session

app = typer.Typer(
    name="modyn",
    help="Trains machine learning models on data that grows: decides when, on what, and shows what it bought.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted (`modyn resume` goes on).",
)
app.command("init")(init.init)
app.command("validate")(validate.validate)
app.command("schema")(schema.schema)
app.add_typer(dataset.app, name="dataset")
app.command("run")(run.run)
app.command("resume")(resume.resume)
app.command("status")(status.status)
app.command("report")(report.report)
app.command("compare")(compare.compare)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"modyn {version('modyn')}")
        except PackageNotFoundError:
            typer.echo("modyn (not installed)")
        raise typer.Exit


@app.callback()
def _globals(
    ctx: typer.Context,
    workspace: Annotated[
        Path,
        typer.Option("--workspace", "-w", envvar="MODYN_WORKSPACE", help="Folder that holds datasets and runs."),
    ] = DEFAULT_WORKSPACE,
    traceback: Annotated[bool, typer.Option("--traceback", help="Show where an error comes from.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    ctx.obj = Session(workspace=workspace, traceback=traceback)


def main() -> None:
    """Entry point of the console script."""
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal cannot show must not stop the command that shows it.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    app(prog_name="modyn")
