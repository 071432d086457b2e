"""`modyn dataset delete` and `delete-samples`: what a dataset shall no longer hold."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modyn.cli.session import JsonOption, Session, TracebackOption, WorkspaceOption

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def delete(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The dataset.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    traceback: TracebackOption = False,
) -> None:
    """Forget a dataset: its index and what was pushed to it.

    The files in its folder are removed only if it was registered with --owns-files.
    """
    session = Session.of(ctx, json=json, traceback=traceback, workspace=workspace)
    with session.explaining(), session.opened(create=False) as opened:
        from modyn.report import units

        status = opened.datasets.status(name)
        owned = units.counted(status.files, "file")
        files = f" and its {owned} in '{status.base_path}'" if status.options.owns_files else ""
        if not yes:
            held = units.counted(status.samples, "sample")
            typer.confirm(f"Delete dataset '{name}' of {held}{files}?", abort=True, err=True)
        opened.datasets.delete(name)
        if session.json:
            session.document({"deleted": name, "source_files": status.options.owns_files})
        session.line(f"deleted: {name}{files}")


def delete_samples(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The dataset.")],
    keys: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY|FIRST:END]...", help="Keys, and ranges of keys without their end."),
    ] = None,
    keys_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="More of them, between blanks or line ends; - for standard input."),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    traceback: TracebackOption = False,
) -> None:
    """Delete samples by their keys; source files, and runs that have pinned the dataset, keep them."""
    session = Session.of(ctx, json=json, traceback=traceback, workspace=workspace)
    words = list(keys or [])
    if keys_file is not None:
        words += (sys.stdin.read() if str(keys_file) == "-" else _text(keys_file)).split()
    if not words:
        raise typer.BadParameter("no keys are given; name some, or a file of them with --keys-file")
    wanted = _keys(words)
    with session.explaining(), session.opened(create=False) as opened:
        from modyn.report import units

        summary = opened.datasets.delete_samples(name, wanted)
        if session.json:
            session.document(vars(summary))
        already = f", {summary.already_deleted:,} were before" if summary.already_deleted else ""
        session.line(f"deleted: {units.counted(summary.deleted, 'sample')}{already}")


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise typer.BadParameter(f"cannot read '{path}': {error.strerror}") from error


def _keys(words: list[str]) -> npt.NDArray[np.int64]:
    import numpy as np

    parts = []
    for word in words:
        first, _, end = word.partition(":")
        if not first.isdecimal() or (end and not end.isdecimal()) or (":" in word and not end):
            raise typer.BadParameter(f"'{word}' is neither a key nor a range FIRST:END")
        parts.append(np.arange(int(first), int(end) if end else int(first) + 1, dtype=np.int64))
    return np.concatenate(parts)
