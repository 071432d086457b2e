"""`modyn dataset samples`: which samples there are, with their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from modyn.cli.session import JsonOption, Session, TracebackOption, WorkspaceOption
from modyn.cli.timestamps import parse_timestamp

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from modyn.storage.snapshot import SampleColumns


def samples(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The dataset.")],
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Not before: a date or Unix seconds; UTC.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Before.")] = None,
    since: Annotated[int, typer.Option(min=0, metavar="SEQUENCE", help="Of the commits after this one.")] = 0,
    label: Annotated[list[int] | None, typer.Option(help="With this label; may be given several times.")] = None,
    limit: Annotated[int, typer.Option(min=0, metavar="COUNT", help="At most so many; 0 for all.")] = 100,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    traceback: TracebackOption = False,
) -> None:
    """List samples: key, time, label. The keys are what `delete-samples` takes.

    With --json, one object a line.
    """
    session = Session.of(ctx, json=json, traceback=traceback, workspace=workspace)
    bounds = [None if text is None else parse_timestamp(text) for text in (start, end)]
    with session.explaining(), session.opened(create=False) as opened:
        from modyn.storage.api import Interval

        asked = opened.datasets.snapshot(name).samples(Interval(*bounds), since=since)
        left = limit or len(asked)
        for columns in asked.batches():
            matching = _rows(columns, label)
            for row in matching[:left]:
                _print(session, columns, int(row))
            left -= min(left, len(matching))
            if left == 0:
                break
        if limit and left == 0 and limit < len(asked):
            session.note(f"these are the first {limit:,}; --limit 0 lists all")


def _rows(columns: SampleColumns, labels: list[int] | None) -> npt.NDArray[np.intp]:
    import numpy as np

    if not labels:
        return np.arange(len(columns.keys))
    return np.flatnonzero(np.isin(columns.labels, labels))


def _print(session: Session, columns: SampleColumns, row: int) -> None:
    from modyn.report import units

    key, timestamp, label = (int(column[row]) for column in (columns.keys, columns.timestamps, columns.labels))
    if session.json:
        session.document({"key": key, "timestamp": timestamp, "label": label})
    else:
        session.row(key, units.moment(timestamp), label)
