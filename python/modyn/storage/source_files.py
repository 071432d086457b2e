"""The user's own files below a dataset's base path."""

from __future__ import annotations

import os
from pathlib import Path

from modyn.storage.api import SampleFormat, SingleSample


def remove_source_files(folder: Path, root: Path, format: SampleFormat) -> None:
    """The files that the newest manifest knows, and the labels beside them."""
    from modyn import _native

    index = _native.Index.open(folder)
    for number in range(index.source_files):
        file = index.source_file(number)
        if file.owned:
            continue
        path = root / os.fsdecode(file.path)
        path.unlink(missing_ok=True)
        if isinstance(format, SingleSample):
            text = str(path).removesuffix(format.file_extension) + format.label_file_extension
            Path(text).unlink(missing_ok=True)
