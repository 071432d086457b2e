"""Addressed randomness for code that has generators of its own, and deterministic algorithms.

torch, NumPy and `random` are reseeded from an address before each use, so what they draw depends on neither history
nor processes: a training that continues from a checkpoint draws what an undisturbed one does.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.utils.deterministic

from modyn import _native
from modyn.config.training import DEFAULT_BLOCK_SIZE, TrainingConfig


def seed_generators(bits: int) -> None:
    """Seed torch (the CPU, and GPUs if they are in use), NumPy and `random` from 64 bits."""
    # torch.manual_seed asks every backend there is, which takes longer than a small training step.
    torch.default_generator.manual_seed(bits)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(bits)
    np.random.seed(bits & 0xFFFF_FFFF)
    random.seed(bits)


@dataclass(frozen=True)
class Shuffle:
    """How the samples of an epoch are mixed.

    Attributes:
        mode: `none`, `global` (one permutation of all), or `blockwise` (see cpp/include/modyn/order.hpp).
        block_size: samples in a block, for `blockwise`.
    """

    mode: Literal["none", "global", "blockwise"]
    block_size: int = DEFAULT_BLOCK_SIZE

    @staticmethod
    def of(config: TrainingConfig) -> Shuffle:
        """What a pipeline's `training` section asks for."""
        return Shuffle(config.shuffle_mode, config.shuffle_block_size) if config.shuffle else Shuffle("none")


class AddressedSeeds:
    """The seeds of one training: functions of (seed, trigger, purpose, index).

    Args:
        seed: of the run.
        trigger: of the training.
        first_decoding: number of the first batch that is decoded, so that another pass over the data draws other
            numbers.
    """

    def __init__(self, seed: int, trigger: int, first_decoding: int = 0) -> None:
        self._seed = seed
        self._trigger = trigger
        self._first_decoding = first_decoding

    def before_model(self) -> None:
        self._seed_for(_native.PURPOSE_MODEL_INIT, 0)

    def before_step(self, index: int) -> None:
        self._seed_for(_native.PURPOSE_TRAINING_STEP, index)

    def before_decoding(self, index: int) -> None:
        self._seed_for(_native.PURPOSE_DECODE_BATCH, self._first_decoding + index)

    def order(self, shuffle: Shuffle, epoch: int, size: int) -> _native.Order:
        """The order in which an epoch goes through `size` samples."""
        if shuffle.mode == "none":
            return _native.Order.unshuffled(size)
        if shuffle.mode == "global":
            return _native.Order.global_shuffle(self._seed, self._trigger, epoch, size)
        return _native.Order.blockwise_shuffle(self._seed, self._trigger, epoch, size, shuffle.block_size)

    def _seed_for(self, purpose: int, index: int) -> None:
        seed_generators(_native.random_bits(self._seed, self._trigger, purpose, index))


def use_deterministic_algorithms() -> None:
    """Make torch's operations deterministic; those that cannot be raise (see `explain_nondeterminism`)."""
    torch.use_deterministic_algorithms(True)
    # Filling every new tensor with NaN finds reads of uninitialised memory, which is not what we are after.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False


def explain_nondeterminism(error: RuntimeError) -> str | None:
    """What to do about an operation without deterministic implementation, or None for other errors."""
    text = str(error)
    operation, found, _ = text.partition(" does not have a deterministic implementation")
    if not found:
        return None
    return (
        f"the operation {operation} has no deterministic implementation on this device, so a training that uses it "
        "cannot be repeated exactly; to allow that, call torch.use_deterministic_algorithms(True, warn_only=True) at "
        "the top of the model's module"
    )
