"""What a run leaves in its folder for people and other tools: configuration, tables, journal and report."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from modyn.supervisor.context import RunContext


def write_configuration(context: RunContext) -> None:
    """`pipeline.yaml`: the configuration with every default and the seed that was used."""
    document = context.config.model_dump(mode="json", exclude_none=True)
    document["pipeline"]["seed"] = context.seed
    _write(context.folder / "pipeline.yaml", yaml.safe_dump(document, sort_keys=False))


def write_tables(context: RunContext) -> None:
    """`triggers.parquet`, `models.parquet`, `evaluations.parquet` and `journal.jsonl`."""
    data = context.journal.data()
    data.triggers.to_parquet(context.folder / "triggers.parquet")
    data.models.to_parquet(context.folder / "models.parquet")
    data.evaluations.to_parquet(context.folder / "evaluations.parquet")
    lines = (json.dumps(line) + "\n" for line in context.journal.lines())
    _write(context.folder / "journal.jsonl", "".join(lines))


def write_report(context: RunContext) -> None:
    """`report.html`."""
    from modyn.report import write_report as write_page

    write_page([context.journal.data()], context.folder / "report.html")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
