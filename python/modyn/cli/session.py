"""What every command shares: its common options, where its output goes, and how its errors end it."""

from __future__ import annotations

import json
import sys
import traceback as tracebacks
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from modyn.errors import ConfigurationError, JobFailedError, ModynError, UnsupportedError

if TYPE_CHECKING:
    from modyn.workspace import Workspace

DEFAULT_WORKSPACE = Path(".modyn")
DATABASE = "modyn.sqlite"

FAILED, WRONG, INTERRUPTED = 1, 2, 130

WorkspaceOption = Annotated[
    Path | None,
    typer.Option("--workspace", "-w", help="Folder that holds datasets and runs.", show_default=str(DEFAULT_WORKSPACE)),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text.")]
TracebackOption = Annotated[bool, typer.Option("--traceback", help="Show where an error comes from.")]


@dataclass(frozen=True)
class Session:
    """The common options of one call.

    Attributes:
        workspace: the workspace's folder.
        json: print one JSON document (or JSON lines) instead of text.
        traceback: show the traceback of an error.
    """

    workspace: Path = field(default=DEFAULT_WORKSPACE)
    json: bool = False
    traceback: bool = False

    @staticmethod
    def of(ctx: typer.Context, *, json: bool, traceback: bool, workspace: Path | None = None) -> Session:
        """The options as given to the command, else as given before it."""
        session: Session = ctx.obj or Session()
        return replace(
            session,
            workspace=workspace or session.workspace,
            json=json or session.json,
            traceback=traceback or session.traceback,
        )

    # -- output ------------------------------------------------------------------------------------------------------

    @property
    def terminal(self) -> bool:
        """Whether a person reads the results."""
        return sys.stdout.isatty() and not self.json

    def document(self, value: Any) -> None:
        """Print one JSON value on a line of its own; NaN and NumPy's numbers become what JSON has."""
        typer.echo(json.dumps(jsonable(value)))

    def line(self, text: str) -> None:
        """Print one line of a result; says nothing with --json."""
        if not self.json:
            typer.echo(text)

    def row(self, *cells: object) -> None:
        """Print one line of a table for programs: cells between tabs."""
        self.line("\t".join(str(cell) for cell in cells))

    def note(self, text: str) -> None:
        """Tell something beside the result, on stderr."""
        typer.echo(text, err=True)

    def warn(self, text: str) -> None:
        """Warn on stderr."""
        typer.echo(f"{typer.style('warning:', fg='yellow', bold=True)} {text}", err=True)

    # -- errors ------------------------------------------------------------------------------------------------------

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """End the command with a message and an exit code instead of a traceback."""
        try:
            yield
        except (typer.Exit, typer.Abort, KeyboardInterrupt, BrokenPipeError):
            raise
        except Exception as error:
            # What else typer raises is about usage, which it explains itself.
            if type(error).__module__.startswith(("typer", "click")):
                raise
            self.fail(error)

    def fail(self, error: Exception, hint: str = "") -> NoReturn:
        """Explain an error and exit: 2 for what the user can change in the command or the file, else 1."""
        if self.traceback:
            typer.echo("".join(tracebacks.format_exception(error)), err=True)
            if isinstance(error, JobFailedError):
                typer.echo(error.traceback, err=True)
        code = WRONG if isinstance(error, ConfigurationError | UnsupportedError) else FAILED
        if self.json:
            self.document({"error": _error_document(error)})
        for line in _explained(error, self.traceback):
            typer.echo(line, err=True)
        if hint:
            typer.echo(hint, err=True)
        raise typer.Exit(code)

    # -- the workspace -----------------------------------------------------------------------------------------------

    @contextmanager
    def opened(self, *, create: bool) -> Iterator[Workspace]:
        """The workspace; only commands that put something into it create it.

        Raises:
            typer.BadParameter: there is none, and the command only looks.
        """
        if not create and not (self.workspace / DATABASE).exists():
            raise typer.BadParameter(
                f"there is no workspace in '{self.workspace}'; name another with --workspace, "
                "or make one with `modyn run` or `modyn dataset add`"
            )
        import modyn

        with modyn.open(self.workspace) as workspace:
            yield workspace

    def again(self, command: str) -> str:
        """A command of ours as the user would type it for this workspace."""
        where = "" if self.workspace == DEFAULT_WORKSPACE else f" --workspace {self.workspace}"
        return f"modyn {command}{where}"


def jsonable(value: Any) -> Any:
    """The value as JSON has it: NaN and <NA> are null, NumPy's scalars numbers, paths text."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [jsonable(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None  # NaN compares false
    return None if type(value).__name__ == "NAType" else str(value)


def _explained(error: Exception, traceback: bool) -> list[str]:
    label = typer.style("error:", fg="red", bold=True)
    if isinstance(error, ConfigurationError):
        return [str(problem) for problem in error.problems]
    if isinstance(error, JobFailedError):
        return [f"{label} {error}", *([] if traceback else ["(--traceback shows where it happened)"])]
    if isinstance(error, ModynError):
        return [f"{label} {error}"]
    if isinstance(error, OSError):
        return [f"{label} {error.strerror or error}: '{error.filename}'" if error.filename else f"{label} {error}"]
    hint = [] if traceback else ["This is a defect of Modyn; --traceback shows where. Please report it."]
    return [f"{label} {type(error).__name__}: {error}", *hint]


def _error_document(error: Exception) -> dict[str, Any]:
    document: dict[str, Any] = {"kind": type(error).__name__, "message": str(error)}
    if isinstance(error, ConfigurationError):
        document["problems"] = [vars(problem) for problem in error.problems]
    return document
