"""Source files that other processes truncate, rewrite, replace and remove while samples are fetched from them.

Every fetch gives exactly the bytes that were ingested, or an error that names the file; never zeros, never a crash. The
reader is a process of its own, so that a crash is seen as one.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from modyn import _native
from modyn.errors import SourceChangedError
from modyn.storage.sample_format import Csv, FixedRecord, SampleFormat, SingleSample, TimestampFrom, settings_text

FILES = 48
REPOSITORY = Path(__file__).parents[2]


def records(path: Path, random: np.random.Generator) -> list[bytes]:
    """60 records of 600 bytes behind a label of four."""
    rows = random.integers(1, 256, (60, 604), dtype=np.uint8)
    rows[:, 3] = 0
    path.write_bytes(rows.tobytes())
    return [row[4:].tobytes() for row in rows]


def csv_rows(path: Path, random: np.random.Generator) -> list[bytes]:
    """Some hundred rows of different lengths."""
    samples = [b"x" * int(length) + b",end" for length in random.integers(1, 300, 200)]
    path.write_bytes(b"".join(b"7," + sample + b"\n" for sample in samples))
    return samples


def whole_file(path: Path, random: np.random.Generator) -> list[bytes]:
    """Some pages, and a label beside them."""
    sample = random.integers(1, 256, random.integers(1, 50_000), dtype=np.uint8).tobytes()
    path.write_bytes(sample)
    path.with_suffix(".label").write_text("7")
    return [sample]


KINDS: dict[str, tuple[SampleFormat, Callable[[Path, np.random.Generator], list[bytes]]]] = {
    "records": (FixedRecord(record_size=604, label_size=4, file_extension=".data"), records),
    "rows": (Csv(label=0, file_extension=".data"), csv_rows),
    "files": (SingleSample(file_extension=".data", label_file_extension=".label"), whole_file),
}


def fetch_until_all_have_changed(folder: Path, kind: str, access: str) -> None:
    """Run in a child: prints how many fetches were right and how many were refused."""
    root, dataset = folder / "data", folder / "dataset"
    root.mkdir()
    format, write = KINDS[kind]
    random = np.random.default_rng(0)
    contents = {f"{number:02}.data": write(root / f"{number:02}.data", random) for number in range(FILES)}
    report = _native.scan(
        dataset, root, format=settings_text(format, TimestampFrom()), file_extension=".data", quiet_s=0
    )
    assert report.new_files == FILES, report.quarantined[0].reason
    index = _native.Index.open(dataset)
    reader = _native.Reader(index, root, max_open_files=FILES // 2, access=access)
    numbers = index.places(np.arange(index.summary.next_key))[0]
    keys = {index.source_file(file).path.decode(): np.flatnonzero(numbers == file) for file in range(FILES)}

    right = refused = 0
    changing = [sys.executable, "-m", "tests.fault.changing_sources", str(root), "1", "1"]
    with subprocess.Popen(changing) as changer:
        while True:
            last_round = changer.poll() is not None
            refusals = []
            for name, expected in contents.items():
                order = random.permutation(len(expected))
                try:
                    _, offsets, data = reader.fetch_any(keys[name][order])
                except SourceChangedError as error:
                    refusals.append((name, str(error)))
                    continue
                for place, sample in enumerate(order):
                    found = data[offsets[place] : offsets[place + 1]].tobytes()
                    assert found == expected[sample], f"sample {sample} of {name} is not what was ingested"
                right += 1
            assert all(name in message for name, message in refusals), refusals
            refused += len(refusals)
            if last_round:
                break
        assert changer.returncode == 0
    # A file that was replaced or removed while it was open may be served from the one that was ingested.
    assert len(refusals) >= FILES * 4 // 6, refusals
    print(f"{kind}, {access}: {right:,} fetches right, {refused:,} refused")


@pytest.mark.parametrize("access", ["map", "read"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fetch_gives_what_was_ingested_or_an_error(kind: str, access: str, tmp_path: Path) -> None:
    command = f"from {__name__} import *; fetch_until_all_have_changed(Path({str(tmp_path)!r}), {kind!r}, {access!r})"
    child = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", command],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stdout + child.stderr
    print(child.stdout, end="")
