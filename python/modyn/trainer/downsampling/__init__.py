"""Downsampling in the trainer: `build_downsampling` makes what a pipeline asks for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from modyn.config.downsampling import PluginDownsampling, SingleDownsamplingConfig
from modyn.plugins import DOWNSAMPLERS
from modyn.trainer.downsampling.api import Downsampler, budget
from modyn.trainer.downsampling.balanced import Balanced
from modyn.trainer.downsampling.checks import check_downsampler
from modyn.trainer.downsampling.partitioned import Partitioned

__all__ = ["Downsampling", "build_downsampling"]


@dataclass(frozen=True)
class Downsampling:
    """A downsampler and how a training uses it.

    Attributes:
        downsampler: chooses.
        sample_then_batch: from the whole training set, instead of from each batch.
        ratio: of `ratio_max` samples, so many are kept.
        ratio_max: as above.
        period: epochs between choices from the whole set; 0 for one choice.
        last_layer: name of the layer whose input is the embedding; None to find it.
        scores: for choices from the whole set: `fresh`, of a pass over it, or `recorded`, those that the training
            itself left behind.
        forward_passes: for choices within batches: whether kept samples go through the model once or twice.
    """

    downsampler: Downsampler
    sample_then_batch: bool
    ratio: int
    ratio_max: int
    period: int
    last_layer: str | None = None
    scores: Literal["fresh", "recorded"] = "fresh"
    forward_passes: Literal["auto", "one", "two"] = "auto"

    @property
    def weighs(self) -> bool:
        """Whether the criterion has to weigh samples; from parts of batches a mean is put together by weights."""
        return self.downsampler.weighted or not self.sample_then_batch

    def kept(self, samples: int) -> int:
        """How many of so many samples are kept."""
        return budget(samples, self.ratio, self.ratio_max)


# What is the same for all of them; the rest of a section are the downsampler's own options.
_COMMON = frozenset(
    {
        "strategy",
        "ratio",
        "ratio_max",
        "sample_then_batch",
        "period",
        "balance",
        "last_layer",
        "partition_size",
        "scores",
        "selection_batch",  # see config/effects.py
        "forward_passes",
    }
)
_OF_HELD_OUT_MODELS = frozenset(
    {"holdout_set_strategy", "holdout_set_ratio", "holdout_set_ratio_max", "il_training_config"}
)
_CONFIG: TypeAdapter[Any] = TypeAdapter(SingleDownsamplingConfig)


def build_downsampling(section: dict[str, Any] | None, source_folder: Path | None = None) -> Downsampling | None:
    """The downsampling of a training; None if all samples are trained on.

    Args:
        section: a SingleDownsamplingConfig as JSON, or None.
        source_folder: of the pipeline file; classes of the user's are looked up there first.

    Raises:
        SelectionError: there is no such downsampler, it does not take its options, or cannot be used in this mode.
    """
    if section is None or section["strategy"] == "No":
        return None
    config = _CONFIG.validate_python(section)
    downsampler: Downsampler = DOWNSAMPLERS.make(config.strategy, _options(config), source_folder)
    check_downsampler(downsampler, config.strategy, config.sample_then_batch)
    if (size := getattr(config, "partition_size", None)) is not None:
        downsampler = Partitioned(downsampler, size)
    if getattr(config, "balance", False):
        downsampler = Balanced(downsampler)
    return Downsampling(
        downsampler=downsampler,
        sample_then_batch=config.sample_then_batch,
        ratio=config.ratio,
        ratio_max=config.ratio_max,
        period=config.period,
        last_layer=config.last_layer,
        scores=getattr(config, "scores", "fresh"),
        forward_passes=config.forward_passes,
    )


def _options(config: Any) -> dict[str, Any]:
    if isinstance(config, PluginDownsampling):
        return dict(config.config)
    own = type(config).model_fields.keys() - _COMMON - _OF_HELD_OUT_MODELS
    return {key: getattr(config, key) for key in sorted(own)}
