"""Model storage: keeps the weights of trained models. A model is listed only when its file is complete."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class StoredModel:
    """A model's file.

    Attributes:
        path: a safetensors file that never changes.
        digest: SHA-256 of the file, in hexadecimal.
        bytes: its size.
    """

    path: Path
    digest: str
    bytes: int


class ModelStorage(Protocol):
    """The models of one run."""

    def store(self, source: Path, digest: str, *, model: int) -> StoredModel:
        """Keep a trained model, durably. Storing the same model again gives the same answer.

        Args:
            source: safetensors file that a training wrote; it stays where it is, and is not read if the model is stored
                already.
            digest: SHA-256 that the training computed.
            model: number of the model in its run, from 0.

        Raises:
            ModelError: there is no such file.
            CorruptFileError: the file does not have this digest.
        """
        ...

    def verify(self, path: Path, digest: str) -> None:
        """Compare a stored model's file with its digest.

        Raises:
            ModelError: the file has vanished.
            CorruptFileError: it has changed.
        """
        ...

    def delete(self, path: Path) -> None:
        """Remove a stored model's file, durably; one that is not there is no error."""
        ...
