"""Views with chosen labels, and histories of triggers on them, for the tests of strategies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modyn import _native
from modyn.selector.api import Selection, SelectionRequest, SelectionStrategy
from modyn.selector.ledger import Ledger
from modyn.storage.api import View, ViewRef
from modyn.storage.sample_format import FixedRecord, TimestampFrom, settings_text
from modyn.storage.view import LocalView

FILE = 25  # samples


def labelled_view(folder: Path, labels: npt.NDArray[np.int64]) -> View:
    """A view whose positions have these labels, from 0 to 65,535. Later positions do not all have greater keys."""
    root, index = folder / "files", folder / "index"
    root.mkdir(parents=True)
    starts = range(0, len(labels), FILE)
    # The second half of the files is ingested first, so it has the smaller keys.
    for some in (starts[len(starts) // 2 :], starts[: len(starts) // 2]):
        for start in some:
            records = np.zeros((len(labels[start : start + FILE]), 2), dtype="<u2")
            records[:, 0] = labels[start : start + FILE]
            # Three files share each timestamp.
            (root / f"{start}-{1000 + 10 * (start // FILE // 3)}.bin").write_bytes(records.tobytes())
        report = _native.scan(
            index,
            root,
            file_extension=".bin",
            format=settings_text(FixedRecord(record_size=4, label_size=2), TimestampFrom()),
            timestamp_source="filename",
            timestamp_pattern="-%s",
        )
    return LocalView(ViewRef("labelled", index, root, report.summary.manifest))


def ledger_of(sizes: Iterable[int]) -> Ledger:
    """Triggers that brought so many samples each, one after the other."""
    ledger, position = Ledger(), 0
    for size in sizes:
        ledger.append(position, position + size)
        position += size
    return ledger


def request(view: View, ledger: Ledger, seed: int = 7) -> SelectionRequest:
    """For the last trigger."""
    return SelectionRequest(view, ledger, len(ledger) - 1, seed)


class Positions:
    """Finds the positions of a view's samples.

    Equal timestamps are ordered by keys, so these are not the positions of the labels that the view was made of;
    `labels[p]` is the label at position p.
    """

    def __init__(self, view: View) -> None:
        self.labels = view.labels(0, len(view))
        self._place = {int(key): place for place, key in enumerate(view.keys(0, len(view)))}

    def of(self, selection: Selection) -> list[int]:
        return [self._place[int(key)] for key in selection.samples.keys(0, len(selection))]


def history(
    strategy: SelectionStrategy, view: View, sizes: Iterable[int], seed: int = 7
) -> Iterator[tuple[Ledger, list[int]]]:
    """What the strategy selects at each trigger, as positions, with the ledger of then."""
    positions, so_far = Positions(view), []
    for size in sizes:
        so_far.append(size)
        ledger = ledger_of(so_far)
        yield ledger, positions.of(strategy.select(request(view, ledger, seed)))


def restarted(strategy: SelectionStrategy, again: SelectionStrategy) -> SelectionStrategy:
    """`again` as it goes on after a crash, from the state of `strategy` as the journal keeps it."""
    import json

    state: dict[str, Any] = json.loads(json.dumps(strategy.state_dict()))
    if state:
        again.load_state_dict(state)
    return again
