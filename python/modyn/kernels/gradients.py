"""Factorised gradients of a network's last layers: inner products without the gradients.

Sample i has the gradient g_i [C] of its loss with respect to the logits. With its embedding e_i [E], the input of the
last layer, the gradient of that layer's weights and biases is [g_i ; vec(g_i e_i^T)], of C + C * E numbers. Everything
that selection needs of it follows from <f_i, f_j> = <g_i, g_j> * (1 + <e_i, e_j>), so it is never written down.
"""

from __future__ import annotations

import torch
from torch import Tensor

from modyn import _kernels
from modyn.kernels.operator import Operator, address, dense, threads


def gradient_inner_products(
    gradients: Tensor, embeddings: Tensor | None, other_gradients: Tensor, other_embeddings: Tensor | None
) -> Tensor:
    """Inner products of the gradients of N samples with those of M others.

    Args:
        gradients: [N, C], of the loss with respect to the logits.
        embeddings: [N, E], inputs of the last layer; None for the gradients of the logits alone.
        other_gradients: [M, C].
        other_embeddings: [M, E]; None exactly if `embeddings` is.

    Returns:
        float32 [N, M].

    Raises:
        ValueError: the shapes do not fit each other.
    """
    check_factors(gradients, embeddings)
    check_factors(other_gradients, other_embeddings)
    if (embeddings is None) != (other_embeddings is None):
        raise ValueError("gradient_inner_products: embeddings are given for one side only")
    for name, one, other in (
        ("gradients", gradients, other_gradients),
        ("embeddings", embeddings, other_embeddings),
    ):
        if one is not None and other is not None and one.shape[1] != other.shape[1]:
            raise ValueError(
                f"gradient_inner_products: {name} of {one.shape[1]} and of {other.shape[1]} numbers do not fit"
            )
    products: Tensor = torch.ops.modyn.gradient_inner_products(gradients, embeddings, other_gradients, other_embeddings)
    return products


def check_factors(gradients: Tensor, embeddings: Tensor | None) -> None:
    """Raises ValueError unless these are [N, C] and [N, E] or None."""
    if gradients.ndim != 2:
        raise ValueError(f"gradients have {gradients.ndim} dimensions, expected [samples, classes]")
    if embeddings is not None and (embeddings.ndim != 2 or embeddings.shape[0] != gradients.shape[0]):
        raise ValueError(
            f"embeddings of shape {list(embeddings.shape)} do not fit {gradients.shape[0]} gradients, "
            "expected [samples, width]"
        )


def _inner_products_cpu(
    gradients: Tensor, embeddings: Tensor | None, other_gradients: Tensor, other_embeddings: Tensor | None
) -> Tensor:
    g, other_g = dense(gradients), dense(other_gradients)
    e = None if embeddings is None else dense(embeddings)
    other_e = None if other_embeddings is None else dense(other_embeddings)
    out = g.new_empty((len(g), len(other_g)))
    _kernels.gradient_inner_products(
        address(g),
        address(e),
        len(g),
        address(other_g),
        address(other_e),
        len(other_g),
        g.shape[1],
        0 if e is None else e.shape[1],
        address(out),
        threads(),
    )
    return out


def _inner_products_reference(
    gradients: Tensor, embeddings: Tensor | None, other_gradients: Tensor, other_embeddings: Tensor | None
) -> Tensor:
    products = gradients.float() @ other_gradients.float().T
    if embeddings is None or other_embeddings is None:
        return products
    return products * (1 + embeddings.float() @ other_embeddings.float().T)


def _inner_products_fake(
    gradients: Tensor, embeddings: Tensor | None, other_gradients: Tensor, other_embeddings: Tensor | None
) -> Tensor:
    return gradients.new_empty((gradients.shape[0], other_gradients.shape[0]), dtype=torch.float32)


INNER_PRODUCTS = Operator(_inner_products_cpu, _inner_products_reference, _inner_products_fake)
