"""Held-out samples: exact shares, halves that stay the same throughout a run, and neither with deleted samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.selector.histories import labelled_view

from modyn import _native
from modyn.selector.holdout import half_of, write_half, write_share
from modyn.selector.window import native_view
from modyn.storage.api import View

SAMPLES = 300
KEYS = st.lists(st.integers(0, 2**40), unique=True, max_size=200).map(lambda keys: np.array(keys, np.int64))
SEEDS = st.integers(0, 2**64 - 1)


@pytest.fixture
def view(tmp_path: Path) -> View:
    return labelled_view(tmp_path / "labelled", np.zeros(SAMPLES, np.int64))


@pytest.fixture(scope="module")
def lasting_view(tmp_path_factory: pytest.TempPathFactory) -> View:
    return labelled_view(tmp_path_factory.mktemp("labelled"), np.zeros(SAMPLES, np.int64))


def training_set(view: View, path: Path, keys: npt.ArrayLike, weights: npt.NDArray[np.float32] | None = None) -> Path:
    path.unlink(missing_ok=True)
    _native.TrainingSet.write_keys(path, native_view(view.ref), np.asarray(keys, np.int64), weights)
    return path


def read(view: View, path: Path) -> tuple[list[int], Any]:
    found = _native.TrainingSet.open(path, native_view(view.ref))
    keys, weights = found.read(0, len(found))
    return keys.tolist(), weights


def share(view: View, whole: Path, path: Path, ratio: tuple[int, int], seed: int = 7, trigger: int = 0) -> list[int]:
    count = write_share(path, view.ref, whole, seed, trigger, ratio)
    keys, _ = read(view, path) if count else ([], None)
    assert len(keys) == count
    return keys


def halves(view: View, whole: Path, path: Path, seed: int = 7) -> list[list[int]]:
    found = []
    for half in (0, 1):
        count = write_half(path, view.ref, whole, seed, half)
        assert path.exists() == (count > 0)
        found.append(read(view, path)[0] if count else [])
        assert len(found[-1]) == count
    return found


@given(keys=KEYS, seed=SEEDS)
def test_a_sample_belongs_to_one_half_whatever_it_is_with(keys: npt.NDArray[np.int64], seed: int) -> None:
    together = half_of(keys, seed).tolist()

    assert set(together) <= {0, 1}
    assert together == [int(half_of(keys[place : place + 1], seed)[0]) for place in range(len(keys))]


@given(first=st.integers(0, 2**40), count=st.integers(0, 300), seed=SEEDS)
def test_halves_of_neighbours_are_of_one_size(first: int, count: int, seed: int) -> None:
    second = int(half_of(np.arange(first, first + count), seed).sum())

    assert abs(count - 2 * second) <= 2


def test_the_halves_are_those_of_the_formats() -> None:
    """docs/formats.md promises them."""
    priorities = _native.Priorities(7, 0, _native.PURPOSE_HOLDOUT, 0).apply(np.arange(32))

    expected = [key % 2 ^ (int(priorities[key // 2]) < 2**62) for key in range(64)]
    assert half_of(np.arange(64), 7).tolist() == expected
    assert expected[:16] == [0, 1, 1, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1]


def test_the_halves_are_random() -> None:
    of_seeds = np.array([half_of(np.arange(4000), seed) for seed in range(20)])

    # 40,000 coins are within five deviations of an even number of heads, and so are those of two seeds that agree.
    heads = of_seeds[:, ::2]
    assert abs(int(heads.sum()) - 20_000) < 5 * 100
    assert (abs((heads[:10] == heads[10:]).sum(axis=1) - 1000) < 5 * 23).all()
    assert abs(int((heads[:, 1:] == heads[:, :-1]).sum()) - 19_990) < 5 * 100, "neighbouring coins"


@given(chosen=st.lists(st.integers(0, SAMPLES - 1), unique=True, min_size=1), seed=SEEDS)
def test_the_halves_are_the_training_set(lasting_view: View, chosen: list[int], seed: int) -> None:
    folder = lasting_view.ref.folder.parent
    whole = training_set(lasting_view, folder / "whole", chosen)

    first, second = halves(lasting_view, whole, folder / "half", seed)

    assert sorted(first + second) == sorted(chosen)
    assert first == [key for key in chosen if key in set(first)], "in the order of the training set"
    assert half_of(np.array(first, np.int64), seed).tolist() == [0] * len(first)


@given(
    chosen=st.lists(st.integers(0, SAMPLES - 1), unique=True, min_size=1),
    ratio=st.tuples(st.integers(0, 100), st.integers(100, 1000)),
)
def test_a_share_is_exact(lasting_view: View, chosen: list[int], ratio: tuple[int, int]) -> None:
    folder = lasting_view.ref.folder.parent
    whole = training_set(lasting_view, folder / "whole", chosen)

    found = share(lasting_view, whole, folder / "share", ratio)

    assert len(found) == max(1, len(chosen) * ratio[0] // ratio[1])
    assert found == [key for key in chosen if key in set(found)], "in the order of the training set"


def test_a_share_is_another_one_at_each_trigger_and_the_same_for_the_same(view: View, tmp_path: Path) -> None:
    whole = training_set(view, tmp_path / "whole", np.arange(SAMPLES))
    shares = [share(view, whole, tmp_path / "share", (30, 100), trigger=trigger) for trigger in (0, 0, 1)]

    assert shares[0] == shares[1] != shares[2]
    # Of 90 of 300 samples, 27 are in another choice of 90; their deviation is 3.7.
    assert abs(len(set(shares[0]) & set(shares[2])) - 27) < 20


def test_weights_go_with_their_samples(view: View, tmp_path: Path) -> None:
    weights = np.arange(SAMPLES, dtype=np.float32)
    whole = training_set(view, tmp_path / "whole", np.arange(SAMPLES), weights)

    for count in (
        write_share(tmp_path / "part", view.ref, whole, 7, 0, (1, 3)),
        write_half(tmp_path / "part", view.ref, whole, 7, 1),
    ):
        assert count in (100, 150)
        keys, found = read(view, tmp_path / "part")
        assert found.tolist() == keys


@example(deleted=set(range(40)), ratio=(1, 10), trigger=0)
@given(
    deleted=st.sets(st.integers(0, 39)),
    ratio=st.tuples(st.integers(1, 10), st.just(10)),
    trigger=st.integers(0, 3),
)
def test_what_is_deleted_is_not_held_out(
    tmp_path_factory: pytest.TempPathFactory, deleted: set[int], ratio: tuple[int, int], trigger: int
) -> None:
    folder = tmp_path_factory.mktemp("deleted")
    view = labelled_view(folder, np.zeros(40, np.int64))
    whole = training_set(view, folder / "whole", np.arange(40)[::-1])
    before = halves(view, whole, folder / "half")
    if deleted:
        _native.delete_samples(view.ref.folder, np.array(sorted(deleted), np.int64))

    left = [key for key in range(39, -1, -1) if key not in deleted]
    assert halves(view, whole, folder / "half") == [[key for key in half if key in set(left)] for half in before]
    found = share(view, whole, folder / "share", ratio, trigger=trigger)
    assert len(found) == min(len(left), max(1, len(left) * ratio[0] // ratio[1]))
    assert found == [key for key in left if key in set(found)]
    # The ranks among those that are left are those of a training set that never had the others.
    if left:
        never = training_set(view, folder / "never", left)
        assert found == share(view, never, folder / "share", ratio, trigger=trigger)
