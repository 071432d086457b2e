"""Triggers: policies that decide when to train. They see the stream in columns and cut it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class StreamBatch:
    """Consecutive samples of the stream, in the order in which they arrive.

    Attributes:
        first_position: position of the first sample in the view.
        keys: int64[n].
        timestamps: int64[n], Unix seconds.
        labels: int64[n].
    """

    first_position: int
    keys: npt.NDArray[np.int64]
    timestamps: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True)
class TriggerDecision:
    """Train now.

    Attributes:
        cut: how many samples of the batch belong to this trigger or to those before it, 0 to len(batch). 0 cuts before
            the first sample of the batch; the cut of the previous decision once more is a trigger without new data.
        reason: why, for the report: JSON-able and small.
    """

    cut: int
    reason: dict[str, Any]


class Trigger(Protocol):
    """A trigger policy.

    Policies resume: when `inform` yields a decision with cut c, `state_dict()` describes the policy as if it had seen
    the samples up to c and made the decisions up to this one. A new policy that loads this state and is informed of the
    samples from c on, in batches of any size, makes the decisions that this one would have made. So one may stop
    iterating after any decision and inform the same policy of the rest. Once `inform` is exhausted the state
    covers the whole batch.
    """

    def inform(self, batch: StreamBatch) -> Iterator[TriggerDecision]:
        """Show the next samples; yields decisions with ascending cuts, each computed only when asked for.

        The caller trains before it asks for the next decision, so a policy may use the new model from then on.
        """
        ...

    def inform_new_model(self, model: int, samples: int, training_seconds: float) -> None:
        """Tell of the model that the latest decision led to, with the cost of its training."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """The state as a JSON-able dict."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state that `state_dict` of a policy with the same configuration gave."""
        ...
