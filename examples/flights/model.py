"""A small network for tables: an embedding for each category, a multi-layer perceptron over all of it."""

from __future__ import annotations

import torch
from torch import nn

NUMERIC = 9  # numbers of a sample, normalised by prepare.py
# How many categories each column can tell apart: carrier, origin, destination, hour, weekday, wind sector. Number 0
# is the unknown one; carriers, origins and destinations have room for names that have yet to appear.
CATEGORIES = (32, 8, 192, 25, 8, 9)


class FlightNet(nn.Module):
    """Predicts whether a flight will arrive late.

    Args:
        hidden: width of the two hidden layers.
        embedding: width of each category's embedding.
        dropout: probability with which a hidden unit is dropped in training.
    """

    sizes: torch.Tensor
    first_rows: torch.Tensor

    def __init__(self, hidden: int = 64, embedding: int = 8, dropout: float = 0.1) -> None:
        super().__init__()
        # One table for all columns, each with a range of rows of its own: one look-up instead of six.
        sizes = torch.tensor(CATEGORIES)
        self.register_buffer("sizes", sizes, persistent=False)
        self.register_buffer("first_rows", sizes.cumsum(0) - sizes, persistent=False)
        self.embedding = nn.Embedding(sum(CATEGORIES), embedding)
        self.layers = nn.Sequential(
            nn.Linear(NUMERIC + embedding * len(CATEGORIES), hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, 1),
        )

    def forward(self, sample: dict[str, torch.Tensor]) -> torch.Tensor:
        """Logits [B] of {"numeric": float32[B, 9], "categorical": int32[B, 6]}."""
        categories = sample["categorical"]
        known = (categories > 0) & (categories < self.sizes)
        rows = torch.where(known, categories, 0) + self.first_rows
        features = torch.cat([sample["numeric"], self.embedding(rows).flatten(1)], dim=1)
        logits: torch.Tensor = self.layers(features).squeeze(1)
        return logits
