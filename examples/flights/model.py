"""A small network for tables: an embedding for each category, a multi-layer perceptron over all of it."""

from __future__ import annotations

import torch
from torch import nn

NUMERIC = 9  # numbers of a sample, normalised by prepare.py
# Rows of each embedding table: carrier, origin, destination, hour, weekday, wind sector. Row 0 is for
# the unknown; carriers, origins and destinations have room for names that have yet to appear.
TABLES = (32, 8, 192, 25, 8, 9)


class FlightNet(nn.Module):
    """Predicts whether a flight will arrive late.

    Args:
        hidden: width of the two hidden layers.
        embedding: width of each category's embedding.
        dropout: probability with which a hidden unit is dropped in training.
    """

    def __init__(self, hidden: int = 64, embedding: int = 8, dropout: float = 0.1) -> None:
        super().__init__()
        self.embeddings = nn.ModuleList(nn.Embedding(rows, embedding) for rows in TABLES)
        self.layers = nn.Sequential(
            nn.Linear(NUMERIC + embedding * len(TABLES), hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, 1),
        )

    def forward(self, sample: dict[str, torch.Tensor]) -> torch.Tensor:
        """Logits [B] of {"numeric": float32[B, 9], "categorical": int32[B, 6]}."""
        categories = sample["categorical"].unbind(dim=1)
        features = [sample["numeric"]]
        for table, numbers in zip(self.embeddings, categories, strict=True):
            known = (numbers > 0) & (numbers < table.num_embeddings)
            features.append(table(torch.where(known, numbers, 0)))
        return self.layers(torch.cat(features, dim=1)).squeeze(1)
