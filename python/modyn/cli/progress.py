"""Bars for a run on a terminal: the stream, the training, the evaluation.

There are always the same three rows with columns of the same widths, so nothing jumps.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

if TYPE_CHECKING:
    from modyn.run import Run

_STAGES = {"after_training": "evaluation", "after_pipeline": "evaluation of the run"}


class RunProgress:
    """Shows the events of one run; use as a context manager."""

    def __init__(self, run: Run, console: Console | None = None) -> None:
        self._run = run
        self._stream_start: int | None = None
        self._triggers = 0
        self._bars = Progress(
            TextColumn("{task.description}", table_column=Column(width=24, no_wrap=True)),
            BarColumn(bar_width=32),
            MofNCompleteColumn(table_column=Column(width=17, no_wrap=True)),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", table_column=Column(no_wrap=True)),
            console=console or Console(stderr=True),
            transient=True,
            refresh_per_second=5,
        )
        self._stream = self._add("dataset")
        self._training = self._add("training")
        self._evaluation = self._add("evaluation")

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def show(self, event: dict[str, Any]) -> None:
        """Bring the bars up to date; an event of a newer version that is unknown here changes nothing."""
        method = getattr(self, f"_on_{event['event']}", None)
        if method is not None:
            method(event)

    # -- one method per event ----------------------------------------------------------------------------------------

    def _on_ingest(self, event: dict[str, Any]) -> None:
        self._bars.update(
            self._stream,
            description=f"scanning {escape(event['dataset'])}",
            completed=event["files_done"],
            total=event["files_total"],
            note="files",
        )

    def _on_run_started(self, event: dict[str, Any]) -> None:
        self._bars.reset(self._stream, total=event["samples"], description=escape(event["name"]), note="samples")

    def _on_data(self, event: dict[str, Any]) -> None:
        self._bars.update(self._stream, completed=event["position"], total=event["total"])

    def _on_trigger(self, event: dict[str, Any]) -> None:
        if self._stream_start is None:
            # A resumed run begins in the middle of its stream.
            first = event["position_start"] if event["trigger"] == 0 else self._run.triggers["position_start"].iloc[0]
            self._stream_start = int(first)
        self._triggers = event["trigger"] + 1
        self._bars.update(
            self._stream,
            completed=event["position_end"] - self._stream_start,
            note=f"samples, {self._triggers:,} trigger{'' if self._triggers == 1 else 's'}",
        )

    def _on_training_started(self, event: dict[str, Any]) -> None:
        self._bars.reset(self._training, total=None, description=f"training {event['trigger']}", note="batches")

    def _on_training_progress(self, event: dict[str, Any]) -> None:
        note = f"batches, epoch {event['epoch']} of {event['epochs']}"
        if event.get("loss") is not None:
            note += f", loss {event['loss']:.4g}"
        self._bars.update(self._training, completed=event["batch"], total=event["batches"], note=note)

    def _on_scoring_progress(self, event: dict[str, Any]) -> None:
        note = "samples, choosing what to train on"
        self._bars.update(self._training, completed=event["samples"], total=event["total"], note=note)

    def _on_training_finished(self, event: dict[str, Any]) -> None:
        total = self._bars.tasks[self._training].total
        if total is not None:
            self._bars.update(self._training, completed=total)
        self._bars.stop_task(self._training)

    def _on_evaluation_started(self, event: dict[str, Any]) -> None:
        name = _STAGES.get(event["stage"], "evaluation")
        self._bars.reset(self._evaluation, total=event["tasks"], description=name, note="model x interval")

    def _on_evaluation_progress(self, event: dict[str, Any]) -> None:
        self._bars.update(self._evaluation, completed=event["done"], total=event["total"])

    def _on_evaluation_finished(self, event: dict[str, Any]) -> None:
        self._bars.stop_task(self._evaluation)

    def _on_warning(self, event: dict[str, Any]) -> None:
        self._bars.console.print(f"[bold yellow]warning:[/] {escape(event['message'])}", highlight=False)

    def _add(self, name: str) -> Any:
        return self._bars.add_task(name, total=None, start=False, note="")
