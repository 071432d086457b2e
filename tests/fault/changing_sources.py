"""Changes source files, one after the other and each in another way, while somebody else fetches from them.

`python -m tests.fault.changing_sources <folder> <seed> <seconds>` does it in a process of its own.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path


def truncate(path: Path, chance: random.Random) -> None:
    """Cut off the end."""
    os.truncate(path, chance.randrange(path.stat().st_size))


def truncate_and_fill_up(path: Path, chance: random.Random) -> None:
    """Cut off the end and bring back the length: zeros."""
    size = path.stat().st_size
    os.truncate(path, chance.randrange(size))
    os.truncate(path, size)


def rewrite(path: Path, chance: random.Random) -> None:
    """Write other bytes over all of it, without a change of its size."""
    size = path.stat().st_size
    with path.open("r+b", buffering=0) as file:
        for offset in range(0, size, 4096):
            os.pwrite(file.fileno(), b"#" * min(4096, size - offset), offset)


def write_anew(path: Path, chance: random.Random) -> None:
    """What an editor does that knows no better: empty it, and write all of it again."""
    content = path.read_bytes()
    path.write_bytes(content[::-1])


def replace(path: Path, chance: random.Random) -> None:
    """Put another file of the same length in its place."""
    other = path.with_name(f".{path.name}")
    other.write_bytes(b"#" * path.stat().st_size)
    other.rename(path)


def remove(path: Path, chance: random.Random) -> None:
    path.unlink()


CHANGES: list[Callable[[Path, random.Random], None]] = [
    truncate,
    truncate_and_fill_up,
    rewrite,
    write_anew,
    replace,
    remove,
]


def main(folder: Path, seed: int, seconds: float) -> None:
    chance = random.Random(seed)
    files = sorted(path for path in folder.iterdir() if path.suffix != ".label")
    chance.shuffle(files)
    for number, path in enumerate(files):
        CHANGES[number % len(CHANGES)](path, chance)
        time.sleep(seconds / len(files) * chance.random() * 2)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
