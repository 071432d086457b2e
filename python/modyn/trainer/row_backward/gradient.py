"""Gradients that are zero but for some samples of the batch, held without the zeros.

If a loss depends on k of B samples only, the gradient of everything that belongs to one sample each (logits,
activations) is zero for the others. A `RowGradient` stands for such a gradient in full shape, but holds only what
belongs to the k samples. Autograd hands it from node to node as it does with any tensor; what the nodes compute with it
goes through rules (`algebra`, `shapes`, `layers`), none of which uses more than that the operation is linear in the
gradient. An operation without a rule gets the gradient with its zeros. So the result is right for every model, whether
its samples depend on each other or not; only what it costs differs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._pytree import tree_map_only

from modyn.errors import ModelError

Rule = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]
"""From an operation and its arguments, of which at least one is a RowGradient, to its result or NotImplemented."""

_RULES: dict[Any, Rule] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Where the samples of a batch lie along one dimension of a tensor, and which of them are kept.

    The dimension has the size `outer * batch * inner`: where [T, B, E] became [T * B, E], `outer` is T; where
    [B, T, E] became [B * T, E], `inner` is T.

    Args:
        kept: int64 [k], numbers of the kept samples.
        batch: samples of the batch.
        outer: how often the batch is repeated.
        inner: how many neighbouring places each sample has.
    """

    kept: torch.Tensor
    batch: int
    outer: int = 1
    inner: int = 1

    @property
    def full(self) -> int:
        """Size of the dimension."""
        return self.outer * self.batch * self.inner

    @property
    def size(self) -> int:
        """Size of the dimension with the kept samples only."""
        return self.outer * len(self.kept) * self.inner

    def same_as(self, other: Rows) -> bool:
        """Whether both are the same places."""
        return self.kept is other.kept and self._shape == other._shape

    def take(self, tensor: torch.Tensor, dim: int) -> torch.Tensor:
        """What of a tensor, whose dimension `dim` has the size `full`, belongs to the kept samples."""
        if self.outer * self.inner > 1:
            return torch.unflatten(tensor, dim, self._shape).index_select(dim + 1, self.kept).flatten(dim, dim + 2)
        if dim == 0 and _is_channels_last(tensor):
            # index_select would lay the channels out first, and convolutions would lay them out anew.
            return tensor.movedim(1, -1).index_select(0, self.kept).movedim(-1, 1)
        return tensor.index_select(dim, self.kept)

    def add_to(self, tensor: torch.Tensor, values: torch.Tensor, dim: int) -> torch.Tensor:
        """A tensor like `tensor` with the values of the kept samples added to it."""
        if self.outer * self.inner == 1:
            return tensor.index_add(dim, self.kept, values)
        values = torch.unflatten(values, dim, (self.outer, len(self.kept), self.inner))
        return torch.unflatten(tensor, dim, self._shape).index_add(dim + 1, self.kept, values).flatten(dim, dim + 2)

    @property
    def _shape(self) -> tuple[int, int, int]:
        return self.outer, self.batch, self.inner


class RowGradient(torch.Tensor):
    """A gradient that is zero but where one dimension belongs to kept samples.

    Args:
        values: the gradient there, kept as `compact`; its dimension `dim` has the size `rows.size`.
        dim: the dimension, not negative.
        rows: the places along it.
    """

    compact: torch.Tensor
    dim_of_rows: int
    rows: Rows

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, values: torch.Tensor, dim: int, rows: Rows) -> RowGradient:
        shape = list(values.shape)
        shape[dim] = rows.full
        gradient: RowGradient = torch.Tensor._make_wrapper_subclass(
            cls, shape, dtype=values.dtype, device=values.device
        )
        gradient.compact, gradient.dim_of_rows, gradient.rows = values, dim, rows
        return gradient

    def dense(self) -> torch.Tensor:
        """The same with its zeros."""
        return self.rows.add_to(self.compact.new_zeros(self.shape), self.compact, self.dim_of_rows)

    def __repr__(self) -> str:  # type: ignore[override]
        return f"RowGradient({self.compact!r}, dim={self.dim_of_rows}, rows={self.rows!r})"

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: tuple[type, ...], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        rule = _RULES.get(func)
        result = NotImplemented if rule is None else rule(func, args, kwargs)
        if result is not NotImplemented:
            return result
        _refuse_changes(func, args, kwargs)
        return func(*with_zeros(args), **with_zeros(kwargs))


def with_zeros(arguments: Any) -> Any:
    """The same arguments, in tuples, lists and dicts, with dense gradients."""
    return tree_map_only(RowGradient, RowGradient.dense, arguments)


def rule_for(*operations: str) -> Callable[[Rule], Rule]:
    """Register a rule for operations of ATen, named as in `mm.default`; those that this torch lacks need none."""

    def register(rule: Rule) -> Rule:
        for operation in operations:
            name, overload = operation.split(".")
            found = getattr(getattr(torch.ops.aten, name, None), overload, None)
            if found is not None:
                _RULES[found] = rule
        return rule

    return register


def _refuse_changes(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raise if the operation would write into a RowGradient: what it writes would be lost."""
    if not func._schema.is_mutable:
        return
    for position, argument in enumerate(func._schema.arguments):
        given = args[position] if position < len(args) else kwargs.get(argument.name)
        if argument.is_write and isinstance(given, RowGradient):
            raise ModelError(
                f"a backward hook changes the gradient that it is given ({func}); return a new tensor from it instead"
            )


def _is_channels_last(tensor: torch.Tensor) -> bool:
    return tensor.ndim > 3 and not tensor.is_contiguous() and tensor.movedim(1, -1).is_contiguous()
