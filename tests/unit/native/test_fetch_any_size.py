"""Rows and whole files, scanned as users have them: what comes is what the files hold."""

from __future__ import annotations

import os
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modyn import _native
from modyn.errors import SourceChangedError, UnknownKeyError
from modyn.storage.sample_format import Csv, SampleFormat, SingleSample, TimestampFrom, settings_text

CONTENTS = st.lists(st.binary(max_size=300), min_size=1, max_size=30)
ACCESS = st.sampled_from(["automatic", "map", "read"])


def reader_of(folder: Path, format: SampleFormat, extension: str, **options: object) -> _native.Reader:
    text = settings_text(format, TimestampFrom())
    report = _native.scan(folder / "dataset", folder / "data", file_extension=extension, format=text, quiet_s=0.0)
    assert not report.quarantined, report.quarantined[0].reason
    return _native.Reader(_native.Index.open(folder / "dataset"), folder / "data", **options)  # type: ignore[arg-type]


def write_files(folder: Path, contents: list[bytes]) -> None:
    """File n has label 3n + 1 and, in the order of modification times, key n."""
    (folder / "data").mkdir()
    for number, content in enumerate(contents):
        path = folder / "data" / f"{number}.img"
        path.write_bytes(content)
        path.with_suffix(".label").write_text(str(3 * number + 1))
        os.utime(path, (1_000_000_000 + number,) * 2)


def expect_samples(reader: _native.Reader, keys: np.ndarray, contents: list[bytes], labels: list[int]) -> None:
    found_labels, offsets, data = reader.fetch_any(keys)
    assert found_labels.tolist() == [labels[key] for key in keys]
    assert offsets.tolist() == np.cumsum([0, *(len(contents[key]) for key in keys)]).tolist()
    assert [data[a:b].tobytes() for a, b in pairwise(offsets)] == [contents[key] for key in keys]
    assert reader.sizes(keys).tolist() == [len(contents[key]) for key in keys]


@settings(max_examples=25, deadline=None)
@given(contents=CONTENTS, access=ACCESS, max_open_files=st.sampled_from([1, 4096]), seed=st.integers(0, 2**32))
def test_a_sample_may_be_a_whole_file(contents: list[bytes], access: str, max_open_files: int, seed: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder, contents)
        reader = reader_of(folder, SingleSample(".img", ".label"), ".img", access=access, max_open_files=max_open_files)
        assert reader.sample_size is None
        keys = np.random.default_rng(seed).integers(0, len(contents), 60)
        expect_samples(reader, keys, contents, [3 * n + 1 for n in range(len(contents))])
        reader.advise(keys)


@settings(max_examples=25, deadline=None)
@given(
    files=st.lists(st.lists(st.text('ab 1"\n,', max_size=60), min_size=1, max_size=40), min_size=1, max_size=4),
    access=ACCESS,
    seed=st.integers(0, 2**32),
)
def test_a_sample_may_be_a_row(files: list[list[str]], access: str, seed: int) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        contents: list[bytes] = []
        for number, texts in enumerate(files):
            path = folder / "data" / f"{number}.csv"
            path.write_text("".join(f"{len(contents) + i},{quoted(text)}\n" for i, text in enumerate(texts)))
            os.utime(path, (1_000_000_000 + number,) * 2)
            contents += [quoted(text).encode() for text in texts]
        reader = reader_of(folder, Csv(label=0), ".csv", access=access)
        keys = np.random.default_rng(seed).integers(0, len(contents), 100)
        expect_samples(reader, keys, contents, list(range(len(contents))))


def test_what_samples_of_any_size_cannot_be(tmp_path: Path) -> None:
    write_files(tmp_path, [b"one", b"", b"three"])
    reader = reader_of(tmp_path, SingleSample(".img", ".label"), ".img")
    with pytest.raises(ValueError, match="no fixed size"):
        reader.fetch([0])
    with pytest.raises(ValueError, match="no fixed size"):
        reader.fetch_fields([0], [(0, 1)])
    with pytest.raises(UnknownKeyError, match="3"):
        reader.fetch_any([0, 3])
    with pytest.raises(ValueError, match="'automatic', 'map' or 'read'"):
        _native.Reader(reader.index, tmp_path, access="fast")
    labels, offsets, data = reader.fetch_any([])
    assert (len(labels), offsets.tolist(), len(data)) == (0, [0], 0)


def test_a_whole_file_that_changed_is_refused(tmp_path: Path) -> None:
    write_files(tmp_path, [b"one", b"two", b"three"])
    reader = reader_of(tmp_path, SingleSample(".img", ".label"), ".img")
    reader.fetch_any([0, 1, 2])
    (tmp_path / "data" / "1.img").write_bytes(b"2")
    with pytest.raises(SourceChangedError, match=r"1\.img.*shrank to 1 bytes"):
        reader.fetch_any([0, 1, 2])
    (tmp_path / "data" / "1.img").unlink()
    with pytest.raises(SourceChangedError, match=r"1\.img.*no longer exists"):
        reader.fetch_any([1])
    reader.fetch_any([0, 2])


def test_large_arrays_are_recycled_only_when_nobody_has_them(tmp_path: Path) -> None:
    contents = [np.random.default_rng(n).bytes(700_000) for n in range(4)]
    write_files(tmp_path, contents)
    reader = reader_of(tmp_path, SingleSample(".img", ".label"), ".img")
    kept = [reader.fetch_any([n, n, n])[2] for n in range(4)]
    views = [array[700_000:1_400_000] for array in kept]
    del kept
    for _ in range(5):  # these may take each other's memory, but not that of a view
        reader.fetch_any([0, 1, 2])
    assert [view.tobytes() for view in views] == contents
