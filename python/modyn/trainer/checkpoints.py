"""Checkpoints within a training, from which a later attempt continues with bit-identical results.

A checkpoint is two files: `<batches>.safetensors` with the model and all tensors of the optimizers, and
`<batches>.json` with everything else and the first file's SHA-256. The JSON file is written last and carries a
checksum of its own, so a checkpoint is whole exactly if both agree. The newest two are kept.

`training.checkpointing.path` says where: a relative path (or none) goes below the folder of the attempt; below an
absolute one every attempt gets a folder of its own.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from modyn.errors import ModynError
from modyn.models.publish import publish
from modyn.models.weights import load_tensors, save_tensors

if TYPE_CHECKING:
    from modyn.config.training import CheckpointingConfig

_VERSION = 1
_KEPT = 2


@dataclass(frozen=True)
class Checkpoint:
    """State after `batches` batches: `values` is JSON, `tensors` are on the CPU."""

    batches: int
    values: dict[str, Any]
    tensors: dict[str, torch.Tensor]


class CheckpointFolder:
    """The checkpoints of one attempt at a training.

    Args:
        folder: where they lie.
        training: what the training is; checkpoints of another one are not continued.
    """

    def __init__(self, folder: Path, training: dict[str, Any]) -> None:
        self._folder = folder
        self._fingerprint = hashlib.sha256(_canonical(training)).hexdigest()

    def save(self, checkpoint: Checkpoint) -> None:
        """Write durably, then remove all but the newest."""
        self._folder.mkdir(parents=True, exist_ok=True)
        digest = save_tensors(checkpoint.tensors, self._tensors(checkpoint.batches))
        content = {
            "version": _VERSION,
            "training": self._fingerprint,
            "batches": checkpoint.batches,
            "tensors": digest,
            "values": checkpoint.values,
        }
        self._publish(content)
        for batches in self._listed()[:-_KEPT]:
            self._remove(batches)

    def newest(self) -> Checkpoint | None:
        """The newest whole checkpoint of this training, or None; torn and foreign ones are passed over."""
        for batches in reversed(self._listed()):
            checkpoint = self._load(batches)
            if checkpoint is not None:
                return checkpoint
        return None

    def adopt(self, other: CheckpointFolder, batches: int) -> None:
        """Take over a checkpoint, so that a third attempt can continue from it if this one dies before its first."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for source, target in (
            (other._tensors(batches), self._tensors(batches)),
            (other._json(batches), self._json(batches)),
        ):
            with publish(target) as temporary:
                shutil.copyfile(source, temporary)

    def clear(self) -> None:
        """Remove all: the training is done."""
        for batches in self._listed():
            self._remove(batches)

    def _publish(self, content: dict[str, Any]) -> None:
        checksum = hashlib.sha256(_canonical(content)).hexdigest()
        with publish(self._json(content["batches"])) as temporary:
            temporary.write_text(json.dumps({"checksum": checksum, "content": content}))

    def _load(self, batches: int) -> Checkpoint | None:
        try:
            written = json.loads(self._json(batches).read_text())
            content = written["content"]
            if hashlib.sha256(_canonical(content)).hexdigest() != written["checksum"]:
                return None
            if content["version"] != _VERSION or content["training"] != self._fingerprint:
                return None
            with self._tensors(batches).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != content["tensors"]:
                    return None
            return Checkpoint(batches, content["values"], load_tensors(self._tensors(batches)))
        except (OSError, ValueError, KeyError, TypeError, ModynError):
            return None  # torn: an older one will do, and without any the training starts anew

    def _listed(self) -> list[int]:
        if not self._folder.is_dir():
            return []
        return sorted(int(path.stem) for path in self._folder.glob("*.json") if path.stem.isdecimal())

    def _remove(self, batches: int) -> None:
        # The JSON file first: without it there is no checkpoint, only a file.
        self._json(batches).unlink(missing_ok=True)
        self._tensors(batches).unlink(missing_ok=True)

    def _json(self, batches: int) -> Path:
        return self._folder / f"{batches:010d}.json"

    def _tensors(self, batches: int) -> Path:
        return self._folder / f"{batches:010d}.safetensors"


def checkpoint_folder(config: CheckpointingConfig, attempt: Path, training: dict[str, Any]) -> CheckpointFolder:
    """Where an attempt whose folder is `attempt` keeps its checkpoints."""
    path = config.path or Path("checkpoints")
    if path.is_absolute():
        path /= f"{attempt.name}-{hashlib.sha256(str(attempt.absolute()).encode()).hexdigest()[:12]}"
    return CheckpointFolder(attempt / path, training)


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
