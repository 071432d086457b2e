"""Sealing: from the next manifest on, what was pushed is samples like all others."""

from __future__ import annotations

import logging

from modyn.errors import ConflictError
from modyn.metadata.tables import DatasetRow
from modyn.storage.api import CustomFormat, TimestampFrom
from modyn.storage.formats import load_format
from modyn.storage.sample_format import from_json, settings_text
from modyn.storage.upkeep import merge

_log = logging.getLogger(__name__)


def seal(row: DatasetRow) -> int | None:
    """The newest manifest afterwards; None if another process has the lock, which then seals.

    Raises:
        CorruptFileError: what was pushed is damaged.
    """
    from modyn import _native

    format, timestamp = from_json(row.format), TimestampFrom(**row.timestamp)
    if isinstance(format, CustomFormat):
        load_format(format.kind)
    try:
        return _native.seal(row.folder, format=settings_text(format, timestamp), lock_timeout_s=0).manifest
    except ConflictError:
        return None


def seal_full_log(row: DatasetRow) -> None:
    """Leave little to seal for whoever opens the dataset next; nothing is lost where it cannot be done now."""
    try:
        seal(row)
        merge(row.folder, lock_timeout_s=0)
    except Exception as error:  # a format from elsewhere may raise anything
        # The samples are durable, as the caller asked; a scan tries again, and reports what is wrong.
        _log.warning("dataset '%s': what was pushed could not be sealed yet: %s", row.name, error)
