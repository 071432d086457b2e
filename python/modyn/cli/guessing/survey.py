"""Which files of a folder hold the data."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from modyn.cli.guessing.guess import Guess
from modyn.errors import DatasetError

# Formats that are known by their names and are no fixed records.
_OTHERS = {
    ".csv": "CSV", ".tsv": "CSV", ".parquet": "Parquet", ".json": "JSON", ".jsonl": "JSON", ".txt": "text",
    ".png": "images", ".jpg": "images", ".jpeg": "images", ".npy": "NumPy arrays", ".npz": "NumPy arrays",
    ".gz": "compressed files", ".zst": "compressed files", ".zip": "compressed files", ".tar": "archives",
    ".h5": "HDF5", ".hdf5": "HDF5", ".tfrecord": "TFRecords", ".avro": "Avro", ".arrow": "Arrow", ".pkl": "pickles",
}  # fmt: skip
_CODE = {".py", ".yaml", ".yml", ".md", ".toml", ".html"}
_PRINTABLE = bytes(range(32, 127)) + b"\t\n\r"


@dataclass(frozen=True)
class DataFile:
    """A file: its size in bytes and its modification time in Unix seconds."""

    path: Path
    size: int
    mtime: int


@dataclass(frozen=True)
class Survey:
    """The data files of a folder, sorted by path; none is empty."""

    folder: Path
    extension: Guess[str]
    files: list[DataFile]

    @property
    def size(self) -> int:
        """Bytes in all files."""
        return sum(file.size for file in self.files)


def survey(folder: Path, extension: str | None = None) -> Survey:
    """Find the files that hold most of the data.

    Args:
        folder: searched recursively; hidden files and folders are left out.
        extension: look only at these files.

    Raises:
        DatasetError: there are none, or they hold something else than records.
    """
    found = _files(folder)
    if extension is not None:
        files = [file for file in found if file.path.name.endswith(extension)]
        if not files:
            raise DatasetError(f"'{folder}' has no '{extension}' file with content; it has {_content(found)}")
        return Survey(folder, Guess("files", extension, "given", f"{len(files):,} files"), files)
    sizes: Counter[str] = Counter()
    for file in found:
        if file.path.suffix and file.path.suffix.lower() not in _CODE:
            sizes[file.path.suffix] += file.size
    if not sizes:
        raise DatasetError(
            f"'{folder}' has no data files: {_content(found)}. Files need an extension; --extension names one"
        )
    best, share = sizes.most_common(1)[0][0], sizes.most_common(1)[0][1] / sizes.total()
    files = [file for file in found if file.path.suffix == best]
    _refuse_other_formats(folder, best, files)
    why = f"{len(files):,} files with {share:.0%} of the bytes"
    return Survey(folder, Guess("files", best, "certain" if share > 0.95 else "likely", why), files)


def _files(folder: Path) -> list[DataFile]:
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if not name.startswith(".") and path.is_file() and (status := path.stat()).st_size:
                found.append(DataFile(path, status.st_size, int(status.st_mtime // 1)))
    return found


def _refuse_other_formats(folder: Path, extension: str, files: list[DataFile]) -> None:
    known = _OTHERS.get(extension.lower())
    if known is None:
        with files[0].path.open("rb") as file:
            known = None if file.read(4096).translate(None, _PRINTABLE) else "text"
    if known is not None:
        raise DatasetError(
            f"'{folder}' holds {known} ({len(files):,} '{extension}' files, such as '{files[0].path.name}'); "
            "this version reads binary files of fixed-size records. If these are such, say so with --extension, "
            "--record-size and --label-size; else convert them, as examples/flights/prepare.py does"
        )


def _content(found: list[DataFile]) -> str:
    kinds = Counter(file.path.suffix or "no extension" for file in found)
    return (
        ", ".join(f"{number:,} x {kind}" for kind, number in kinds.most_common(6))
        or "nothing but empty or hidden files"
    )
