from __future__ import annotations

import io
from dataclasses import replace

import pandas as pd
from rich.console import Console, RenderableType

from modyn.report.terminal import latest_triggers, summary
from modyn.rundata import RunData

from .runs import replayed


def shown(what: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=160)
    console.print(what)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_a_summary_has_a_row_per_run_and_says_what_the_means_are_over():
    text = shown(summary([replayed(), replayed("flights-once-1", trigger_months=(2,))]))
    assert "flights-monthly-all-1" in text
    assert "flights-once-1" in text
    assert "over the 10 intervals where all runs have data, [2013-03-02, 2013-12-27)" in text
    assert "samples came after the last trigger" in text


def test_markup_in_names_is_only_text():
    text = shown(summary([replayed("[red]x[/red]-1", months=3, metrics=("[bold]m",))]))
    assert "[red]x[/red]-1" in text
    assert "mean [bold]m" in text


def test_a_run_without_anything_is_summed_up_too():
    nothing = RunData("r-1", "r", {}, "running", 0.0, pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), 0, 0)
    assert "no data" in shown(summary([nothing]))
    assert "no trigger yet" in shown(latest_triggers(nothing))


def test_only_the_latest_triggers_are_listed():
    text = shown(latest_triggers(replace(replayed(), state="running")))
    assert "the last 8 of 11 triggers" in text
