from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.growing import write_days
from typer.testing import CliRunner, Result

from modyn.cli.guessing.dates import guess_times
from modyn.cli.guessing.label import Label
from modyn.cli.guessing.look import Given, look
from modyn.cli.guessing.survey import DataFile
from modyn.cli.main import app
from modyn.config import load_pipeline
from modyn.errors import DatasetError
from modyn.trainer.data.decoder import build_decoder

DAY = 86_400
START = 1_356_998_400  # 2013-01-01


@dataclass
class Format:
    """A kind of dataset, and what is to be found in it."""

    write: Callable[[Path, np.random.Generator], None]
    record_size: int
    label: Label
    classes: int
    pattern: str | None
    fields: list[tuple[str, int]]


def growing(folder: Path, random: np.random.Generator) -> None:
    write_days(folder, range(12))


def tables(folder: Path, random: np.random.Generator) -> None:
    """Numbers and categories behind a label, a file a day of another length each."""
    record = np.dtype([("label", "<u4"), ("numbers", "<f4", 9), ("categories", "<i4", 6)])
    for day in range(30):
        rows = np.zeros(random.integers(40, 90), record)
        rows["label"] = random.integers(0, 2, len(rows))
        rows["numbers"] = random.normal(size=(len(rows), 9))
        rows["categories"] = random.integers(0, [16, 3, 100, 24, 7, 8], (len(rows), 6))
        rows.tofile(folder / f"part_2013{1 + day // 28:02}{1 + day % 28:02}.rec")


def images(folder: Path, random: np.random.Generator) -> None:
    """Smooth images of three planes behind a label of one byte: bytes of a row are alike, those of a column are not."""
    for number in range(5):
        planes = np.cumsum(np.cumsum(random.normal(size=(120, 3, 16, 16)), axis=2), axis=3)
        low, high = planes.min((1, 2, 3), keepdims=True), planes.max((1, 2, 3), keepdims=True)
        pixels = ((planes - low) / (high - low) * 255).astype("u1").reshape(120, -1)
        path = folder / f"batch_{number}.bin"
        np.concatenate([random.integers(0, 10, (120, 1)).astype("u1"), pixels], axis=1).tofile(path)
        os.utime(path, (START + 7 * DAY * number,) * 2)


def sensors(folder: Path, random: np.random.Generator) -> None:
    """Big-endian doubles with the label behind them, and Unix seconds in the file names."""
    record = np.dtype([("x", ">f8", 7), ("label", ">u4")])
    for hour in range(40):
        rows = np.zeros(50 + hour, record)
        rows["x"], rows["label"] = random.normal(20, 3, (len(rows), 7)), random.integers(0, 4, len(rows))
        rows.tofile(folder / f"s-{1_500_000_000 + 3600 * hour}.dat")


def single_records(folder: Path, random: np.random.Generator) -> None:
    """One record per file, in folders by class."""
    for number in range(400):
        label = number % 3
        (folder / str(label)).mkdir(exist_ok=True)
        sample = np.clip(random.normal(60 * label, 20, 96), 0, 255).astype("u1")
        path = folder / str(label) / f"{number}.bin"
        path.write_bytes(bytes([label, 0]) + sample.tobytes())
        os.utime(path, (START + 3600 * number,) * 2)


FORMATS = {
    "growing": Format(growing, 24, Label(0, 4), 2, "%Y-%m-%d", [("float32", 4), ("int32", 1)]),
    "tables": Format(tables, 64, Label(0, 4), 2, "%Y%m%d", [("float32", 9), ("int32", 6)]),
    "images": Format(images, 769, Label(0, 1), 10, None, [("uint8", 768)]),
    "sensors": Format(sensors, 60, Label(56, 4, "big"), 4, "%s", [("float64", 7)]),
    "single records": Format(single_records, 98, Label(0, 2), 3, None, [("uint8", 96)]),
}


def written(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    FORMATS[name].write(folder, np.random.default_rng(0))
    return folder


def init(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["init", *map(str, arguments)])


@pytest.mark.parametrize("name", FORMATS)
def test_the_format_is_found(name: str, tmp_path: Path):
    expected, found = FORMATS[name], look(written(tmp_path, name), Given())
    assert found.record.value == expected.record_size
    assert found.label.value == expected.label
    assert found.classes.value == expected.classes
    assert found.times.value.pattern == expected.pattern
    assert [(field.dtype, field.count) for field in found.sample.value] == expected.fields


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_written_validates_and_the_model_takes_the_samples(name: str, tmp_path: Path):
    folder = written(tmp_path, name)
    result = init(folder, "--output", tmp_path)
    assert result.exit_code == 0, result.output
    config = load_pipeline(tmp_path / "pipeline.yaml")
    dataset = config.datasets[0]
    assert dataset.folder(tmp_path).resolve() == folder.resolve()
    record_size, label = FORMATS[name].record_size, FORMATS[name].label
    decoder = build_decoder(config.data, record_size - label.size)
    file = next(path for path in folder.rglob("*") if path.is_file())
    records = np.fromfile(file, np.uint8).reshape(-1, record_size)[:20].repeat(2, axis=0)
    samples = np.delete(records, np.s_[label.offset : label.offset + label.size], axis=1)
    parts = [np.ascontiguousarray(samples[:, offset : offset + size]) for offset, size in decoder.fields or []]
    data, labels = decoder.decode(parts, label.values(records))
    names: dict[str, Any] = {}
    exec((tmp_path / "model.py").read_text(), names)
    outputs = names["Net"](**config.model.config)(data)
    assert outputs.shape == (len(records), FORMATS[name].classes)
    assert torch.isfinite(torch.nn.functional.cross_entropy(outputs, labels))


def test_every_option_replaces_a_guess(tmp_path: Path):
    folder = written(tmp_path, "tables")
    given = ["--record-size", "64", "--label-size", "2", "--label-offset", "40", "--extension", ".rec"]
    result = init(folder, "-o", tmp_path, "--json", *given, "--timestamp", "mtime")
    document = json.loads(result.stdout)
    sure = {guess["what"]: guess["sure"] for guess in document["guesses"]}
    assert [sure[what] for what in ("files", "record", "label")] == ["given"] * 3
    wrapper = yaml.safe_load((tmp_path / "pipeline.yaml").read_text())["datasets"][0]
    assert wrapper["file_wrapper_config"]["label_offset"] == 40
    assert wrapper["timestamp"] == {"source": "mtime"}


def test_existing_files_are_kept_without_force(tmp_path: Path):
    folder = written(tmp_path, "growing")
    (tmp_path / "model.py").write_text("mine")
    result = init(folder, "-o", tmp_path)
    assert result.exit_code == 2
    assert "--force" in result.stderr
    assert (tmp_path / "model.py").read_text() == "mine"
    assert not (tmp_path / "pipeline.yaml").exists()
    assert init(folder, "-o", tmp_path, "--force").exit_code == 0
    assert "class Net" in (tmp_path / "model.py").read_text()


def test_times_within_a_day_are_told_and_need_no_time_trigger(tmp_path: Path):
    folder = written(tmp_path, "images")
    for path in folder.iterdir():
        os.utime(path, (START, START))
    result = init(folder, "-o", tmp_path)
    assert "copying a folder loses them" in result.stdout
    assert "check it" in result.stderr
    assert load_pipeline(tmp_path / "pipeline.yaml").trigger.id == "DataAmountTrigger"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "nothing but empty or hidden files"),
        ({"a.csv": b"x,y\n1,2\n"}, "holds CSV"),
        ({"a.log": b"plain text\n" * 9}, "holds text"),
        ({"a.bin": bytes(range(256)) * 4 + b"xyz", "b.bin": bytes(range(256)) * 5}, "no common divisors"),
        ({"a.bin": np.random.default_rng(0).bytes(64_000)}, "fits records with a class label"),
        ({"README.md": b"hello", "noextension": b"\x00\x01"}, "no data files"),
    ],
)
def test_what_cannot_be_guessed_is_refused_with_what_was_looked_at(
    files: dict[str, bytes], message: str, tmp_path: Path
):
    folder = tmp_path / "data"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    result = init(folder, "-o", tmp_path)
    assert result.exit_code == 1
    assert message in result.stderr
    assert str(folder) in result.stderr
    assert not (tmp_path / "pipeline.yaml").exists()


def test_labels_that_are_no_classes_are_refused(tmp_path: Path):
    with pytest.raises(DatasetError, match="so they are no classes"):
        look(written(tmp_path, "tables"), Given(record_size=64, label_size=4, label_offset=4))


def test_a_record_size_that_does_not_divide_the_files_is_refused(tmp_path: Path):
    with pytest.raises(DatasetError, match=r"not a multiple of --record-size 63; all sizes are multiples of 64"):
        look(written(tmp_path, "tables"), Given(record_size=63))


def test_with_the_record_size_given_a_file_that_is_still_written_does_no_harm(tmp_path: Path):
    folder = written(tmp_path, "tables")
    with max(folder.iterdir()).open("ab") as file:
        file.write(b"half a record")
    with pytest.raises(DatasetError, match="no common divisors"):
        look(folder, Given())
    found = look(folder, Given(record_size=64))
    assert found.label.value == Label(0, 4)
    assert "1 of 30 files is not a multiple of it" in found.record.why


@settings(max_examples=30, deadline=None)
@given(
    size=st.sampled_from([1, 2, 4, 8]),
    order=st.sampled_from(["little", "big"]),
    signed=st.booleans(),
    offset=st.integers(0, 3),
    data=st.data(),
)
def test_labels_are_read_as_numpy_reads_them(size: int, order: Any, signed: bool, offset: int, data: st.DataObject):
    dtype = np.dtype(f"{'<' if order == 'little' else '>'}{'i' if signed else 'u'}{size}")
    low, high = np.iinfo(dtype).min, min(np.iinfo(dtype).max, 2**63 - 1)
    values = data.draw(st.lists(st.integers(int(low), int(high)), min_size=1, max_size=9))
    records = np.zeros((len(values), size + 4), np.uint8)
    records[:, offset : offset + size] = np.array(values, dtype).view(np.uint8).reshape(-1, size)
    assert Label(offset, size, order, signed).values(records).tolist() == values


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        (["2013-01-01.bin", "2013-01-02.bin"], "%Y-%m-%d"),
        (["x_20130101_0630.bin", "x_20130102_0630.bin"], "%Y%m%d_%H%M"),
        (["log.2013-01.bin", "log.2013-02.bin"], "%Y-%m"),
        (["31.12.2013.bin", "01.01.2014.bin"], "%d.%m.%Y"),
        (["1905.bin", "1906.bin"], "%Y"),
        (["part-0001.bin", "part-0002.bin"], None),
        (["000000001.bin", "000000002.bin"], None),
        (["20131301.bin", "20131302.bin"], None),
    ],
)
def test_dates_are_found_in_file_names(names: list[str], pattern: str | None):
    files = [DataFile(Path(name), 1, 0) for name in names]
    assert guess_times(files, use_names=None, pattern=None).value.pattern == pattern


def test_a_wanted_date_that_names_do_not_hold_is_refused():
    files = [DataFile(Path("a-2013.bin"), 1, 0), DataFile(Path("b.bin"), 1, 0)]
    with pytest.raises(DatasetError, match=r"'%Y', such as 'b.bin'"):
        guess_times(files, use_names=None, pattern="%Y")
    with pytest.raises(DatasetError, match="expected %Y"):
        guess_times(files, use_names=None, pattern="%Q")
