"""Where the candidates of a choice from the whole training set come from, and what is known of them."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from modyn.trainer.data.batch import Batch
from modyn.trainer.data.source import TrainingSamples
from modyn.trainer.downsampling.api import Candidates, Downsampler
from modyn.trainer.downsampling.recorded import RecordedScores
from modyn.trainer.downsampling.scoring import Scored, ScoringPass


class CandidateSource(Protocol):
    """Gives the candidates of each choice."""

    @property
    def scored(self) -> int:
        """Samples that went through the model for choosing alone, so far."""
        ...

    def candidates(self, number: int) -> Scored:
        """The candidates of choice `number`, and their places in the training set."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from it."""
        ...


class Unseen:
    """All samples, of which nothing is known: nothing is read.

    Args:
        size: of the training set.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self.scored = 0

    def candidates(self, number: int) -> Scored:
        """All."""
        return Scored(Candidates(self._size), torch.arange(self._size))

    def state_dict(self) -> dict[str, Any]:
        """Empty."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing to continue from."""


class FreshlyScored:
    """All samples, scored for each choice with the model as it is then.

    Args:
        scoring: runs the model.
        samples: the training set.
        downsampler: says what is measured.
    """

    def __init__(self, scoring: ScoringPass, samples: TrainingSamples, downsampler: Downsampler) -> None:
        self._scoring = scoring
        self._samples = samples
        self._downsampler = downsampler
        self.scored = 0

    def candidates(self, number: int) -> Scored:
        """One pass over all."""
        self.scored += len(self._samples)
        return self._scoring.run(self._samples, torch.arange(len(self._samples)), self._downsampler, number)

    def state_dict(self) -> dict[str, Any]:
        """How many were scored."""
        return {"scored": self.scored}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Count on."""
        self.scored = state["scored"]


class Recorded:
    """All samples with what the training has recorded of them; before the first choice they are scored.

    Args:
        scoring: runs the model.
        samples: the training set.
        downsampler: says what is measured.
    """

    def __init__(self, scoring: ScoringPass, samples: TrainingSamples, downsampler: Downsampler) -> None:
        self._fresh = FreshlyScored(scoring, samples, downsampler)
        self._scoring = scoring
        self._downsampler = downsampler
        self._recorded = RecordedScores(len(samples))

    @property
    def scored(self) -> int:
        """Samples that went through the model for choosing alone."""
        return self._fresh.scored

    def observe(self, batch: Batch, places: Tensor, output: Tensor, labels: Tensor) -> None:
        """A step has run these samples through the model."""
        outputs = self._scoring.outputs(batch, places, output, labels)
        self._recorded.enter(places, self._downsampler.measure(outputs))

    def candidates(self, number: int) -> Scored:
        """A pass over all, if there was none yet."""
        if not self._recorded.known:
            candidates, places = self._fresh.candidates(number)
            self._recorded.begin(places, candidates)
        return Scored(*self._recorded.candidates())

    def state_dict(self) -> dict[str, Any]:
        """All records."""
        return self._fresh.state_dict() | {"recorded": self._recorded.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue with them."""
        self._fresh.load_state_dict(state)
        self._recorded.load_state_dict(state["recorded"])
