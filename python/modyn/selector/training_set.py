"""Writes training sets through the native library."""

from __future__ import annotations

import hashlib
from pathlib import Path

from modyn.selector.api import Selection, TrainingSetInfo
from modyn.selector.window import native_view
from modyn.storage.api import View


def write_training_set(path: Path, view: View, selection: Selection) -> TrainingSetInfo:
    """Write a selection, durably. Without weights, the file of whole ranges of a view has the size of the ranges.

    Args:
        path: must not exist.
        view: the view that the selection's window was made of.
        selection: the samples.

    Raises:
        ConflictError: the file exists.
    """
    selection.samples.write(path, native_view(view.ref))
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    ends = (selection.oldest, selection.newest) if len(selection) else ()
    first, last = (int(selection.samples.timestamps(end, 1)[0]) for end in ends) if ends else (None, None)
    return TrainingSetInfo(path, digest, len(selection), first, last)
