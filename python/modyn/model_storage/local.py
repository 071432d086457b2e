"""Model storage in a local folder: full weights, one safetensors file per model.

Both full strategies of the configuration mean this. A file's name carries its digest, so two processes that store
different weights under one number, say a run's owner and the one before it, never touch each other's file: the
journal's commit says which of them counts.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import uuid
from pathlib import Path

from modyn.config.model import ModelStorageConfig
from modyn.errors import CorruptFileError, ModelError, UnsupportedError
from modyn.model_storage.api import StoredModel

# What `link` answers where hard links cannot be made: another file system, or one without them.
_CANNOT_LINK = {errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS}


def check_supported(config: ModelStorageConfig) -> None:
    """Raise UnsupportedError for a `model_storage` section that this version cannot run.

    `zip`, `zip_algorithm` and `config` of the full strategy have no effect: weights hardly compress, and a safetensors
    file is mapped into memory as it is.
    """
    incremental = config.incremental_model_strategy
    if incremental is not None:
        raise UnsupportedError(
            f"model_storage.incremental_model_strategy '{incremental.name}' cannot be run by this version; leave it out"
        )


class LocalModelStorage:
    """The models of one run in a folder of their own.

    Args:
        folder: created with the first model.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def store(self, source: Path, digest: str, *, model: int) -> StoredModel:
        """See `ModelStorage.store`."""
        path = self._folder / f"{model:05d}-{digest[:16]}.safetensors"
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            _sync(self._folder.parent)
            _place(source, digest, path)
        # Even if the file was there: whoever placed it may have crashed before this.
        _sync(self._folder)
        return StoredModel(path, digest, path.stat().st_size)

    def verify(self, path: Path, digest: str) -> None:
        """See `ModelStorage.verify`."""
        if not path.exists():
            raise ModelError(f"stored model '{path}' has vanished")
        _check_digest(path, digest, path)

    def delete(self, path: Path) -> None:
        """See `ModelStorage.delete`."""
        path.unlink(missing_ok=True)
        _sync(path.parent)


def _place(source: Path, digest: str, path: Path) -> None:
    """Make the complete, checked file appear under its name, or nothing."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        _link_or_copy(source, temporary)
        _check_digest(temporary, digest, source)
        _sync(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise ModelError(f"trained model '{source}' is not there; the training has to be repeated") from None
    except OSError as error:
        if error.errno not in _CANNOT_LINK:
            raise
        shutil.copyfile(source, target)


def _check_digest(path: Path, digest: str, named: Path) -> None:
    """Raise CorruptFileError about `named` unless the file `path`, which stands for it, has this digest."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != digest:
        raise CorruptFileError(
            f"model '{named}' has the SHA-256 {found}, expected {digest}; the file was changed", named
        )


def _sync(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
