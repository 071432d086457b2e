"""Rules for layers whose backward pass is one operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from modyn.trainer.row_backward.algebra import operand
from modyn.trainer.row_backward.gradient import RowGradient, Rule, rule_for

Condition = Callable[[RowGradient, tuple[Any, ...]], bool]


def _samples_first(gradient: RowGradient, args: tuple[Any, ...]) -> bool:
    return gradient.dim_of_rows == 0


def _layer(
    of_samples: tuple[int, ...],
    results: tuple[int, ...] = (0,),
    counts: tuple[int, ...] = (),
    applies: Condition = _samples_first,
) -> Rule:
    """The rule for an operation whose first argument is a gradient, and that treats each sample by itself.

    Args:
        of_samples: positions of the tensors that have the samples where the gradient has them.
        results: positions of the results that have them there too; the others are sums over the samples.
        counts: positions of arguments that are the size of this dimension.
        applies: whether the samples are independent of each other with these arguments.
    """

    def rule(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        gradient = args[0]
        if not isinstance(gradient, RowGradient) or not applies(gradient, args):
            return NotImplemented
        dim, rows, kept = gradient.dim_of_rows, gradient.rows, list(args)
        kept[0] = gradient.compact
        for position in of_samples:
            tensor = args[position]
            if isinstance(tensor, RowGradient) or tensor.ndim <= dim or tensor.shape[dim] != rows.full:
                return NotImplemented
            kept[position] = rows.take(tensor, dim)
        for position in counts:
            kept[position] = rows.size
        options = dict(kwargs)
        for name, option in kwargs.items():
            if isinstance(option, torch.Tensor):
                options[name] = operand(option, gradient)
                if options[name] is None:
                    return NotImplemented
        computed = func(*kept, **options)
        if isinstance(computed, torch.Tensor):
            return RowGradient(computed, dim, rows) if results else computed
        return tuple(
            RowGradient(part, dim, rows) if number in results and part is not None else part
            for number, part in enumerate(computed)
        )

    return rule


rule_for("convolution_backward.default")(_layer((1,)))
rule_for(
    "_adaptive_avg_pool2d_backward.default",
    "_adaptive_avg_pool3d_backward.default",
    "avg_pool2d_backward.default",
    "avg_pool3d_backward.default",
)(_layer((1,)))
rule_for("adaptive_max_pool2d_backward.default", "adaptive_max_pool3d_backward.default")(_layer((1, 2)))
rule_for("max_pool2d_with_indices_backward.default", "max_pool3d_with_indices_backward.default")(_layer((1, 7)))


def _not_normalized(gradient: RowGradient, args: tuple[Any, ...]) -> bool:
    return gradient.dim_of_rows < gradient.ndim - len(args[2])


rule_for("native_layer_norm_backward.default")(_layer((1, 3, 4), applies=_not_normalized))
rule_for("_fused_rms_norm_backward.default")(_layer((1, 3), applies=_not_normalized))
rule_for("native_group_norm_backward.default")(_layer((1, 2, 3), counts=(5,)))


def _uses_running_statistics(gradient: RowGradient, args: tuple[Any, ...]) -> bool:
    # In training, the statistics come from all samples: so the gradients of all depend on those of the kept ones.
    training: bool = args[7]
    return gradient.dim_of_rows == 0 and not training


rule_for("native_batch_norm_backward.default")(_layer((1,), applies=_uses_running_statistics))


def _not_softmaxed(gradient: RowGradient, args: tuple[Any, ...]) -> bool:
    softmaxed: int = args[2] % gradient.ndim
    return gradient.dim_of_rows != softmaxed


rule_for("_softmax_backward_data.default", "_log_softmax_backward_data.default")(_layer((1,), applies=_not_softmaxed))


def _counts_nothing(gradient: RowGradient, args: tuple[Any, ...]) -> bool:
    # Scaled by frequency, the gradient depends on how often the other samples have an index.
    scaled: bool = args[4]
    return gradient.dim_of_rows < args[1].ndim and not scaled


rule_for("embedding_dense_backward.default")(_layer((1,), results=(), applies=_counts_nothing))


def _no_dropout(position: int, *absent: int) -> Condition:
    """Where dropout happens inside of an operation, its mask depends on the sample's number."""

    def applies(gradient: RowGradient, args: tuple[Any, ...]) -> bool:
        return _samples_first(gradient, args) and not args[position] and all(args[other] is None for other in absent)

    return applies


rule_for("_scaled_dot_product_flash_attention_for_cpu_backward.default")(
    _layer((1, 2, 3, 4, 5), results=(0, 1, 2), applies=_no_dropout(6))
)
rule_for("_scaled_dot_product_flash_attention_backward.default")(
    _layer((1, 2, 3, 4, 5), results=(0, 1, 2), applies=_no_dropout(10, 6, 7))
)
rule_for("_scaled_dot_product_efficient_attention_backward.default")(
    _layer((1, 2, 3, 5, 6), results=(0, 1, 2), applies=_no_dropout(9, 4))
)
