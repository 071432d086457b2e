"""The tree of errors that Modyn raises on purpose.

A message names the thing, the value and what to do. Anything else that escapes is a defect.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class ModynError(Exception):
    """Root of all errors that Modyn raises."""


@dataclass(frozen=True)
class Problem:
    """One mistake in a configuration file.

    Attributes:
        file: the file as the user named it.
        line: 1-based line, 0 if the mistake belongs to no line.
        column: 1-based column, 0 likewise.
        what: what is wrong, naming the key and the value.
        expected: what would be right; empty if `what` says it all.
        suggestion: the nearest valid spelling; empty if there is none.
    """

    file: str
    line: int
    column: int
    what: str
    expected: str = ""
    suggestion: str = ""

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}:{self.column}: {self.what}"
        if self.expected:
            text += f", expected {self.expected}"
        if self.suggestion:
            text += f", did you mean '{self.suggestion}'?"
        return text


class ConfigurationError(ModynError):
    """A configuration file with mistakes: all of them, in file order."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class UnsupportedError(ModynError):
    """A configuration that is valid but names something that this version cannot run yet."""


class DatasetError(ModynError):
    """A dataset that is missing, exists already, or cannot be read as configured."""


class BadContentError(DatasetError):
    """The bytes of a source file are not what its format says: it waits in quarantine until it changes.

    Formats raise it; the message goes on from "file 'name' ", as in "has no label in line 7".
    """


class IncompleteFileError(DatasetError):
    """A source file of which more is to come: it is tried in every scan. Raised like BadContentError."""


class UnknownKeyError(DatasetError):
    """A key that the pinned manifest does not hold."""


class CorruptFileError(ModynError):
    """A file of ours that fails its checksum or the rules of its format."""

    def __init__(self, message: str, path: Path | None = None) -> None:
        super().__init__(message)
        self.path = path


class SourceChangedError(DatasetError):
    """A source file that shrank, changed or vanished since it was ingested."""


class ConflictError(ModynError):
    """Somebody else holds the lock or the lease, or published first."""


class RunError(ModynError):
    """A run that does not exist, cannot be resumed, or failed."""


class JobFailedError(ModynError):
    """A training or an evaluation that raised; `traceback` is the child's."""

    def __init__(self, message: str, traceback: str) -> None:
        super().__init__(message)
        self.traceback = traceback


class JobDiedError(ModynError):
    """A training or an evaluation whose process ended without an answer (killed, out of memory)."""


class SelectionError(ModynError):
    """A selection strategy or a downsampler that cannot be found or made, or that selects what it must not."""


class ModelError(ModynError):
    """A model that cannot be built, loaded, stored or found."""
