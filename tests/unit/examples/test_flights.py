"""The demo's data and network: exact records, nothing from the future, files that do not depend on the run."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import torch

import modyn
from modyn.config import load_pipeline

FOLDER = Path(__file__).resolve().parents[3] / "examples" / "flights"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"flights_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


prepare = load("prepare")
model = load("model")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flights")
    assert prepare.prepare(folder) == 327_346
    return folder


@pytest.fixture(scope="module")
def source() -> pd.DataFrame:
    flights = pd.read_csv(prepare._source_folder() / "flights.csv.zip")
    return flights[flights["arr_delay"].notna()]


def read(folder: Path, day: str) -> np.ndarray:
    return np.fromfile(folder / f"{day}.bin", prepare.RECORD)


def test_there_is_one_file_for_each_day_of_the_year_with_the_flights_of_that_day(
    folder: Path, source: pd.DataFrame
) -> None:
    files = sorted(folder.glob("*.bin"))
    assert [file.stem for file in files] == [str(day.date()) for day in pd.date_range("2013-01-01", "2013-12-31")]
    counts = source.groupby(["month", "day"]).size()
    assert [file.stat().st_size for file in files] == [64 * count for count in counts]


def test_labels_are_the_late_arrivals_of_the_day(folder: Path, source: pd.DataFrame) -> None:
    of_the_day = source[(source["month"] == 7) & (source["day"] == 1)].sort_values(
        ["sched_dep_time", "origin", "carrier", "flight"]
    )
    records = read(folder, "2013-07-01")
    np.testing.assert_array_equal(records["label"], (of_the_day["arr_delay"] >= 15).to_numpy())
    np.testing.assert_array_equal(records["categorical"][:, 3], of_the_day["hour"] + 1)


def test_within_a_day_flights_are_in_the_order_of_their_scheduled_departure(folder: Path) -> None:
    departures = read(folder, "2013-03-10")["numeric"][:, prepare.NUMERIC.index("departure_minute")]
    assert (np.diff(departures) >= 0).all()


def test_numbers_are_finite_and_normalised_over_the_first_month(folder: Path) -> None:
    first_month = np.concatenate([read(folder, f"2013-01-{day:02}")["numeric"] for day in range(1, 31)])
    everything = np.concatenate([np.fromfile(file, prepare.RECORD)["numeric"] for file in folder.glob("*.bin")])
    assert np.isfinite(everything).all()
    # Missing measurements count as the mean, and the clip moves it a little.
    np.testing.assert_allclose(first_month.mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose(first_month.std(axis=0), 1, atol=0.1)


def test_a_sample_does_not_depend_on_what_happened_after_its_departure_nor_on_later_flights(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: pd.DataFrame
) -> None:
    known_afterwards = ["dep_time", "dep_delay", "arr_time", "air_time"]
    early = source[source["month"] <= 2].copy()
    early[known_afterwards] = -1.0
    early["arr_delay"] = 0.0
    changed = tmp_path / "source"
    changed.mkdir()
    early.to_csv(changed / "flights.csv.zip", index=False)
    (changed / "weather.csv").write_bytes((prepare._source_folder() / "weather.csv").read_bytes())
    monkeypatch.setattr(prepare, "_source_folder", lambda: changed)

    prepare.prepare(tmp_path / "out")

    for day in ("2013-01-01", "2013-01-31", "2013-02-28"):
        original, without = read(folder, day), read(tmp_path / "out", day)
        for part in ("numeric", "categorical"):
            np.testing.assert_array_equal(original[part], without[part])


def test_preparing_again_touches_nothing_and_repairs_what_is_missing(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    whole = {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    prepare.prepare(tmp_path)
    assert {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == whole

    (tmp_path / "2013-05-05.bin").unlink()
    prepare.prepare(tmp_path)

    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {
        file.name: file.read_bytes() for file in folder.iterdir()
    }


@pytest.mark.parametrize("policy", ["monthly-all", "monthly-new", "once"])
def test_the_pipelines_are_valid_and_describe_the_records(policy: str) -> None:
    assert modyn.validate(FOLDER / f"{policy}.yaml") == []
    config = load_pipeline(FOLDER / f"{policy}.yaml")
    decoder = config.data.decoder
    assert decoder is not None
    label_size = prepare.RECORD["label"].itemsize
    for field in decoder.fields:
        described, (actual, offset, *_) = field, prepare.RECORD.fields[field.name]
        assert (described.offset + label_size, tuple(described.shape)) == (offset, actual.shape)
        assert np.dtype(described.dtype) == actual.base


def test_the_networks_tables_have_room_for_every_category(folder: Path) -> None:
    highest = np.max([np.fromfile(file, prepare.RECORD)["categorical"].max(axis=0) for file in folder.glob("*.bin")], 0)
    assert (highest < np.array(model.CATEGORIES)).all()
    named = {
        column["name"]: column["ids"] for column in json.loads((folder / "features.json").read_text())["categorical"]
    }
    assert highest[0] == len(named["carrier"]) == 16
    assert highest[2] == len(named["destination"])


def test_the_network_takes_unknown_categories_for_number_zero() -> None:
    network = model.FlightNet().eval()
    numeric = torch.randn(3, 9)
    unknown = torch.tensor([[0, 0, 0, 0, 0, 0], [-1, -7, -1, -1, -2, -1], [32, 8, 10_000, 25, 8, 2**31 - 1]])
    logits = network({"numeric": numeric, "categorical": unknown.to(torch.int32)})
    as_zero = network({"numeric": numeric, "categorical": torch.zeros(3, 6, dtype=torch.int32)})
    assert logits.shape == (3,)
    torch.testing.assert_close(logits, as_zero, rtol=0, atol=0)


@torch.no_grad()
def test_the_network_tells_the_categories_of_different_columns_apart() -> None:
    network = model.FlightNet().eval()
    base = torch.ones(1, 6, dtype=torch.int32)
    numeric = torch.zeros(1, 9)
    seen = {float(network({"numeric": numeric, "categorical": base})[0])}
    for column in range(6):
        other = base.clone()
        other[0, column] = 2
        seen.add(float(network({"numeric": numeric, "categorical": other})[0]))
    assert len(seen) == 7
