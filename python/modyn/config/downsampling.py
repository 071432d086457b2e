"""Downsampling: which samples of a training set, or of each batch, are trained on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from modyn.config.held_out import IlTrainingConfig
from modyn.config.plugin import PLUGIN, PolicyChoice, not_one_of
from modyn.config.section import Issue, Loc, Options, Section, rule
from modyn.plugins import DOWNSAMPLERS

Greedy = Literal["NaiveGreedy", "LazyGreedy", "StochasticGreedy", "ApproximateLazyGreedy"]
GradientApproximation = Literal["LastLayer", "LastLayerWithEmbedding"]

_SCORES = (
    "For sample_then_batch: `fresh` scores all samples for each choice; `recorded` takes what the training itself has "
    "seen of a sample last, at most an epoch ago for what was trained on, and scores only samples that it never saw. "
    "With training.record_history, Loss, GradNorm and Entropy begin with what earlier trainings saw."
)
_BALANCE = "Whether every class keeps its share of the training set, or of each batch."
_GRADIENT = "What stands for a sample's gradient."
_PARTITION_SIZE = (
    "Choose within random parts of at most so many candidates; null for all together, whose cost grows faster than "
    "their number."
)
_SELECTION_BATCH = "Candidates whose gain is computed at a time."


class RatioSection(Section):
    """A share `ratio / ratio_max`."""

    ratio: int = Field(ge=0, description="Numerator of the share that is kept.")
    ratio_max: int = Field(
        default=100, ge=1, description="Denominator of the share: 100 for percent, 1000 for per mille."
    )

    @rule
    def ratio_is_a_share(self) -> Iterator[Issue]:
        if self.ratio > self.ratio_max:
            yield Issue(("ratio",), f"ratio {self.ratio} is more than all", f"at most ratio_max, {self.ratio_max}")


class _Downsampling(RatioSection):
    sample_then_batch: bool = Field(
        default=False,
        description="Choose from the whole training set before batches are made (true), or from each batch (false).",
    )
    period: int = Field(
        default=1, ge=0, description="Epochs between choices, for sample_then_batch; 0 for one per trigger."
    )
    forward_passes: Literal["auto", "one", "two"] = Field(
        default="auto",
        description="For choices within batches. `one`: each batch goes through the model once, and the backward pass "
        "is that of the kept samples. `two`: batches are scored in evaluation mode, and kept samples go through the "
        "model again as full batches. `auto`: one, but two for models with dropout or batch norm, where it is faster.",
    )
    last_layer: str | None = Field(
        default=None,
        description="The model's layer whose inputs are the embeddings, for strategies that go by them; found by "
        "itself if not given.",
    )


class _Recordable(_Downsampling):
    scores: Literal["fresh", "recorded"] = Field(default="fresh", description=_SCORES)

    @rule
    def recorded_scores_are_of_the_whole_set(self) -> Iterator[Issue]:
        if self.scores == "recorded" and not self.sample_then_batch:
            what = "recorded scores have no effect within batches, whose samples go through the model anyway"
            yield Issue(("scores",), what, "sample_then_batch: true, or scores: fresh")


class UncertaintyDownsampling(_Recordable):
    """Keeps the samples that the model is least certain about."""

    strategy: Literal["Uncertainty"] = Field(description="Name of the strategy.")
    score_metric: Literal["LeastConfidence", "Entropy", "Margin"] = Field(description="How certainty is measured.")
    balance: bool = Field(default=False, description=_BALANCE)


class KcenterGreedyDownsampling(_Downsampling):
    """Keeps samples that cover the space of embeddings."""

    strategy: Literal["KcenterGreedy"] = Field(description="Name of the strategy.")
    balance: bool = Field(default=False, description=_BALANCE)
    partition_size: int | None = Field(default=2_000, ge=1, description=_PARTITION_SIZE)


class GradMatchDownsampling(_Downsampling):
    """Keeps a weighted set whose gradient matches that of all samples."""

    strategy: Literal["GradMatch"] = Field(description="Name of the strategy.")
    balance: bool = Field(default=False, description=_BALANCE)
    partition_size: int | None = Field(default=500, ge=1, description=_PARTITION_SIZE)
    full_grad_approximation: GradientApproximation = Field(default="LastLayer", description=_GRADIENT)


class CraigDownsampling(_Downsampling):
    """Keeps a weighted set that represents all gradients by facility location."""

    strategy: Literal["Craig"] = Field(description="Name of the strategy.")
    selection_batch: int = Field(default=64, ge=1, description=_SELECTION_BATCH)
    balance: bool = Field(default=False, description=_BALANCE)
    partition_size: int | None = Field(default=2_000, ge=1, description=_PARTITION_SIZE)
    greedy: Greedy = Field(default="NaiveGreedy", description="The greedy algorithm.")
    full_grad_approximation: GradientApproximation = Field(default="LastLayer", description=_GRADIENT)


class SubmodularDownsampling(_Downsampling):
    """Keeps a set that maximises a submodular function of the gradients."""

    strategy: Literal["Submodular"] = Field(description="Name of the strategy.")
    submodular_function: Literal["FacilityLocation", "GraphCut", "LogDeterminant"] = Field(
        description="The function that is maximised."
    )
    submodular_optimizer: Greedy = Field(default="NaiveGreedy", description="The greedy algorithm.")
    selection_batch: int = Field(default=64, ge=1, description=_SELECTION_BATCH)
    balance: bool = Field(default=False, description=_BALANCE)
    partition_size: int | None = Field(default=1_000, ge=1, description=_PARTITION_SIZE)
    full_grad_approximation: GradientApproximation = Field(default="LastLayer", description=_GRADIENT)
    graph_cut_lambda: float = Field(
        default=1.0,
        ge=0,
        allow_inf_nan=False,
        description="For GraphCut: how much similarity to all samples counts against similarity to the chosen ones.",
    )


class LossDownsampling(_Recordable):
    """Draws samples in proportion to their loss."""

    strategy: Literal["Loss"] = Field(description="Name of the strategy.")


class GradNormDownsampling(_Recordable):
    """Draws samples in proportion to the norm of their gradient."""

    strategy: Literal["GradNorm"] = Field(description="Name of the strategy.")


class NoDownsampling(_Downsampling):
    """Keeps every sample. Written with quotes, since YAML reads a bare No as false."""

    strategy: Literal["No"] = Field(description="Name of the strategy.")
    ratio: Literal[100] = Field(default=100, description="Everything.")


class RS2Downsampling(_Downsampling):
    """Draws a new random subset for every epoch."""

    strategy: Literal["RS2"] = Field(description="Name of the strategy.")
    sample_then_batch: Literal[True] = Field(default=True, description="RS2 chooses from the whole training set.")
    period: Literal[1] = Field(default=1, description="RS2 chooses anew in every epoch.")
    with_replacement: bool = Field(description="Whether a sample may come again before all others have come.")


class RHOLossDownsampling(_Downsampling):
    """Keeps samples whose loss a model trained on held-out data could reduce."""

    strategy: Literal["RHOLoss"] = Field(description="Name of the strategy.")
    holdout_set_strategy: Literal["Simple", "Twin"] = Field(
        description="One model trained on held-out samples, or two that hold out for each other."
    )
    holdout_set_ratio: int = Field(
        ge=0, description="Numerator of the share that is held out; half of the denominator for Twin."
    )
    holdout_set_ratio_max: int = Field(default=100, ge=1, description="Denominator of the share that is held out.")
    il_training_config: IlTrainingConfig = Field(description="How the irreducible-loss model is trained.")

    @rule
    def holdout_is_a_share(self) -> Iterator[Issue]:
        if self.holdout_set_ratio > self.holdout_set_ratio_max:
            what = f"holdout_set_ratio {self.holdout_set_ratio} is more than all"
            yield Issue(("holdout_set_ratio",), what, f"at most holdout_set_ratio_max, {self.holdout_set_ratio_max}")

    @rule
    def twins_hold_out_halves(self) -> Iterator[Issue]:
        ratio, whole = self.holdout_set_ratio, self.holdout_set_ratio_max
        if self.holdout_set_strategy == "Twin" and 2 * ratio != whole:
            what = f"holdout_set_ratio is {ratio} of {whole}"
            yield Issue(("holdout_set_ratio",), what, "one half for strategy Twin, such as 50 of 100")


_NAMES = (
    "Uncertainty",
    "KcenterGreedy",
    "GradMatch",
    "Craig",
    "Submodular",
    "Loss",
    "GradNorm",
    "No",
    "RS2",
    "RHOLoss",
)


class PluginDownsampling(_Downsampling):
    """A strategy that is not part of Modyn: a class of yours, or one that an installed package publishes."""

    strategy: str = Field(
        description="`module:Class` beside the pipeline file or installed, or a name that a package publishes.",
        json_schema_extra=not_one_of(_NAMES),
    )
    config: Options = Field(default={}, description="The keyword arguments that the class is made with.")


SingleDownsamplingConfig = Annotated[
    Annotated[UncertaintyDownsampling, Tag("Uncertainty")]
    | Annotated[KcenterGreedyDownsampling, Tag("KcenterGreedy")]
    | Annotated[GradMatchDownsampling, Tag("GradMatch")]
    | Annotated[CraigDownsampling, Tag("Craig")]
    | Annotated[SubmodularDownsampling, Tag("Submodular")]
    | Annotated[LossDownsampling, Tag("Loss")]
    | Annotated[GradNormDownsampling, Tag("GradNorm")]
    | Annotated[NoDownsampling, Tag("No")]
    | Annotated[RS2Downsampling, Tag("RS2")]
    | Annotated[RHOLossDownsampling, Tag("RHOLoss")]
    | Annotated[PluginDownsampling, Tag(PLUGIN)],
    Discriminator(PolicyChoice("strategy", DOWNSAMPLERS, _NAMES)),
]


class MultiDownsamplingConfig(Section):
    """Several downsampling strategies, one after the other."""

    downsampling_list: list[SingleDownsamplingConfig] = Field(min_length=1, description="The strategies, in order.")
    downsampling_thresholds: list[int] = Field(
        description="After how many triggers, counted from the warm-up, each further strategy takes over; one number "
        "fewer than strategies, at least 1, increasing."
    )

    @rule
    def thresholds_fit(self) -> Iterator[Issue]:
        thresholds, wanted = self.downsampling_thresholds, len(self.downsampling_list) - 1
        if len(thresholds) != wanted:
            what = f"{len(self.downsampling_list)} strategies have {len(thresholds)} thresholds"
            yield Issue(("downsampling_thresholds",), what, f"{wanted}, one fewer than strategies")

    @rule
    def thresholds_increase(self) -> Iterator[Issue]:
        thresholds = self.downsampling_thresholds
        if thresholds and thresholds[0] < 1:
            what = f"with threshold {thresholds[0]} the first strategy never serves"
            yield Issue(("downsampling_thresholds", 0), what, "a number of at least 1")
        for position, (before, threshold) in enumerate(pairwise(thresholds), start=1):
            if threshold <= before:
                what = f"threshold {threshold} does not follow {before}"
                yield Issue(("downsampling_thresholds", position), what, f"a number above {before}")


def unfilled_steps(downsampling: _Downsampling, batch_size: int) -> str | None:
    """Why choices within batches of this size cannot make steps of it; None if they can.

    What is kept of some batches fills a step, so its number must divide the size.
    """
    if downsampling.sample_then_batch or isinstance(downsampling, NoDownsampling):
        return None
    kept = max(downsampling.ratio * batch_size // downsampling.ratio_max, 1)
    return f"downsampling keeps {kept} of the {batch_size} samples of a batch" if batch_size % kept else None


def _kind(value: Any) -> str:
    # `multi` if it looks like one, also when a key of it is misspelt.
    if isinstance(value, MultiDownsamplingConfig):
        return "multi"
    keys = [str(key) for key in value] if isinstance(value, dict) else []
    return "multi" if any(key.startswith("downsampling") for key in keys) and "strategy" not in keys else "single"


DownsamplingConfig = Annotated[
    Annotated[SingleDownsamplingConfig, Tag("single")] | Annotated[MultiDownsamplingConfig, Tag("multi")],
    Discriminator(_kind),
]


def single_strategies(config: DownsamplingConfig) -> list[tuple[Loc, SingleDownsamplingConfig]]:
    """The strategies of a configuration, each with its place below it."""
    if isinstance(config, MultiDownsamplingConfig):
        return [(("downsampling_list", place), single) for place, single in enumerate(config.downsampling_list)]
    return [((), config)]
