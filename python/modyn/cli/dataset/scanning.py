"""A bar that shows how far a scan has come."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def scanning(name: str) -> Iterator[Callable[[int, int], None] | None]:
    """What a scan calls with (files done, files in all); None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(f"scanning {escape(name)}", total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
