"""Taking the outputs of the kept samples, so that the backward pass computes for them alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import torch
from torch.autograd.function import once_differentiable
from torch.autograd.graph import Node
from torch.utils._pytree import tree_flatten, tree_map_only

from modyn.errors import ModelError
from modyn.trainer.row_backward.gradient import RowGradient, Rows, with_zeros

Output = TypeVar("Output")
_GUARDED = "modyn.row_backward"


def take_rows(output: Output, kept: torch.Tensor) -> Output:
    """The outputs of the kept samples.

    Same as `output[kept]`, values and gradients, but the backward pass of what computed the output costs about
    k/B of that of all samples, where autograd would carry the zeros of the others through the whole model. It does so
    as far as the model treats its samples independently: from an operation on that mixes them (batch norm in training,
    for one) or that torch cannot look into (compiled modules, autograd functions of one's own), the backward pass goes
    over all samples as usual.

    One difference: a sample that is left out and has infinite or undefined activations adds nothing to the gradients;
    usually, 0 times infinity would make them undefined.

    Args:
        output: what a model gave for a batch of B samples: a tensor [B, ...], or tuples, lists and dicts with such; a
            tensor without dimensions belongs to all samples and is left as it is.
        kept: int64 [k] on the device of the output, numbers of samples; repeated ones count repeatedly.

    Raises:
        ModelError: the output has tensors of different first dimensions.
    """
    tensors = [leaf for leaf in tree_flatten(output)[0] if isinstance(leaf, torch.Tensor) and leaf.ndim]
    batches = {len(tensor) for tensor in tensors}
    if len(batches) != 1:
        raise ModelError(
            f"the model's output has tensors of shapes {[tuple(tensor.shape) for tensor in tensors]}; to keep some of "
            "the samples, the first dimension of each must be that of the samples"
        )
    rows = Rows(kept, batches.pop())
    _guard((tensor.grad_fn for tensor in tensors), rows.batch)

    def take(tensor: torch.Tensor) -> Any:
        return _TakeRows.apply(tensor, rows) if tensor.ndim else tensor  # type: ignore[no-untyped-call]

    taken: Output = tree_map_only(torch.Tensor, take, output)
    return taken


class _TakeRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, output: torch.Tensor, rows: Rows) -> torch.Tensor:
        ctx.rows = rows
        return output.index_select(0, rows.kept)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[RowGradient, None]:
        return RowGradient(gradient, 0, ctx.rows), None


def _guard(outputs: Iterable[Node | None], batch: int) -> None:
    """Have all nodes get dense gradients that could do anything with them."""
    seen = set()
    waiting: list[Any] = [node for node in outputs if node is not None]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if _is_foreign(node, batch) and _GUARDED not in node.metadata:
            node.metadata[_GUARDED] = True  # some nodes live longer than a step
            node.register_prehook(with_zeros)
        waiting.extend(following for following, _ in node.next_functions if following is not None)


def _is_foreign(node: Any, batch: int) -> bool:
    kind = type(node)
    if kind.__name__ == "AccumulateGrad":
        # What a leaf is given stays, and may be one of ours if the leaf has the samples, as inputs have.
        return any(size % batch == 0 for size in node.variable.shape)
    return issubclass(kind, torch._C._FunctionBase) or "::" in node.name()
