from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from modyn.report import write_report
from modyn.report.composite import rows_of
from modyn.report.frames import conform
from modyn.report.matrix import matrix
from modyn.report.page import render
from modyn.report.timeline import trigger_times
from modyn.report.totals import all_measures, quality, totals
from modyn.rundata import RunData

from .runs import DAY, START, replayed


class Page(HTMLParser):
    """The page as a reader gets it: texts, figures, and everything that could be loaded."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.links: list[str] = []
        self.figures: dict[str, Any] = {}
        self.places: list[str] = []
        self.scripts = 0
        self._script: str | None = None
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        self.links += [str(found[name]) for name in ("src", "href") if name in found]
        if "data-figure" in found:
            self.places.append(str(found["data-figure"]))
        if tag not in ("meta", "br"):
            self.open.append(tag)
        if tag == "script":
            self._script = found.get("id")
            self.scripts += self._script is None

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            if self._script:
                self.figures[self._script] = json.loads(data)
        elif self.open[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.texts)


def check(runs: list[RunData]) -> Page:
    """Parse the page and let plotly validate each of its figures."""
    page = Page(render(runs))
    assert page.links == []
    assert page.scripts == 2
    assert sorted(page.places) == sorted(page.figures)
    for figure in page.figures.values():
        go.Figure(json.loads(re.sub(r"(var|pale)\(--[a-z0-9-]+\)", "#123456", json.dumps(figure))))
    return page


def test_a_comparison_shows_every_run_and_names_the_best():
    runs = [
        replayed(),
        replayed("flights-monthly-new-1", keeps_all=False, seed=1),
        replayed("flights-once-1", trigger_months=(2,)),
    ]
    page = check(runs)
    for run in runs:
        assert run.id in page.texts
    assert "has the best mean ROC-AUC" in page.text
    assert "over the 10 intervals for which all runs have data, [2013-03-02, 2013-12-27)" in page.text
    assert "selection_strategy.tail_triggers" in page.text
    heat_maps = [f for f in page.figures.values() if f["data"][0]["type"] == "heatmap"]
    assert [(len(f["data"][0]["y"]), len(f["data"][0]["x"])) for f in heat_maps] == [(11, 12), (11, 12), (1, 12)]


def test_a_single_run_shows_its_numbers():
    run = replayed(empty_triggers=(3,))
    page = check([run])
    assert "1 of them empty" in page.text
    assert f"{run.samples_after_last_trigger:,}" in page.text
    assert "batch_size: 1024" in page.text


def test_no_data_is_a_gap_and_never_zero():
    run = replayed(months=6)
    table = run.evaluations.copy()
    table.loc[table["interval_index"] == 3, "value"] = np.nan
    page = check([replace(run, evaluations=table)])
    heat = next(f["data"][0] for f in page.figures.values() if f["data"][0]["type"] == "heatmap")
    assert [line[3] for line in heat["z"]] == [None] * 5
    line = next(f["data"][0] for f in page.figures.values() if f["data"][0].get("mode") == "lines")
    assert None in line["y"]
    assert 0 not in line["y"]
    assert "5 of 30 cells have no data" in page.text


def test_a_run_that_has_done_nothing_still_has_a_page():
    nothing = RunData("r-1", "r", {}, "failed", 0.0, pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), 0, 0)
    page = check([nothing])
    assert "No trigger has fired." in page.text
    assert "No model has been evaluated." in page.text
    assert "r-1 has failed:" in page.text


def test_a_run_with_triggers_and_no_evaluations_compared_with_one_that_has_them():
    bare = replayed("bare-1")
    page = check([replace(bare, evaluations=bare.evaluations[:0]), replayed("full-1")])
    assert "not measured" in page.text
    assert "This run did not measure this." in page.text


def test_runs_that_share_no_interval_are_not_ranked():
    other = replayed("weekly-1", months=20, period=7 * DAY)
    page = check([replayed("monthly-1"), other])
    assert "share no interval with data, so the means are not comparable" in page.text
    assert "has the best" not in page.text


def test_each_measure_has_its_own_figures_and_a_selector():
    page = check([replayed(metrics=("Accuracy", "ROC-AUC"), handlers=("by-month", "by-week"))])
    assert page.tags.count("option") == 4
    assert page.tags.count("select") == 1


def test_open_and_overlapping_intervals_are_drawn_as_points():
    run = replayed(months=5)
    table = run.evaluations.copy()
    table.loc[table["interval_index"] == 4, "interval_end"] = pd.NA
    table.loc[table["interval_index"] == 0, "interval_start"] = pd.NA
    page = check([replace(run, evaluations=table)])
    assert any("from 2013-05-01 on" in json.dumps(figure) for figure in page.figures.values())


@pytest.mark.parametrize(
    "evil", ["</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"'><b>&amp;", "<!--"]
)
def test_user_strings_never_become_markup(evil: str):
    run = replayed(evil + "-1", months=4, metrics=(evil,), handlers=(evil,))
    table = run.evaluations.assign(dataset=evil)
    run = replace(run, evaluations=table, config={"pipeline": {"name": evil, evil: [evil]}}, state=evil)
    plain = check([replayed(months=4), replayed("b-1", months=4)])
    page = check([run, replace(run, config={"pipeline": {"name": "b"}})])
    assert page.scripts == plain.scripts
    assert "img" not in page.tags
    assert page.text.count(evil) >= 5


def test_equal_run_ids_are_told_apart():
    page = check([replayed(), replayed(seed=1)])
    assert "flights-monthly-all-1 (2)" in page.texts


def test_a_report_replaces_its_file_only_when_it_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    target = tmp_path / "new" / "report.html"
    assert write_report([replayed(months=3)], target) == target
    before = target.read_bytes()
    with pytest.raises(ValueError, match="at least one run"):
        write_report([], target)
    assert target.read_bytes() == before
    assert [path.name for path in target.parent.iterdir()] == ["report.html"]


def test_five_hundred_triggers_on_five_hundred_intervals_stay_small_and_quick():
    run = replayed(months=501, per_month=900, period=DAY, intervals=500)
    begin = time.perf_counter()
    html = render([run])
    assert time.perf_counter() - begin < 20
    page = Page(html)
    assert sum(len(json.dumps(figure)) for figure in page.figures.values()) < 3e6
    assert "Each cell is the mean over up to 3 models x 3 intervals" in page.text


def test_blocks_of_a_thinned_matrix_are_means_of_what_has_data():
    run = conform(replayed(months=9))
    rows = rows_of(run.evaluations, all_measures([run])[0])
    full, thin = matrix(run, rows), matrix(run, rows, cells_per_side=4)
    assert thin.block == (2, 3)
    assert thin.values.shape == (4, 3)
    assert thin.values[1, 2] == pytest.approx(full.values[2:4, 6:9].mean())
    assert full.active.tolist() == [-1, 0, 1, 2, 3, 4, 5, 6, 7]


def test_empty_triggers_are_placed_between_their_neighbours():
    run = conform(replayed(months=6, empty_triggers=(1, 2)))
    times = trigger_times(run)
    assert times["guessed"].tolist() == [False, True, True, False, False]
    assert times["end"].is_monotonic_increasing
    assert times["end"].iloc[0] < times["end"].iloc[1] < times["start"].iloc[3]
    assert totals(run).empty_triggers == 2


def test_leading_empty_triggers_lie_where_the_first_data_begins():
    times = trigger_times(conform(replayed(months=4, empty_triggers=(0,))))
    assert times["end"].iloc[0] == START + 30 * DAY
    assert trigger_times(conform(replayed(months=2, empty_triggers=(0,))))["end"].isna().all()


def test_a_single_best_run_is_named_only_for_metrics_known_to_grow():
    runs = [conform(replayed("a-1", metrics=("Loss",))), conform(replayed("b-1", metrics=("Loss",), seed=4))]
    assert quality(runs, all_measures(runs)[0]).best() is None
