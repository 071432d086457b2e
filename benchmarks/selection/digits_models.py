"""Networks for scikit-learn's digits; pipelines of the benchmark name them as `digits_models:Class`."""

from __future__ import annotations

import torch
from torch import nn


class DigitNet(nn.Module):
    """A small convolutional network: logits [B, 10] of float32 [B, 64], images of 8 x 8."""

    def __init__(self, channels: int = 32) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Unflatten(1, (1, 8, 8)),
            nn.Conv2d(1, channels, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(channels, 2 * channels, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(8 * channels, 64),
            nn.ReLU(),
            nn.Linear(64, 10),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.layers(images)
        return logits


class WideNet(nn.Module):
    """A multi-layer perceptron so wide that two thirds of the time go into its backward pass."""

    def __init__(self, width: int = 1024, depth: int = 5) -> None:
        super().__init__()
        hidden: list[nn.Module] = []
        for _ in range(depth):
            hidden += [nn.Linear(width, width), nn.ReLU()]
        self.layers = nn.Sequential(nn.Linear(64, width), nn.ReLU(), *hidden, nn.Linear(width, 10))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.layers(images)
        return logits
