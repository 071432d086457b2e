"""What keeps a dataset's folder small and sound: merging, pins, the collector, and the check of everything."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from modyn.errors import ConflictError

DAY_S = 86_400.0


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be: a file of the dataset's folder or a source file, and what is wrong."""

    path: str
    what: str


@dataclass(frozen=True)
class CheckSummary:
    """What a check of a dataset looked at, and found.

    Attributes:
        manifest: the state that was checked.
        samples: in it, without the deleted ones.
        source_files: files of the user that were compared with what was ingested of them.
        findings: empty if all is well.
    """

    manifest: int
    samples: int
    source_files: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class CollectSummary:
    """What the collector removed: files by kind (`logs` are of pushed samples), and their bytes."""

    manifests: int
    segments: int
    deletions: int
    views: int
    logs: int
    bytes: int


def merge(folder: str | Path, lock_timeout_s: float) -> bool:
    """Join small segments if there are enough of them; whether there were. Whoever has the lock may do it instead."""
    from modyn import _native

    try:
        return _native.merge_segments(folder, lock_timeout_s).merged > 0
    except ConflictError:
        return False


def keep(folder: str | Path, manifest: int, run: str) -> None:
    """Keep a manifest for a run, durably, whatever the collector removes. Nothing happens if the run has it already."""
    from modyn import _native

    _native.pin_manifest(folder, manifest, _owner(run))


def collect(folder: str | Path, grace_s: float, needed: Iterable[tuple[str, int]]) -> CollectSummary:
    """Remove what no manifest needs that is the newest, pinned, or was the newest `grace_s` seconds ago.

    A log of pushed samples is not needed once all of its samples, and those of all logs before it, are deleted.

    Args:
        folder: the dataset's own.
        grace_s: who opened an older manifest has so long to open it again.
        needed: runs and the manifests that they need; runs of earlier versions of Modyn have not pinned theirs.
    """
    from modyn import _native

    pinned = {(pin.owner, pin.manifest) for pin in _native.pins(folder)}
    for run, manifest in needed:
        if (_owner(run), manifest) not in pinned and _exists(Path(folder), manifest):
            keep(folder, manifest, run)
    report = _native.collect(folder, grace_s)
    logs = _native.collect_logs(folder)
    return CollectSummary(
        manifests=report.manifests,
        segments=report.segments,
        deletions=report.deletions,
        views=report.views,
        logs=logs.logs,
        bytes=report.bytes + logs.bytes,
    )


def check(
    folder: str | Path, root: Path, file_extension: str, progress: Callable[[int, int], object] | None
) -> CheckSummary:
    """Check every byte and rule of the newest manifest and of what belongs to it, and every source file."""
    from modyn import _native

    report = _native.check(folder, root, file_extension=file_extension, progress=progress)
    findings = tuple(Finding(os.fsdecode(finding.path), finding.what) for finding in report.findings)
    return CheckSummary(report.summary.manifest, report.summary.samples, report.source_files, findings)


def _exists(folder: Path, manifest: int) -> bool:
    return (folder / "manifests" / f"{manifest:020}.manifest").exists()


def _owner(run: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9._-]{1,90}", run):
        return f"run-{run}"
    return f"run-{hashlib.sha256(run.encode()).hexdigest()[:32]}"
