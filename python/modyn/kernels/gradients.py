"""Factorised gradients of a network's last layers: what selection needs of them, without the gradients.

Sample i has the gradient g_i [C] of its loss with respect to the logits. With its embedding e_i [E], the input of the
last layer, the gradient of that layer's weights and biases is f_i = [g_i ; vec(g_i e_i^T)], of C + C * E numbers. It
is never written down: with u_i = [1 ; e_i] it is the matrix g_i u_i^T, whose products, norms and distances follow from
those of its factors. Sums of gradients, and what they are compared with, are [C, E + 1], the column of the bias first.
"""

from __future__ import annotations

import torch
from torch import Tensor


def gradient_inner_products(
    gradients: Tensor, embeddings: Tensor | None, other_gradients: Tensor, other_embeddings: Tensor | None
) -> Tensor:
    """Inner products of the gradients of N samples with those of M others.

    <f_i, f_j> = <g_i, g_j> (1 + <e_i, e_j>).

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
    _check_pair("gradient_inner_products", gradients, embeddings, other_gradients, other_embeddings)
    products: Tensor = torch.ops.modyn.gradient_inner_products(gradients, embeddings, other_gradients, other_embeddings)
    return products


def gradient_distances(
    gradients: Tensor, embeddings: Tensor | None, other_gradients: Tensor, other_embeddings: Tensor | None
) -> Tensor:
    """Euclidean distances between the gradients of N samples and those of M others.

    Not |f_i|^2 + |f_j|^2 - 2 <f_i, f_j>, which loses the digits that gradients share. Distances of factors are taken
    from differences, and where g' and u' are the means of both samples' g and u,
    |f_i - f_j|^2 = |g_i - g_j|^2 |u'|^2 + |g'|^2 |u_i - u_j|^2 + 2 <g_i - g_j, g'> <u', u_i - u_j>, all in float64.
    So a distance is right to 1e-6 of itself, whatever gradients or embeddings have in common. Only where these terms
    cancel, because a larger g makes up for a smaller u, is it right to 1e-7 of the norms. NaN gives NaN.

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
    _check_pair("gradient_distances", gradients, embeddings, other_gradients, other_embeddings)
    distances: Tensor = torch.ops.modyn.gradient_distances(gradients, embeddings, other_gradients, other_embeddings)
    return distances


def gradient_norms(gradients: Tensor, embeddings: Tensor | None) -> Tensor:
    """Euclidean norms of the gradients: |g_i| sqrt(1 + |e_i|^2), summed in float64.

    Args:
        gradients: [N, C].
        embeddings: [N, E]; None for the gradients of the logits alone.

    Returns:
        float32 [N].

    Raises:
        ValueError: the shapes do not fit each other.
    """
    check_factors(gradients, embeddings)
    norms: Tensor = torch.ops.modyn.gradient_norms(gradients, embeddings)
    return norms


def gradient_correlations(gradients: Tensor, embeddings: Tensor | None, residual: Tensor) -> Tensor:
    """Inner products of the gradients with one that need not be of a sample: g_i^T R [1 ; e_i].

    Args:
        gradients: [N, C].
        embeddings: [N, E]; None for the gradients of the logits alone.
        residual: R, [C, E + 1]; [C, 1] without embeddings.

    Returns:
        float32 [N].

    Raises:
        ValueError: the shapes do not fit each other.
    """
    check_factors(gradients, embeddings)
    shape = (gradients.shape[1], 1 + (0 if embeddings is None else embeddings.shape[1]))
    if residual.shape != shape:
        raise ValueError(
            f"gradient_correlations: a residual of shape {list(residual.shape)} does not fit, expected {list(shape)}"
        )
    correlations: Tensor = torch.ops.modyn.gradient_correlations(gradients, embeddings, residual)
    return correlations


def gradient_weighted_sum(gradients: Tensor, embeddings: Tensor | None, weights: Tensor) -> Tensor:
    """Sum of the gradients, weighted: sum_i w_i f_i, as [C, E + 1]. Partial sums are added in float64.

    Args:
        gradients: [N, C].
        embeddings: [N, E]; None for the gradients of the logits alone.
        weights: [N].

    Returns:
        float32 [C, E + 1]; [C, 1] without embeddings.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    check_factors(gradients, embeddings)
    if weights.shape != gradients.shape[:1]:
        raise ValueError(
            f"gradient_weighted_sum: weights of shape {list(weights.shape)} do not fit {gradients.shape[0]} gradients"
        )
    total: Tensor = torch.ops.modyn.gradient_weighted_sum(gradients, embeddings, weights)
    return total


def check_factors(gradients: Tensor, embeddings: Tensor | None) -> None:
    """Raises ValueError unless these are [N, C] and [N, E] or None."""
    if gradients.ndim != 2:
        raise ValueError(f"gradients have {gradients.ndim} dimensions, expected [samples, classes]")
    if embeddings is not None and (embeddings.ndim != 2 or embeddings.shape[0] != gradients.shape[0]):
        raise ValueError(
            f"embeddings of shape {list(embeddings.shape)} do not fit {gradients.shape[0]} gradients, "
            "expected [samples, width]"
        )


def _check_pair(
    operator: str,
    gradients: Tensor,
    embeddings: Tensor | None,
    other_gradients: Tensor,
    other_embeddings: Tensor | None,
) -> None:
    check_factors(gradients, embeddings)
    check_factors(other_gradients, other_embeddings)
    if (embeddings is None) != (other_embeddings is None):
        raise ValueError(f"{operator}: embeddings are given for one side only")
    for name, one, other in (
        ("gradients", gradients, other_gradients),
        ("embeddings", embeddings, other_embeddings),
    ):
        if one is not None and other is not None and one.shape[1] != other.shape[1]:
            raise ValueError(f"{operator}: {name} of {one.shape[1]} and of {other.shape[1]} numbers do not fit")
