"""Presampling of 10 M samples against NumPy, which has all columns in memory already and sorts.

Ours reads the window from the index or from a ledger of informed samples, and gives a sequence that a training set is
written of. NumPy gives ascending positions. Both choose a tenth; the choices of LabelBalanced and TriggerBalanced
have the same sizes in each group.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmarks.report import Row, interleaved, write_rows

from modyn import _native
from modyn.selector.presampling.api import Presampling
from modyn.selector.presampling.balanced import LabelBalanced, TriggerBalanced, fair
from modyn.selector.presampling.uniform import Uniform
from modyn.selector.presampling.without_replacement import WithoutReplacement
from modyn.selector.window import Window
from modyn.storage.sample_format import FixedRecord, TimestampFrom, settings_text

REPEATS = 5
SAMPLES = 10_000_000
CLASSES = 100
TRIGGERS = 100
TARGET = SAMPLES // 10
Positions = npt.NDArray[np.int64]


def labels() -> Positions:
    """100 classes, the most frequent one a hundred times as frequent as the rarest."""
    shares = 1 / np.arange(1, CLASSES + 1)
    return np.random.default_rng(0).choice(CLASSES, SAMPLES, p=shares / shares.sum())


def view_of(folder: Path, of_samples: Positions) -> _native.View:
    """A dataset of one file whose records have these labels."""
    (folder / "files").mkdir()
    records = np.zeros((len(of_samples), 4), dtype=np.uint8)
    records[:, 0] = of_samples
    (folder / "files" / "records.bin").write_bytes(records.tobytes())
    text = settings_text(FixedRecord(record_size=4, label_size=1), TimestampFrom())
    _native.scan(folder / "index", folder / "files", format=text, file_extension=".bin")
    return _native.View.build(_native.Index.open(folder / "index"), "time")


def informed(folder: Path, of_samples: Positions) -> _native.Sequence:
    """A ledger to which a client informed the samples, keys in random order."""
    writer = _native.LedgerWriter(folder / "ledger")
    keys = np.random.default_rng(1).permutation(SAMPLES)
    ends = np.linspace(0, SAMPLES, TRIGGERS + 1, dtype=np.int64)
    for trigger in range(TRIGGERS):
        part = keys[ends[trigger] : ends[trigger + 1]]
        writer.inform(trigger, 0, part, np.full(len(part), trigger), of_samples[part])
        writer.end_trigger(trigger)
    return _native.Ledger.open(folder / "ledger").samples(0, TRIGGERS)


def fair_share(sizes: Positions) -> int:
    """As many of each group as make TARGET, by bisection."""
    low, high = 0, TARGET
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if np.minimum(sizes, middle).sum() <= TARGET else (low, middle - 1)
    return low


def numpy_balanced(groups: Positions) -> Positions:
    """A fair share of each group: sort by (group, random number), keep the first ones of each."""
    order = np.lexsort((np.random.default_rng(2).random(SAMPLES), groups))
    sizes = np.bincount(groups)
    rank = np.arange(SAMPLES) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.sort(order[rank < np.repeat(np.minimum(sizes, fair_share(sizes)), sizes)])


def numpy_uniform() -> Positions:
    return np.sort(np.random.default_rng(2).choice(SAMPLES, TARGET, replace=False))


def numpy_without_replacement(drawn: npt.NDArray[np.bool_]) -> Positions:
    """With a mark for each sample."""
    left = np.flatnonzero(~drawn)
    chosen = np.sort(np.random.default_rng(2).choice(left, TARGET, replace=False))
    drawn[chosen] = True
    return chosen


def seconds(work: Callable[[], object]) -> Callable[[], float]:
    def measured() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return measured


def row(work: str, ours: Callable[[], object], other: Callable[[], object], against: str, reach: float | None) -> Row:
    times = interleaved({"ours": seconds(ours), "other": seconds(other)}, REPEATS)
    return Row(work, "ms", times["ours"] * 1e3, times["other"] * 1e3, against, times["other"] / times["ours"], reach)


def rows() -> Iterator[Row]:
    classes = labels()
    bounds = np.linspace(0, SAMPLES, TRIGGERS + 1, dtype=np.int64)
    triggers = np.repeat(np.arange(TRIGGERS), np.diff(bounds))
    ends = bounds[1:].astype(np.uint64)
    place = Path("build/bench")
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        view = view_of(Path(folder), classes)
        ranges = np.stack([bounds[:-1], np.diff(bounds)], axis=1)
        window = Window(view, _native.Sequence.of_ranges(view, ranges), TRIGGERS - 1, 0, ends, 7)
        remote = Window(view, informed(Path(folder), classes), TRIGGERS - 1, 0, ends, 7)

        def choose(presampling: Presampling, of_window: Window = window) -> Callable[[], object]:
            return lambda: presampling.choose(of_window, TARGET)

        balanced, distinct = LabelBalanced(fair), "lexsort of (label, random number)"
        assert len(balanced.choose(window, TARGET)) == len(numpy_balanced(classes))
        what = f"{SAMPLES // 10**6} M samples"
        yield row(
            f"LabelBalanced, {what}, {CLASSES} classes", choose(balanced), lambda: numpy_balanced(classes), distinct, 5
        )
        yield row(
            f"LabelBalanced, {what} that a client informed",
            choose(balanced, remote),
            lambda: numpy_balanced(classes),
            distinct,
            5,
        )
        yield row(
            f"TriggerBalanced, {what}, {TRIGGERS} triggers",
            choose(TriggerBalanced(fair)),
            lambda: numpy_balanced(triggers),
            "lexsort of (trigger, random number)",
            5,
        )
        yield row(f"Random, {what}", choose(Uniform()), numpy_uniform, "choice without replacement, sorted", 1)
        # Each repetition draws anew, as ours does; both have drawn something before.
        drawn = np.zeros(SAMPLES, dtype=bool)
        without = WithoutReplacement()
        yield row(
            f"RandomNoReplacement, {what}",
            choose(without),
            lambda: numpy_without_replacement(drawn),
            "choice among those without a mark, which takes a byte for each",
            None,
        )
        selection = balanced.choose(window, TARGET)
        path = Path(folder) / "set"

        def ours() -> None:
            path.unlink(missing_ok=True)
            balanced.choose(window, TARGET).samples.write(path, view)

        raw = Path(folder) / "raw"
        keys = selection.samples.keys(0, len(selection))
        yield row(
            f"LabelBalanced, {what}, and the training set written, fsynced",
            ours,
            lambda: np.save(raw, keys),
            "np.save of the chosen keys alone, not synced",
            None,
        )


if __name__ == "__main__":
    write_rows("selection_presampling", list(rows()))
