"""What one forward pass gave for n samples, and what follows from it when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from modyn.storage.api import Keys
from modyn.trainer.downsampling.scorer import Scorer, Scores


@dataclass
class Outputs:
    """A forward pass, on the training's device and without a graph.

    Attributes:
        keys: int64 [n], of the samples.
        positions: int64 [n], where they are in the training set.
        output: what the model gave, [n, ...].
        labels: [n, ...], as the criterion takes them.
        embeddings: [n, E], what went into the model's last layer; None if no one asked for it.
        scorer: knows the criterion.
    """

    keys: Keys
    positions: Tensor
    output: Tensor
    labels: Tensor
    embeddings: Tensor | None
    scorer: Scorer

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def losses(self) -> Tensor:
        """Loss of each sample, float32 [n]."""
        return self.scorer.losses(self.output, self.labels)

    @cached_property
    def scores(self) -> Scores:
        """Loss, certainty and gradient norm of each sample, in one pass over the outputs.

        Raises:
            ModelError: the criterion is none of classification.
        """
        return self.scorer.scores(self.output, self.labels)

    @cached_property
    def gradient_norms(self) -> Tensor:
        """Length of each sample's gradient with respect to its outputs, float32 [n]."""
        return self.scorer.gradient_norms(self.output, self.labels)

    @cached_property
    def gradients(self) -> Tensor:
        """Gradients of each sample's loss with respect to its outputs, float32 [n, C]."""
        return self.scorer.gradients(self.output, self.labels)
