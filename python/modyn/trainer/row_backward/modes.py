"""Whether a model computes in training what it computes in evaluation."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.modules.instancenorm import _InstanceNorm


def same_in_training(model: nn.Module) -> bool:
    """Whether no module of torch in the model has another output in training mode than in evaluation mode.

    If so, the scores of a forward pass in training mode are those of one in evaluation mode, and one pass for scores
    and gradients is cheaper than two. If not, two are: dropout takes longer to draw its masks for all samples than to
    leave them out, and batch norm makes the gradients of all samples depend on each other, so that `take_rows` gains
    nothing. What modules of one's own do in training is not looked into.
    """
    return not any(_differs(module) for module in model.modules())


def _differs(module: nn.Module) -> bool:
    match module:
        case _DropoutNd():
            return module.p > 0
        case _BatchNorm():
            return True
        case _InstanceNorm():
            return bool(module.track_running_stats)
        case nn.MultiheadAttention():
            return bool(module.dropout > 0)
        case nn.RNNBase():
            return module.dropout > 0 and module.num_layers > 1
    return isinstance(module, nn.RReLU)
