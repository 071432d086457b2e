"""Rules for arithmetic on gradients: element by element, sums, products of matrices."""

from __future__ import annotations

from typing import Any

import torch

from modyn.trainer.row_backward.gradient import RowGradient, Rule, rule_for


def operand(tensor: torch.Tensor, gradient: RowGradient) -> torch.Tensor | None:
    """What of `tensor`, broadcast against the gradient, meets its kept rows; None if the gradient is broadcast too."""
    if isinstance(tensor, RowGradient) or tensor.ndim > gradient.ndim:
        return None
    dim = gradient.dim_of_rows + tensor.ndim - gradient.ndim
    if dim < 0 or tensor.shape[dim] == 1:
        return tensor
    return gradient.rows.take(tensor, dim) if tensor.shape[dim] == gradient.rows.full else None


# Linear in their first argument, and zero where it is.
@rule_for(
    "mul.Tensor",
    "mul.Scalar",
    "div.Tensor",
    "div.Scalar",
    "neg.default",
    "masked_fill.Scalar",
    "elu_backward.default",
    "gelu_backward.default",
    "hardsigmoid_backward.default",
    "hardswish_backward.default",
    "hardtanh_backward.default",
    "leaky_relu_backward.default",
    "log_sigmoid_backward.default",
    "mish_backward.default",
    "native_dropout_backward.default",
    "_prelu_kernel_backward.default",
    "sigmoid_backward.default",
    "silu_backward.default",
    "softplus_backward.default",
    "tanh_backward.default",
    "threshold_backward.default",
)
def _elementwise(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    gradient, *others = args
    if not isinstance(gradient, RowGradient):
        return NotImplemented
    if func is torch.ops.aten.masked_fill.Scalar and others[1] != 0:
        return NotImplemented
    operands = []
    for other in others:
        if isinstance(other, torch.Tensor):
            other = operand(other, gradient)
            if other is None:
                return NotImplemented
        operands.append(other)
    result = func(gradient.compact, *operands, **kwargs)
    if isinstance(result, torch.Tensor):
        return RowGradient(result, gradient.dim_of_rows, gradient.rows)
    return tuple(RowGradient(part, gradient.dim_of_rows, gradient.rows) for part in result)


@rule_for("mul.Tensor")
def _product(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    left, right = args
    return _elementwise(func, args if isinstance(left, RowGradient) else (right, left), kwargs)


@rule_for("where.self")
def _where(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    condition, *choices = args
    number = 0 if isinstance(choices[0], RowGradient) else 1
    gradient, other = choices[number], choices[1 - number]
    # A number of the formula comes as a tensor without dimensions on the CPU, which may be looked at without waiting.
    if not isinstance(gradient, RowGradient) or other.ndim or other.device.type != "cpu" or other.item() != 0:
        return NotImplemented
    condition = operand(condition, gradient)
    if condition is None:
        return NotImplemented
    choices[number] = gradient.compact
    return RowGradient(func(condition, *choices), gradient.dim_of_rows, gradient.rows)


@rule_for("add.Tensor", "sub.Tensor")
def _sum_of_two(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    left, right = args
    if isinstance(left, RowGradient) and isinstance(right, RowGradient):
        if left.shape != right.shape or left.dim_of_rows != right.dim_of_rows or not left.rows.same_as(right.rows):
            return NotImplemented
        return RowGradient(func(left.compact, right.compact, **kwargs), left.dim_of_rows, left.rows)
    if isinstance(left, RowGradient) and func is torch.ops.aten.add.Tensor and not kwargs:
        left, right = right, left
    if not isinstance(right, RowGradient) or not isinstance(left, torch.Tensor) or kwargs:
        return NotImplemented
    if left.shape != right.shape or left.dtype != right.dtype or func is not torch.ops.aten.add.Tensor:
        return NotImplemented
    return right.rows.add_to(left, right.compact, right.dim_of_rows)


@rule_for("sum.dim_IntList", "sum.default")
def _sum(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    gradient, *rest = args
    result = func(gradient.compact, *rest, **kwargs)
    dims = [dim % gradient.ndim for dim in (rest[0] if rest else kwargs.get("dim")) or range(gradient.ndim)]
    if gradient.dim_of_rows in dims:
        return result
    keeps = rest[1] if len(rest) > 1 else kwargs.get("keepdim", False)
    gone = 0 if keeps else sum(dim < gradient.dim_of_rows for dim in dims)
    return RowGradient(result, gradient.dim_of_rows - gone, gradient.rows)


def _contraction(left: str, right: str, result: str) -> Rule:
    """The rule for an operation that is the einsum "left,right->result"."""

    def rule(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        first, second = args
        if isinstance(first, RowGradient):
            gradient, other, label, labels = first, second, left[first.dim_of_rows], right
        else:
            gradient, other, label, labels = second, first, right[second.dim_of_rows], left
        if isinstance(other, RowGradient):
            return NotImplemented
        if label in labels:
            other = gradient.rows.take(other, labels.index(label))
        operands = (gradient.compact, other) if gradient is first else (other, gradient.compact)
        product = func(*operands, **kwargs)
        return RowGradient(product, result.index(label), gradient.rows) if label in result else product

    return rule


rule_for("mm.default")(_contraction("ij", "jk", "ik"))
rule_for("bmm.default")(_contraction("nij", "njk", "nik"))
rule_for("mv.default")(_contraction("ij", "j", "i"))
rule_for("dot.default")(_contraction("i", "i", ""))
