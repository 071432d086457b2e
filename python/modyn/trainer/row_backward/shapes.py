"""Rules for what changes the shape of gradients and not their values."""

from __future__ import annotations

import math
from typing import Any

import torch

from modyn.trainer.row_backward.gradient import RowGradient, Rows, rule_for


@rule_for("view.default", "_unsafe_view.default", "reshape.default")
def _view(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    gradient, shape = args[0], list(args[1])
    if -1 in shape:
        known = -math.prod(shape)
        if known == 0:
            return NotImplemented
        shape[shape.index(-1)] = gradient.numel() // known
    rows, dim = gradient.rows, gradient.dim_of_rows
    # Elements are numbered by (before, sample, after); the new dimension of the samples must be a part of each.
    before = rows.outer * math.prod(gradient.shape[:dim])
    after = rows.inner * math.prod(gradient.shape[dim + 1 :])
    for new, size in enumerate(shape):
        left, right = math.prod(shape[:new]), math.prod(shape[new + 1 :])
        if left == 0 or right == 0:
            continue
        outer, inner = before // left, after // right
        if outer * rows.batch * inner == size:  # as left * size * right is all elements, both quotients are exact
            regrouped = Rows(rows.kept, rows.batch, outer, inner)
            shape[new] = regrouped.size
            return RowGradient(gradient.compact.reshape(shape), new, regrouped)
    return NotImplemented


@rule_for("permute.default")
def _permute(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    gradient, order = args[0], [dim % args[0].ndim for dim in args[1]]
    return RowGradient(gradient.compact.permute(order), order.index(gradient.dim_of_rows), gradient.rows)


@rule_for("transpose.int")
def _transpose(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    gradient, *swapped = args
    first, second = (dim % gradient.ndim for dim in swapped)
    dim = {first: second, second: first}.get(gradient.dim_of_rows, gradient.dim_of_rows)
    return RowGradient(gradient.compact.transpose(first, second), dim, gradient.rows)


@rule_for("t.default")
def _t(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    (gradient,) = args
    return RowGradient(gradient.compact.t(), gradient.ndim - 1 - gradient.dim_of_rows, gradient.rows)


@rule_for("unsqueeze.default")
def _unsqueeze(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    gradient, dim = args[0], args[1] % (args[0].ndim + 1)
    moved = gradient.dim_of_rows + (dim <= gradient.dim_of_rows)
    return RowGradient(gradient.compact.unsqueeze(dim), moved, gradient.rows)


@rule_for("squeeze.dim")
def _squeeze(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    gradient, dim = args[0], args[1] % args[0].ndim
    if dim == gradient.dim_of_rows:
        return NotImplemented
    gone = gradient.shape[dim] == 1 and dim < gradient.dim_of_rows
    return RowGradient(gradient.compact.squeeze(dim), gradient.dim_of_rows - gone, gradient.rows)


@rule_for("expand.default")
def _expand(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    gradient, shape = args[0], list(args[1])
    dim = gradient.dim_of_rows + len(shape) - gradient.ndim
    if shape[dim] not in (-1, gradient.rows.full):
        return NotImplemented
    shape[dim] = gradient.rows.size
    return RowGradient(gradient.compact.expand(shape), dim, gradient.rows)


@rule_for("slice_backward.default")
def _slice_backward(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    gradient, shape, dim, *rest = args
    if dim % len(shape) == gradient.dim_of_rows:
        return NotImplemented
    shape = [*shape]
    shape[gradient.dim_of_rows] = gradient.rows.size
    return RowGradient(func(gradient.compact, shape, dim, *rest), gradient.dim_of_rows, gradient.rows)


@rule_for("select_backward.default")
def _select_backward(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    gradient, shape, dim, index = args
    dim %= len(shape)
    moved = gradient.dim_of_rows + (dim <= gradient.dim_of_rows)
    shape = [*shape]
    shape[moved] = gradient.rows.size
    return RowGradient(func(gradient.compact, shape, dim, index), moved, gradient.rows)


@rule_for("slice.Tensor")
def _slice(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    gradient, *rest = args
    if (rest[0] if rest else 0) % gradient.ndim == gradient.dim_of_rows:
        return NotImplemented
    return RowGradient(func(gradient.compact, *rest), gradient.dim_of_rows, gradient.rows)


@rule_for("select.int", "unbind.int")
def _without_dimension(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    gradient, *rest = args
    dim = (rest[0] if rest else 0) % gradient.ndim
    if dim == gradient.dim_of_rows:
        return NotImplemented
    moved = gradient.dim_of_rows - (dim < gradient.dim_of_rows)
    result = func(gradient.compact, *rest)
    if isinstance(result, torch.Tensor):
        return RowGradient(result, moved, gradient.rows)
    return [RowGradient(part, moved, gradient.rows) for part in result]


@rule_for("cat.default", "stack.default")
def _joined(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    parts, *rest = args
    first = parts[0]
    for part in parts:
        if not isinstance(part, RowGradient) or part.ndim != first.ndim:
            return NotImplemented
        if part.dim_of_rows != first.dim_of_rows or not part.rows.same_as(first.rows):
            return NotImplemented
    stacks = func is torch.ops.aten.stack.default
    dim = (rest[0] if rest else 0) % (first.ndim + stacks)
    if dim == first.dim_of_rows and not stacks:
        return NotImplemented
    moved = first.dim_of_rows + (stacks and dim <= first.dim_of_rows)
    return RowGradient(func([part.compact for part in parts], *rest), moved, first.rows)


@rule_for("constant_pad_nd.default")
def _pad(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    gradient, pad, *value = args
    # Two numbers for each dimension, from the last.
    ours = 2 * (gradient.ndim - 1 - gradient.dim_of_rows)
    if any(pad[ours : ours + 2]) or any(value):
        return NotImplemented
    return RowGradient(func(gradient.compact, pad), gradient.dim_of_rows, gradient.rows)


@rule_for("alias.default", "clone.default", "detach.default", "_to_copy.default")
def _copy(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    (gradient,) = args
    result = func(gradient.compact, **kwargs)
    if result.device != gradient.device:
        return NotImplemented  # the numbers of the kept samples are not there
    return RowGradient(result, gradient.dim_of_rows, gradient.rows)
