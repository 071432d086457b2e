"""What a training consists of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from modyn.trainer.criterion import Criterion
from modyn.trainer.optimizers import Optimizers
from modyn.trainer.precision import Precision
from modyn.trainer.schedulers import LearningRateSchedule


@dataclass(frozen=True)
class Components:
    """The parts of one training, as its configuration describes them."""

    model: nn.Module
    optimizers: Optimizers
    criterion: Criterion
    precision: Precision
    schedule: LearningRateSchedule | None
    label_transformer: Callable[[torch.Tensor], torch.Tensor] | None
    device: torch.device
