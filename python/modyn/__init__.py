"""Modyn trains machine learning models on data that grows.

    import modyn

    workspace = modyn.open("workspace")
    run = workspace.run("pipeline.yaml").wait()
    run.report("report.html")

Whatever a command of the CLI does, one call does too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# Importing the package costs nothing: names are looked up when they are first used.
_EXPORTS = {
    "ConfigurationError": "modyn.errors",
    "Csv": "modyn.storage.api",
    "CustomFormat": "modyn.storage.api",
    "DatasetOptions": "modyn.storage.api",
    "DatasetStatus": "modyn.storage.api",
    "DeleteSummary": "modyn.storage.api",
    "FixedRecord": "modyn.storage.api",
    "Interval": "modyn.storage.api",
    "ModynError": "modyn.errors",
    "Problem": "modyn.errors",
    "Run": "modyn.run",
    "ScanSummary": "modyn.storage.api",
    "SingleSample": "modyn.storage.api",
    "Snapshot": "modyn.storage.snapshot",
    "TimestampFrom": "modyn.storage.api",
    "UnsupportedError": "modyn.errors",
    "Workspace": "modyn.workspace",
    "compare": "modyn.calls",
    "load_model": "modyn.calls",
    "open": "modyn.calls",
    "schema": "modyn.calls",
    "validate": "modyn.calls",
}
__all__ = [
    "ConfigurationError",
    "Csv",
    "CustomFormat",
    "DatasetOptions",
    "DatasetStatus",
    "DeleteSummary",
    "FixedRecord",
    "Interval",
    "ModynError",
    "Problem",
    "Run",
    "ScanSummary",
    "SingleSample",
    "Snapshot",
    "TimestampFrom",
    "UnsupportedError",
    "Workspace",
    "compare",
    "load_model",
    "open",
    "schema",
    "validate",
]

if TYPE_CHECKING:
    from modyn.calls import compare, load_model, open, schema, validate
    from modyn.errors import ConfigurationError, ModynError, Problem, UnsupportedError
    from modyn.run import Run
    from modyn.storage.api import (
        Csv,
        CustomFormat,
        DatasetOptions,
        DatasetStatus,
        DeleteSummary,
        FixedRecord,
        Interval,
        ScanSummary,
        SingleSample,
        TimestampFrom,
    )
    from modyn.storage.snapshot import Snapshot
    from modyn.workspace import Workspace


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'modyn' has no attribute '{name}'")
    from importlib import import_module

    value = getattr(import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
