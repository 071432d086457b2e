"""Where the candidates of a choice from the whole training set come from, and what is known of them."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from modyn.metadata.history import TrainingHistory
from modyn.trainer.data.batch import Batch
from modyn.trainer.data.source import TrainingSamples
from modyn.trainer.downsampling.api import Candidates, Downsampler, ReadsHistory
from modyn.trainer.downsampling.balanced import Balanced
from modyn.trainer.downsampling.recorded import RecordedScores
from modyn.trainer.downsampling.scoring import Scored, ScoringPass


class CandidateSource(Protocol):
    """Gives the candidates of each choice.

    Attributes:
        scored: samples that went through the model for it so far.
    """

    scored: int

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
    """All samples, of which nothing is known: nothing is read. Those that were deleted are none.

    Args:
        samples: the training set.
    """

    def __init__(self, samples: TrainingSamples) -> None:
        places = np.arange(len(samples))
        self._places = torch.from_numpy(places[~samples.deleted_at(places)])
        self.scored = 0

    def candidates(self, number: int) -> Scored:
        """All."""
        return Scored(Candidates(len(self._places)), self._places)

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
    """All samples with what the training has recorded of them; those that it has not seen are scored.

    Args:
        scoring: runs the model.
        samples: the training set.
        downsampler: says what is measured.
        history: what earlier trainings of the run saw, if that was recorded.
    """

    def __init__(
        self,
        scoring: ScoringPass,
        samples: TrainingSamples,
        downsampler: Downsampler,
        history: TrainingHistory | None,
    ) -> None:
        self._scoring = scoring
        self._samples = samples
        self._downsampler = downsampler
        self._recorded = RecordedScores(len(samples))
        self.scored = 0
        # Which samples were deleted is seen in a pass alone.
        reader = downsampler.inner if isinstance(downsampler, Balanced) else downsampler
        if history is not None and isinstance(reader, ReadsHistory) and samples.deleted == 0:
            self._remember(history, reader)

    def _remember(self, history: TrainingHistory, reader: ReadsHistory) -> None:
        keys, weights = self._samples.read_at(np.arange(len(self._samples)))
        columns = reader.from_history(history.lookup(keys, reader.history_values))
        there = np.ones(len(keys), bool) if weights is None else weights != 0  # others are left out by a pass
        known = np.flatnonzero(np.logical_and.reduce([there, *(~np.isnan(column) for column in columns.values())]))
        labels = torch.from_numpy(self._samples.labels_of(keys[known]))
        self._recorded.enter(
            torch.from_numpy(known),
            {name: torch.from_numpy(column[known].astype(np.float32)) for name, column in columns.items()},
            labels,
        )

    def observe(self, batch: Batch, places: Tensor, output: Tensor, labels: Tensor) -> None:
        """A step has run these samples through the model."""
        outputs = self._scoring.outputs(batch, places, output, labels)
        columns = {name: column.cpu() for name, column in self._downsampler.measure(outputs).items()}
        # In the place of what was deleted stands another sample, of weight 0.
        there = torch.ones(len(places), dtype=torch.bool) if batch.weights is None else batch.weights.cpu() != 0
        columns = {name: column[there] for name, column in columns.items()}
        self._recorded.enter(places[there], columns, batch.labels[there])

    def candidates(self, number: int) -> Scored:
        """A pass over the unknown ones, if there are any."""
        unknown = self._recorded.unknown()
        if len(unknown):
            scored = self._scoring.run(self._samples, unknown, self._downsampler, number)
            self._recorded.enter(scored.positions, scored.candidates.columns, _labels(scored))
            self._recorded.leave_out_unknown()
            self.scored += len(unknown)
        return Scored(*self._recorded.candidates())

    def state_dict(self) -> dict[str, Any]:
        """All records."""
        return {"scored": self.scored, "recorded": self._recorded.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue with them."""
        self.scored = state["scored"]
        self._recorded.load_state_dict(state["recorded"])
        places = np.arange(len(self._samples))
        self._recorded.leave_out(torch.from_numpy(places[self._samples.deleted_at(places)]))


def _labels(scored: Scored) -> Tensor:
    assert scored.candidates.labels is not None, "a pass reads labels"
    return scored.candidates.labels
