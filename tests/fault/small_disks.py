"""Places where writing fails at a chosen moment: a file system of a few megabytes, and a limit of the file size.

A small file system needs the right to mount one, in a mount namespace of its own; so what uses it runs in a child
process: `python -m tests.fault.small_disks <folder> <module> <function>` calls the function with the disk.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SIZE = 48 << 20
REPOSITORY = Path(__file__).parents[2]


class LimitedFiles:
    """Files that cannot grow beyond some size: EFBIG."""

    reason = "File too large"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextlib.contextmanager
    def full(self, room: int) -> Iterator[None]:
        """No file gets longer than `room` bytes."""
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


class SmallFileSystem:
    """A file system of SIZE bytes: ENOSPC."""

    reason = "No space left on device"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextlib.contextmanager
    def full(self, room: int) -> Iterator[None]:
        """About `room` bytes are left for all files together."""
        filler = self.folder / "filler"
        with filler.open("wb", buffering=0) as file:
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(self.folder).free - room)
            try:
                yield
            finally:
                filler.unlink()


Disk = LimitedFiles | SmallFileSystem


def on_small_file_system(folder: Path, function: str) -> None:
    """Call `module:function` with a SmallFileSystem in a child process, or skip the test."""
    module, _, name = function.partition(":")
    script = 'mount -t tmpfs -o "size=$1" tmpfs "$2" || exit 77; shift 2; exec "$@"'
    python = [sys.executable, "-m", "tests.fault.small_disks", str(folder), module, name]
    namespace = ["unshare", "--mount", "--map-root-user"]
    if shutil.which("unshare") is None or subprocess.run([*namespace, "true"], capture_output=True).returncode != 0:
        pytest.skip("needs the right to mount a file system")
    child = subprocess.run(
        [*namespace, "sh", "-c", script, "sh", str(SIZE), str(folder), *python],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=False,
    )
    if child.returncode == 77:
        pytest.skip("needs the right to mount a file system")
    assert child.returncode == 0, child.stdout + child.stderr


if __name__ == "__main__":
    folder, module, name = sys.argv[1:]
    getattr(importlib.import_module(module), name)(SmallFileSystem(Path(folder)))
