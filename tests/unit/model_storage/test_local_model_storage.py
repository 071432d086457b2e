"""Models in a local folder: complete or absent, whatever happens between, and never another one's."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from modyn.config.model import FullModelStrategy, IncrementalModelStrategy, ModelStorageConfig
from modyn.errors import CorruptFileError, ModelError, UnsupportedError
from modyn.model_storage.local import LocalModelStorage, check_supported


def trained(folder: Path, value: float = 1.0) -> tuple[Path, str]:
    """A file of weights as a training leaves it, and its digest."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.safetensors"
    weights = {"half": torch.full((3,), value, dtype=torch.bfloat16), "flag": torch.tensor([True, False])}
    save_file(weights, path)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_stored_model_holds_the_weights_of_the_training(tmp_path):
    source, digest = trained(tmp_path / "attempt")
    stored = LocalModelStorage(tmp_path / "run" / "models").store(source, digest, model=3)
    assert (stored.digest, stored.bytes) == (digest, source.stat().st_size)
    weights = load_file(stored.path)
    assert weights["half"].dtype == torch.bfloat16
    assert weights["flag"].tolist() == [True, False]
    assert names(tmp_path / "run" / "models") == [f"00003-{digest[:16]}.safetensors"]


def test_storing_again_gives_the_same_answer_even_without_the_source(tmp_path):
    source, digest = trained(tmp_path / "attempt")
    storage = LocalModelStorage(tmp_path / "models")
    first = storage.store(source, digest, model=0)
    source.unlink()
    assert storage.store(source, digest, model=0) == first
    assert load_file(first.path)["half"].tolist() == [1, 1, 1]


def test_a_stored_model_survives_a_source_that_is_replaced(tmp_path):
    source, digest = trained(tmp_path / "attempt")
    storage = LocalModelStorage(tmp_path / "models")
    stored = storage.store(source, digest, model=0)
    source.unlink()
    trained(tmp_path / "attempt", 2.0)
    storage.verify(stored.path, digest)


def test_a_straggler_with_other_weights_does_not_touch_the_stored_model(tmp_path):
    storage = LocalModelStorage(tmp_path / "models")
    stored = storage.store(*trained(tmp_path / "winner"), model=0)
    straggler = storage.store(*trained(tmp_path / "straggler", 2.0), model=0)
    assert straggler.path != stored.path
    storage.verify(stored.path, stored.digest)
    storage.verify(straggler.path, straggler.digest)


def test_a_source_with_another_digest_is_refused_and_leaves_nothing(tmp_path):
    source, digest = trained(tmp_path / "attempt")
    with source.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x7f")
    with pytest.raises(CorruptFileError, match=digest) as caught:
        LocalModelStorage(tmp_path / "models").store(source, digest, model=0)
    assert caught.value.path == source
    assert names(tmp_path / "models") == []


def test_a_missing_source_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"'.*/nothing' is not there"):
        LocalModelStorage(tmp_path / "models").store(tmp_path / "nothing", "0" * 64, model=0)
    assert names(tmp_path / "models") == []


def test_a_source_on_another_file_system_is_copied(tmp_path, monkeypatch):
    def cannot_link(source, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", cannot_link)
    source, digest = trained(tmp_path / "attempt")
    stored = LocalModelStorage(tmp_path / "models").store(source, digest, model=0)
    assert stored.path.read_bytes() == source.read_bytes()


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def disk_is_full(source, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", disk_is_full)
    with pytest.raises(OSError, match="No space left"):
        LocalModelStorage(tmp_path / "models").store(*trained(tmp_path / "attempt"), model=0)
    assert names(tmp_path / "models") == []


def test_a_model_that_changed_or_vanished_is_not_given_out(tmp_path):
    storage = LocalModelStorage(tmp_path / "models")
    stored = storage.store(*trained(tmp_path / "attempt"), model=0)
    stored.path.write_bytes(stored.path.read_bytes()[:-1])
    with pytest.raises(CorruptFileError, match="the file was changed"):
        storage.verify(stored.path, stored.digest)
    storage.delete(stored.path)
    storage.delete(stored.path)
    with pytest.raises(ModelError, match="has vanished"):
        storage.verify(stored.path, stored.digest)


@pytest.mark.parametrize("name", ["PyTorchFullModel", "BinaryFullModel"])
@pytest.mark.parametrize("zipped", [None, True])
def test_full_strategies_are_supported(name, zipped):
    check_supported(ModelStorageConfig(full_model_strategy=FullModelStrategy(name=name, zip=zipped)))


def test_differences_are_refused_by_name():
    config = ModelStorageConfig(incremental_model_strategy=IncrementalModelStrategy(name="WeightsDifference"))
    with pytest.raises(UnsupportedError, match="'WeightsDifference' cannot be run"):
        check_supported(config)
