"""A PostgreSQL server of our own on a Unix socket, thrown away afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def programs() -> Path | None:
    """The folder of the newest initdb and pg_ctl, None if there are none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    candidates = [*folders, *([Path(found).parent] if (found := shutil.which("initdb")) else [])]
    return candidates[-1] if candidates else None


@contextmanager
def server(settings: str = "") -> Iterator[Path]:
    """The folder of its socket, for user `modyn` and database `postgres`; `settings` are options of the server."""
    binaries = programs()
    assert binaries is not None, "PostgreSQL is not installed: apt-get install postgresql"
    folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    # The server refuses to run as root.
    user: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    if user:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"

    def run(*command: str | Path) -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **user)

    run(binaries / "initdb", "-D", data, "-A", "trust", "-U", "modyn", "--no-sync")
    options = f"-k {folder} -c listen_addresses='' {settings}"
    run(binaries / "pg_ctl", "-D", data, "-o", options, "-w", "-l", folder / "log", "start")
    try:
        yield folder
    finally:
        run(binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)
