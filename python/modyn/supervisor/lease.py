"""One owner per pipeline: a file lock that the operating system releases when its holder dies.

The lock keeps two processes of one workspace from running the same pipeline at once; the epoch that every journal
commit checks (modyn.metadata.journal) would stop a straggler even without it.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from modyn.errors import ConflictError


class Lease:
    """Exclusive ownership of a pipeline, from construction to `release` or the end of the process.

    Raises:
        ConflictError: another process (or another run in this one) holds it; the message names the process.
    """

    def __init__(self, folder: Path, pipeline: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(_lock_file(folder, pipeline), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not _lock(self._descriptor):
            holder = os.pread(self._descriptor, 200, 0).decode(errors="replace").strip()
            os.close(self._descriptor)
            raise ConflictError(
                f"pipeline '{pipeline}' is already running in this workspace ({holder or 'owner unknown'}); "
                "wait for it to end, or stop it first"
            )
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps({"pid": os.getpid(), "host": os.uname().nodename}).encode(), 0)

    def release(self) -> None:
        """Give the pipeline free."""
        os.close(self._descriptor)

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _lock(descriptor: int) -> bool:
    # `is_held` takes the lock for a moment to look, which must not count as an owner.
    for _ in range(10):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(0.02)
    return False


def is_held(folder: Path, pipeline: str) -> bool:
    """Whether some process runs this pipeline now."""
    try:
        descriptor = os.open(_lock_file(folder, pipeline), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _lock_file(folder: Path, pipeline: str) -> Path:
    return folder / f"{quote(pipeline, safe=' ')}.lock"
