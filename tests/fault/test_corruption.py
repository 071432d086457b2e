"""Single wrong bytes in every file that Modyn writes: found when the file is opened or read, and never believed."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from modyn import _native
from modyn.errors import CorruptFileError
from tests.fault.specimens import Specimen, dispensable, specimens

# Beginnings and ends of files hold what describes the rest; a third of the bytes each, whatever the file's size.
STRUCTURE = 2048


def places(size: int, count: int, random: np.random.Generator) -> list[int]:
    """Offsets in a file: a third of them near its beginning, a third near its end, a third anywhere."""
    edge = min(size, STRUCTURE)
    third = count // 3
    drawn = [
        random.integers(0, edge, third),
        random.integers(size - edge, size, third),
        random.integers(0, size, count - 2 * third),
    ]
    return [int(place) for place in np.concatenate(drawn)]


def change(path: Path, place: int, difference: int) -> bytes:
    """Put another byte there; the one that was there."""
    with path.open("r+b", buffering=0) as file:
        before = os.pread(file.fileno(), 1, place)
        os.pwrite(file.fileno(), bytes([before[0] ^ difference]), place)
    return before


def put_back(path: Path, place: int, byte: bytes) -> None:
    with path.open("r+b", buffering=0) as file:
        os.pwrite(file.fileno(), byte, place)


def error_of(specimen: Specimen, right: object = None) -> str:
    """What reading says of the damage; nothing if it answers, and rightly as far as `right` is given."""
    try:
        answer = specimen.read()
    except CorruptFileError as error:
        return str(error)
    return "" if right is None or answer == right else "another answer"


def shares(found: list[Specimen], total: int) -> list[int]:
    """How many bytes of each are changed: every kind gets as many, views, which are large, a twentieth."""
    kinds = Counter(specimen.kind for specimen in found)
    weights = [(0.05 if specimen.kind == "view" else 1.0) / kinds[specimen.kind] for specimen in found]
    return [round(total * weight / sum(weights)) + 3 for weight in weights]


@pytest.mark.parametrize("total", [500, pytest.param(10_000, marks=pytest.mark.long)])
def test_every_wrong_byte_is_found(tmp_path: Path, total: int) -> None:
    random = np.random.default_rng(total)
    found = specimens(tmp_path)
    tried: Counter[str] = Counter()
    for specimen, count in zip(found, shares(found, total), strict=True):
        intact = specimen.read()
        for place in places(specimen.size, count, random):
            byte = change(specimen.path, place, int(random.integers(1, 256)))
            message = error_of(specimen)
            assert specimen.path.name in message, f"{specimen.kind}: byte {place}: {message or 'not found'}"
            put_back(specimen.path, place, byte)
            tried[specimen.kind] += 1
        assert specimen.read() == intact
    assert tried.total() >= total
    for kind, count in sorted(tried.items()):
        print(f"{kind}: {count:,} wrong bytes, {count:,} found")


def test_the_check_of_a_dataset_names_every_damaged_file(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    kinds = {"manifest", "segment", "deletions", "view"}
    for specimen in specimens(tmp_path):
        if specimen.kind not in kinds:
            continue
        dataset = specimen.path.parents[1]
        assert _native.check(dataset).findings == []
        for place in places(specimen.size, 6, random):
            byte = change(specimen.path, place, int(random.integers(1, 256)))
            found = {Path(os.fsdecode(finding.path)).name for finding in _native.check(dataset).findings}
            assert specimen.path.name in found, f"{specimen.kind}: byte {place}: {found}"
            put_back(specimen.path, place, byte)


def test_a_wrong_byte_where_nothing_can_be_lost_makes_no_difference_or_is_named(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for specimen in dispensable(tmp_path):
        intact = specimen.read()
        content = specimen.path.read_bytes()
        for place in places(specimen.size, 60, random):
            change(specimen.path, place, int(random.integers(1, 256)))
            message = error_of(specimen, intact)
            assert not message or specimen.path.name in message, f"{specimen.kind}: byte {place}: {message}"
            specimen.path.write_bytes(content)
        assert specimen.read() == intact
