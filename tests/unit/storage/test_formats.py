"""Formats that are written in Python."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from modyn import _native
from modyn.errors import BadContentError, DatasetError, IncompleteFileError
from modyn.storage.formats import Samples, load_format, register_format
from modyn.storage.sample_format import CustomFormat, TimestampFrom, settings_text

CALLS: list[tuple[bytes, int, bool]] = []


class Lines:
    """A sample in each line: `<label> <text>`, or `<seconds> <label> <text>`."""

    def __init__(self, options: Mapping[str, str]) -> None:
        unknown = set(options) - {"timestamps", "answer"}
        if unknown:
            raise ValueError(f"there is no option {sorted(unknown)[0]!r}")
        self.has_timestamps = options.get("timestamps") == "yes"
        self.answer = options.get("answer", "")

    def read(self, data: npt.NDArray[np.uint8], first_byte: int, is_quiet: bool) -> Samples:
        content = data.tobytes()
        CALLS.append((content, first_byte, is_quiet))
        if not content.endswith(b"\n"):
            raise IncompleteFileError("ends within a line")
        rows: list[list[int]] = []
        at = 0
        for number, line in enumerate(content.splitlines(), 1):
            match = re.fullmatch(rb"(?:(-?\d+) )?(\d+) (.*)" if self.has_timestamps else rb"()(\d+) (.*)", line)
            if match is None:
                raise BadContentError(f"has no label in line {number}")
            rows.append([int(match[2]), at, len(line), 0, match.start(3), int(match[1] or 0)])
            at += len(line) + 1
        columns: dict[str, Any] = dict(
            zip(
                ["labels", "offsets", "lengths", "cut_offsets", "cut_lengths", "timestamps"],
                np.array(rows, np.int64).reshape(-1, 6).T,
                strict=True,
            )
        )
        return Samples(**columns | eval(self.answer or "{}"))


@pytest.fixture(scope="session", autouse=True)
def lines() -> None:
    register_format("lines", Lines)


class Folder:
    def __init__(self, folder: Path, **options: str) -> None:
        self.root, self.dataset = folder / "data", folder / "dataset"
        self.root.mkdir()
        self.options = options
        CALLS.clear()

    def put(self, name: str, content: bytes, mtime: int = 1000) -> None:
        (self.root / name).write_bytes(content)
        os.utime(self.root / name, (mtime, mtime))

    def scan(self, **options: Any) -> _native.ScanReport:
        format = CustomFormat("lines", ".txt", self.options)
        text = settings_text(format, TimestampFrom())
        return _native.scan(self.dataset, self.root, format=text, file_extension=".txt", **options)

    def samples(self) -> list[tuple[int, int, bytes]]:
        """(label, timestamp, sample) by key."""
        index = _native.Index.open(self.dataset)
        keys = np.arange(index.summary.samples)
        places = zip(*index.places(keys), strict=True)
        samples = []
        for file, offset, length, cut, cut_length in places:
            content = (self.root / os.fsdecode(index.source_file(file).path)).read_bytes()
            row = content[offset : offset + length]
            samples.append(row[:cut] + row[cut + cut_length :])
        return list(zip(index.labels(keys).tolist(), index.timestamps(keys).tolist(), samples, strict=True))


def test_a_class_gives_the_samples_of_a_file_and_of_what_is_appended(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.put("a.txt", b"1 one\n2 two\n")
    folder.put("empty.txt", b"")
    report = folder.scan()
    assert (report.new_files, report.new_samples) == (2, 2)
    folder.put("a.txt", b"1 one\n2 two\n3 three\n", mtime=2000)
    assert folder.scan().grown_files == 1
    assert folder.samples() == [(1, 1000, b"one"), (2, 1000, b"two"), (3, 2000, b"three")]
    assert CALLS == [(b"1 one\n2 two\n", 0, True), (b"3 three\n", 12, True)]
    assert _native.Index.open(folder.dataset).format == b"format=lines\n"


def test_samples_bring_timestamps_if_the_format_says_so(tmp_path: Path) -> None:
    folder = Folder(tmp_path, timestamps="yes")
    folder.put("a.txt", b"-5 1 one\n100 2 two\n")
    folder.scan(timestamp_source="column")
    assert folder.samples() == [(1, -5, b"one"), (2, 100, b"two")]


def test_files_that_the_class_refuses_wait_in_quarantine(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.put("bad.txt", b"1 one\ntwo\n")
    folder.put("good.txt", b"3 three\n")
    folder.put("half.txt", b"4 fo")
    report = folder.scan()
    assert [(file.reason, file.retry) for file in report.quarantined] == [
        ("file 'bad.txt' has no label in line 2", "when_changed"),
        ("file 'half.txt' ends within a line", "always"),
    ]
    assert report.new_files == 1
    CALLS.clear()
    folder.scan()
    assert [content for content, _, _ in CALLS] == [b"4 fo"]  # the same wrong bytes are not read again


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("{'labels': np.zeros(2)}", "TypeError: labels must be an array of integers of one dimension"),
        ("{'labels': 'x'}", "TypeError: labels must be an array of integers of one dimension"),
        ("{'lengths': np.zeros(1, int)}", "ValueError: lengths has 1 elements, labels has 2"),
        ("{'colours': 1}", "got an unexpected keyword argument 'colours'"),
    ],
)
def test_a_defect_of_the_class_stops_no_scan_and_is_tried_again(tmp_path: Path, answer: str, reason: str) -> None:
    folder = Folder(tmp_path, answer=answer)
    folder.put("a.txt", b"1 one\n2 two\n")
    for _ in range(2):
        (file,) = folder.scan().quarantined
        assert file.reason.startswith("file 'a.txt' cannot be read by format 'lines': ")
        assert reason in file.reason
        assert file.retry == "always"


@pytest.mark.parametrize(
    "answer",
    [
        "{'offsets': np.array([0, 100])}",
        "{'offsets': np.array([-1, 0])}",
        "{'lengths': np.array([5, 7])}",
        "{'lengths': np.array([5, -7])}",
        "{'cut_offsets': np.array([0, 6])}",
        "{'cut_lengths': np.array([2, 2**63 - 1])}",
    ],
)
def test_places_outside_of_the_bytes_are_refused(tmp_path: Path, answer: str) -> None:
    folder = Folder(tmp_path, answer=answer)
    folder.put("a.txt", b"1 one\n2 two\n")
    (file,) = folder.scan().quarantined
    assert "lie outside of the bytes" in file.reason


def test_nothing_is_cut_if_there_are_no_cuts(tmp_path: Path) -> None:
    folder = Folder(tmp_path, answer="{'cut_offsets': None, 'cut_lengths': None}")
    folder.put("a.txt", b"1 one\n")
    folder.scan()
    assert folder.samples() == [(1, 1000, b"1 one")]


def test_options_that_the_class_refuses_are_a_value_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"format 'lines': cannot be made of these settings: .*no option 'colour'"):
        Folder(tmp_path, colour="red").scan()


def test_many_files_are_read_by_all_threads(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for number in range(200):
        folder.put(f"{number:03}.txt", b"%d x\n" % number)
    assert folder.scan().new_samples == 200
    assert [label for label, _, _ in folder.samples()] == list(range(200))


def test_interrupting_the_class_ends_the_scan(tmp_path: Path) -> None:
    folder = Folder(tmp_path, answer="(_ for _ in ()).throw(KeyboardInterrupt)")
    folder.put("a.txt", b"1 one\n")
    with pytest.raises(KeyboardInterrupt):
        folder.scan()
    assert _native.Index.open(folder.dataset).summary.manifest == 0


def test_a_kind_is_registered_once() -> None:
    with pytest.raises(ValueError, match="there is a format 'lines' already"):
        register_format("lines", Lines)
    load_format("lines")


def test_an_unknown_kind_says_what_to_do() -> None:
    with pytest.raises(DatasetError, match=r"format 'hdf5' is not known \(known: csv, fixed_record, .*register_format"):
        load_format("hdf5")


def test_installed_packages_bring_formats(tmp_path: Path) -> None:
    (tmp_path / "brought.py").write_text(
        "class Brought:\n    has_timestamps = False\n    def __init__(self, options): ...\n"
    )
    information = tmp_path / "brought-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: brought\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[modyn.formats]\nbrought = brought:Brought\n")
    code = (
        "from modyn import _native; from modyn.storage.formats import load_format; load_format('brought');"
        "print(_native.check_format('format=brought\\nx=1\\n'))"
    )
    path = f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.stdout == "format=brought\nx=1\n\n", done.stderr
