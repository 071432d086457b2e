"""Samples without replacement, drawn by addressed random numbers: in proportion to weights, or by hash.

An address (seed, trigger, purpose, index) is that of modyn/partition.hpp: the same address gives the same sample,
whatever the threads; another one an independent sample.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from modyn import _kernels, _native
from modyn.kernels.operator import Operator, address, dense, threads
from modyn.kernels.sampling_reference import weighted_sample_reference
from modyn.kernels.top_k import top_k


class WeightedSample(NamedTuple):
    """What `weighted_sample` chose.

    Attributes:
        indices: int64 [k], ascending.
        probabilities: float64 [k], with which each of them was included. Dividing by it makes sums over the chosen ones
            unbiased for sums over all (Horvitz and Thompson, 1952).
        unusable: int64 scalar, how many weights were negative or not finite.
    """

    indices: Tensor
    probabilities: Tensor
    unusable: Tensor


def weighted_sample(
    weights: Tensor, k: int, *, seed: int, trigger: int = 0, purpose: int, index: int = 0, smoothing: float = 0.0
) -> WeightedSample:
    """Choose k of N samples, sample i with probability min(1, w_i / tau), where tau makes these sum up to k.

    The design is the sequential pivotal method (Deville and Tille, Biometrika 1998; VarOpt of Cohen et al., SIAM J.
    Comput. 2011, in the order of the samples): it keeps these probabilities exactly, has exactly k samples, and spreads
    them over the order. A sample of weight 0 is chosen only if there are fewer than k others; then these are all chosen
    and the rest uniformly. Weights that are all 0 count as equal; negative ones, infinity and NaN as 0.

    Args:
        weights: [N], float32 or float64 (other types are converted to float64).
        k: at most N.
        seed: of the address, in [0, 2^64).
        trigger: of the address, in [0, 2^32).
        purpose: of the address, in [0, 2^24), such as `_native.PURPOSE_DOWNSAMPLING`.
        index: of the address, in [0, 2^63).
        smoothing: in [0, 1]; this part of the weights is the same for all samples.

    Raises:
        ValueError: k is negative or more than N, or an argument is not as described.
    """
    _check_address("weighted_sample", seed, trigger, purpose, index)
    if weights.ndim != 1 or weights.is_complex():
        raise ValueError(f"weighted_sample: weights of {weights.dtype} and shape {list(weights.shape)}, expected [N]")
    if not 0 <= k <= len(weights):
        raise ValueError(f"weighted_sample: k is {k}, expected a number from 0 to that of the weights, {len(weights)}")
    if not 0 <= smoothing <= 1:
        raise ValueError(f"weighted_sample: smoothing is {smoothing}, expected a number from 0 to 1")
    return WeightedSample(
        *torch.ops.modyn.weighted_sample(weights.detach(), k, smoothing, _signed(seed), trigger, purpose, index)
    )


def hash_priorities(keys: Tensor, *, seed: int, trigger: int = 0, purpose: int, index: int = 0) -> Tensor:
    """What random choices of keys compare: a permutation of [0, 2^63), keyed by the address; that of `Priorities`.

    Args:
        keys: int64 [N], none negative.
        seed: of the address, in [0, 2^64).
        trigger: of the address, in [0, 2^32).
        purpose: of the address, in [0, 2^24).
        index: of the address, in [0, 2^63).

    Returns:
        int64 [N].

    Raises:
        ValueError: an argument is not as described.
    """
    _check_address("hash_priorities", seed, trigger, purpose, index)
    if keys.ndim != 1 or keys.dtype != torch.int64:
        raise ValueError(f"hash_priorities: keys of {keys.dtype} and shape {list(keys.shape)}, expected int64 [N]")
    priorities: Tensor = torch.ops.modyn.hash_priorities(keys, _signed(seed), trigger, purpose, index)
    return priorities


def bottom_k_by_hash(keys: Tensor, k: int, *, seed: int, trigger: int = 0, purpose: int, index: int = 0) -> Tensor:
    """Where the k keys of the lowest priorities lie: a uniform sample that depends on keys, not on their order.

    Args:
        keys: int64 [N], none negative.
        k: at most N.
        seed: of the address, in [0, 2^64).
        trigger: of the address, in [0, 2^32).
        purpose: of the address, in [0, 2^24).
        index: of the address, in [0, 2^63).

    Returns:
        int64 [k], ascending.

    Raises:
        ValueError: k is negative or more than N, or an argument is not as described.
    """
    priorities = hash_priorities(keys, seed=seed, trigger=trigger, purpose=purpose, index=index)
    return top_k(priorities, k, largest=False, order="index")


def _check_address(name: str, seed: int, trigger: int, purpose: int, index: int) -> None:
    for part, value, bits in (
        ("seed", seed, 64),
        ("trigger", trigger, 32),
        ("purpose", purpose, 24),
        ("index", index, 63),
    ):
        if not 0 <= value < 2**bits:
            raise ValueError(f"{name}: {part} is {value}, expected a number from 0, below 2^{bits}")


def _signed(seed: int) -> int:
    """As operators take it: the same 64 bits."""
    return seed - 2**64 if seed >= 2**63 else seed


def _usable_type(weights: Tensor) -> torch.dtype:
    return weights.dtype if weights.dtype == torch.float32 else torch.float64


def _sample_cpu(
    weights: Tensor, k: int, smoothing: float, seed: int, trigger: int, purpose: int, index: int
) -> tuple[Tensor, Tensor, Tensor]:
    typed = dense(weights, _usable_type(weights))
    indices = torch.empty(k, dtype=torch.int64)
    probabilities = torch.empty(k, dtype=torch.float64)
    unusable = _kernels.weighted_sample(
        address(typed),
        typed.dtype == torch.float64,
        len(typed),
        k,
        smoothing,
        seed % 2**64,
        trigger,
        purpose,
        index,
        address(indices),
        address(probabilities),
        threads(),
    )
    return indices, probabilities, torch.tensor(unusable)


def _sample_reference(
    weights: Tensor, k: int, smoothing: float, seed: int, trigger: int, purpose: int, index: int
) -> tuple[Tensor, Tensor, Tensor]:
    of_address = _native.random_bits(seed % 2**64, trigger, purpose, index)
    return weighted_sample_reference(weights.to(_usable_type(weights)), k, smoothing, of_address, trigger, purpose)


def _sample_fake(
    weights: Tensor, k: int, _smoothing: float, _seed: int, _trigger: int, _purpose: int, _index: int
) -> tuple[Tensor, Tensor, Tensor]:
    return (
        weights.new_empty(k, dtype=torch.int64),
        weights.new_empty(k, dtype=torch.float64),
        weights.new_empty((), dtype=torch.int64),
    )


def _refuse_negative(keys: Tensor) -> None:
    if len(keys) > 0 and int(keys.min()) < 0:
        raise ValueError(f"hash_priorities: a key is {int(keys.min())}, expected none below 0")


def _priorities_cpu(keys: Tensor, seed: int, trigger: int, purpose: int, index: int) -> Tensor:
    _refuse_negative(keys)
    typed, priorities = dense(keys, torch.int64), torch.empty(len(keys), dtype=torch.int64)
    _kernels.priorities(
        address(typed), len(typed), seed % 2**64, trigger, purpose, index, address(priorities), threads()
    )
    return priorities


def _priorities_reference(keys: Tensor, seed: int, trigger: int, purpose: int, index: int) -> Tensor:
    _refuse_negative(keys)
    mask = 2**63 - 1
    words = [
        _native.random_bits(seed % 2**64, trigger, purpose | ((0x40 + block) << 24), index) & mask for block in range(3)
    ]
    x = (keys + words[0]) & mask
    x = ((x ^ (x >> 32)) * (0xD6E8FEB86659FD93 - 2**64) + words[1]) & mask
    x = ((x ^ (x >> 29)) * (0xBF58476D1CE4E5B9 - 2**64) + words[2]) & mask
    x = ((x ^ (x >> 32)) * (0x94D049BB133111EB - 2**64)) & mask
    return x ^ (x >> 31)


def _priorities_fake(keys: Tensor, _seed: int, _trigger: int, _purpose: int, _index: int) -> Tensor:
    return torch.empty_like(keys)


WEIGHTED_SAMPLE = Operator(_sample_cpu, _sample_reference, _sample_fake)
HASH_PRIORITIES = Operator(_priorities_cpu, _priorities_reference, _priorities_fake)
