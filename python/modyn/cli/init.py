"""`modyn init`: a pipeline for a folder of records, from a look at it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modyn.cli.formats import ByteOrder, SignedOption, TimestampPatternOption, TimestampSource
from modyn.cli.session import JsonOption, Session, TracebackOption

if TYPE_CHECKING:
    from modyn.cli.guessing.look import Findings

_GUESS = "guessed"


def init(
    ctx: typer.Context,
    data: Annotated[
        Path,
        typer.Argument(metavar="DATA", exists=True, file_okay=False, help="Folder with files of fixed-size records."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for pipeline.yaml and model.py.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Overwrite them if they exist.")] = False,
    extension: Annotated[str | None, typer.Option(help="Look only at these files.", show_default=_GUESS)] = None,
    record_size: Annotated[int | None, typer.Option(min=2, help="Bytes of a record.", show_default=_GUESS)] = None,
    label_size: Annotated[
        int | None, typer.Option(min=1, max=8, help="Bytes of the label.", show_default=_GUESS)
    ] = None,
    label_offset: Annotated[
        int | None, typer.Option(min=0, help="Where the label begins.", show_default=_GUESS)
    ] = None,
    byteorder: Annotated[ByteOrder | None, typer.Option(help="Byte order of numbers.", show_default=_GUESS)] = None,
    signed: SignedOption = False,
    timestamp: Annotated[
        TimestampSource | None, typer.Option(help="Where timestamps come from.", show_default=_GUESS)
    ] = None,
    timestamp_pattern: TimestampPatternOption = None,
    json: JsonOption = False,
    traceback: TracebackOption = False,
) -> None:
    """Look at a folder, guess its format, and write a commented pipeline and a model that run as they are.

    What was guessed is told, with how sure it is; every option replaces a guess.
    """
    session = Session.of(ctx, json=json, traceback=traceback)
    if label_size is None and (label_offset is not None or byteorder is not None or signed):
        raise typer.BadParameter(
            "--label-offset, --byteorder and --signed say where a label lies, so --label-size is missing"
        )
    if timestamp is TimestampSource.MTIME and timestamp_pattern is not None:
        raise typer.BadParameter("--timestamp mtime and --timestamp-pattern exclude each other")
    if timestamp is TimestampSource.COLUMN:
        raise typer.BadParameter("--timestamp column cannot be guessed; `modyn dataset add` takes it")
    targets = [output / "pipeline.yaml", output / "model.py"]
    if existing := [str(target) for target in targets if target.exists() and not force]:
        raise typer.BadParameter(f"{' and '.join(existing)} exist already; --force overwrites, --output goes elsewhere")
    with session.explaining():
        from modyn.cli.guessing.look import Given, look

        given = Given(
            extension=extension,
            record_size=record_size,
            label_size=label_size,
            label_offset=label_offset,
            byteorder=None if byteorder is None else "big" if byteorder is ByteOrder.BIG else "little",
            signed=signed,
            use_names=None if timestamp is None else timestamp is TimestampSource.FILENAME,
            timestamp_pattern=timestamp_pattern,
        )
        found = look(data, given)
        _write(found, data, output, targets)
        _tell(session, found, targets)


def _write(found: Findings, data: Path, output: Path, targets: list[Path]) -> None:
    import modyn
    from modyn.cli.guessing.starter import model_text, pipeline_text

    output.mkdir(parents=True, exist_ok=True)
    for target, text in zip(targets, (pipeline_text(found, data, output), model_text(found)), strict=True):
        target.write_text(text, encoding="utf-8")
    if problems := modyn.validate(targets[0]):
        raise modyn.ConfigurationError(problems)


def _tell(session: Session, found: Findings, targets: list[Path]) -> None:
    rows = [(guess.what, _shown(guess.what, found), guess.sure, guess.why) for guess in found.guesses]
    if session.json:
        session.document(
            {
                "pipeline": str(targets[0]),
                "model": str(targets[1]),
                "guesses": [dict(zip(("what", "value", "sure", "why"), row, strict=True)) for row in rows],
            }
        )
    for what, value, sure, why in rows:
        session.line(f"{what + ':':<9} {value} ({', '.join(filter(None, (sure, why)))})")
    session.line(f"wrote {targets[0]} and {targets[1]}; next: modyn run {targets[0]}")
    if any(sure == "unsure" for _, _, sure, _ in rows) and not session.json:
        session.warn("what is unsure is marked with (?) in the pipeline file; check it")


def _shown(what: str, found: Findings) -> str:
    from modyn.report import units

    label, times = found.label.value, found.times.value
    order = f", {label.byteorder}-endian" if label.size > 1 else ""
    source = "modification times" if times.pattern is None else f"'{times.pattern}' in file names"
    fields = ", ".join(f"{field.count} x {field.dtype} ({field.kind})" for field in found.sample.value)
    return {
        "files": f"*{found.survey.extension.value}",
        "record": f"{found.record.value:,} bytes, {found.records:,} records",
        "label": f"{label.size} byte{'s' if label.size > 1 else ''} at offset {label.offset}{order}",
        "classes": f"{found.classes.value:,}",
        "sample": fields,
        "time": f"{source}, {units.moment(times.first)} to {units.moment(times.last)}",
    }[what]
