"""Distances between two windows of samples, and from which distance on they count as drift."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from modyn.config.section import Issue, Section, rule

_WINDOW = "How many earlier distances are remembered."
_CALIBRATION = "Says that the criterion has to see data first; it may be left out."
_LIBRARY_THRESHOLD = "Threshold of the library; the decision criterion decides."


class ThresholdDecisionCriterion(Section):
    """Drift if the distance reaches a threshold."""

    id: Literal["ThresholdDecisionCriterion"] = Field(description="Name of the criterion.")
    needs_calibration: Literal[False] = Field(default=False, description="Says that the criterion needs no data first.")
    threshold: float = Field(description="The threshold.")


class DynamicQuantileThresholdCriterion(Section):
    """Drift if the distance is among the largest of the remembered ones."""

    id: Literal["DynamicQuantileThresholdCriterion"] = Field(description="Name of the criterion.")
    needs_calibration: Literal[True] = Field(default=True, description=_CALIBRATION)
    window_size: int = Field(default=10, ge=1, description=_WINDOW)
    quantile: float = Field(default=0.05, ge=0, le=1, description="The share that counts as largest.")


class DynamicRollingAverageThresholdCriterion(Section):
    """Drift if the distance is well above the average of the remembered ones."""

    id: Literal["DynamicRollingAverageThresholdCriterion"] = Field(description="Name of the criterion.")
    needs_calibration: Literal[True] = Field(default=True, description=_CALIBRATION)
    window_size: int = Field(default=10, ge=1, description=_WINDOW)
    deviation: float = Field(default=0.05, ge=0, description="How far above.")
    absolute: bool = Field(default=False, description="Whether the deviation is a distance, or a share of the average.")


DriftCriterion = Annotated[
    ThresholdDecisionCriterion | DynamicQuantileThresholdCriterion | DynamicRollingAverageThresholdCriterion,
    Field(discriminator="id"),
]


class _DriftMetric(Section):
    decision_criterion: DriftCriterion = Field(description="From which distance on it is drift.")


class TextPreprocessor(Section):
    """Turns text into tokens for an Alibi metric."""

    tokenizer_model: str = Field(description="Name of the tokenizer's model.")
    n_layers: int = Field(default=8, ge=1, description="Layers of the model that are used.")
    max_len: int = Field(ge=1, description="Tokens of a text that are used.")
    batch_size: int = Field(default=32, ge=1, description="Texts at a time.")


class _AlibiMetric(_DriftMetric):
    p_val: float = Field(default=0.05, description="Significance level of the library; the decision criterion decides.")
    x_ref_preprocessed: bool = Field(default=False, description="Whether the reference window is preprocessed already.")
    preprocessor: TextPreprocessor | None = Field(default=None, description="Applied to both windows first.")


Correction = Literal["bonferroni", "fdr"]


class AlibiDetectMmdDriftMetric(_AlibiMetric):
    """Squared maximum mean discrepancy of the two windows (Gretton et al., JMLR 2012)."""

    id: Literal["AlibiDetectMmdDriftMetric"] = Field(description="Name of the metric.")
    device: Annotated[str, StringConstraints(pattern=r"^(cpu|gpu|cuda:?[0-9]*)$")] | None = Field(
        default=None, description="Where it is computed: cpu, gpu or cuda:N."
    )
    num_permutations: int | None = Field(default=None, ge=1, description="Permutations of a significance test.")
    kernel: str = Field(default="GaussianRBF", description="Name of the kernel.")
    configure_kernel_from_x_ref: bool = Field(
        default=True, description="Whether the kernel's width comes from the reference."
    )
    threshold: float | None = Field(default=None, description=_LIBRARY_THRESHOLD)

    @rule
    def one_threshold(self) -> Iterator[Issue]:
        if self.threshold is not None and self.num_permutations is not None:
            yield Issue(("threshold",), "'threshold' and 'num_permutations' exclude each other", "at most one of them")


class AlibiDetectKSDriftMetric(_AlibiMetric):
    """Mean of the features' Kolmogorov-Smirnov distances."""

    id: Literal["AlibiDetectKSDriftMetric"] = Field(description="Name of the metric.")
    correction: Correction = Field(default="bonferroni", description="Correction for several features.")
    alternative_hypothesis: Literal["two-sided", "less", "greater"] = Field(
        default="two-sided", description="What the distance is measured against."
    )


class AlibiDetectCVMDriftMetric(_AlibiMetric):
    """Mean of the features' Cramér-von Mises distances."""

    id: Literal["AlibiDetectCVMDriftMetric"] = Field(description="Name of the metric.")
    correction: Correction = Field(default="bonferroni", description="Correction for several features.")


_PCA = "Components to which embeddings are reduced first; null for no reduction."
_BOOTSTRAP = "Whether the library estimates its threshold by bootstrap."
_QUANTILE = "Quantile of the bootstrap."


class EvidentlyModelDriftMetric(_DriftMetric):
    """ROC-AUC of a classifier that tells the windows apart."""

    id: Literal["EvidentlyModelDriftMetric"] = Field(description="Name of the metric.")
    num_pca_component: int | None = Field(default=None, ge=1, description=_PCA)
    bootstrap: bool = Field(default=False, description=_BOOTSTRAP)
    quantile_probability: float = Field(default=0.95, description=_QUANTILE)
    threshold: float = Field(default=0.55, description=_LIBRARY_THRESHOLD)


class EvidentlyRatioDriftMetric(_DriftMetric):
    """Share of the embedding's components that drifted."""

    id: Literal["EvidentlyRatioDriftMetric"] = Field(description="Name of the metric.")
    num_pca_component: int | None = Field(default=None, ge=1, description=_PCA)
    component_stattest: str = Field(default="wasserstein", description="Test for each component.")
    component_stattest_threshold: float = Field(default=0.1, description="From where on a component counts as drifted.")
    threshold: float = Field(default=0.2, description=_LIBRARY_THRESHOLD)


class EvidentlySimpleDistanceDriftMetric(_DriftMetric):
    """Distance between the centres of the windows."""

    id: Literal["EvidentlySimpleDistanceDriftMetric"] = Field(description="Name of the metric.")
    num_pca_component: int | None = Field(default=None, ge=1, description=_PCA)
    distance_metric: str = Field(default="euclidean", description="euclidean, cosine, cityblock or chebyshev.")
    bootstrap: bool = Field(default=False, description=_BOOTSTRAP)
    quantile_probability: float = Field(default=0.95, description=_QUANTILE)
    threshold: float = Field(default=0.2, description=_LIBRARY_THRESHOLD)


class EvidentlyHellingerDistanceDriftMetric(_DriftMetric):
    """Mean of the components' Hellinger distances."""

    id: Literal["EvidentlyHellingerDistanceDriftMetric"] = Field(description="Name of the metric.")


DriftMetricConfig = Annotated[
    AlibiDetectMmdDriftMetric
    | AlibiDetectKSDriftMetric
    | AlibiDetectCVMDriftMetric
    | EvidentlyModelDriftMetric
    | EvidentlyRatioDriftMetric
    | EvidentlySimpleDistanceDriftMetric
    | EvidentlyHellingerDistanceDriftMetric,
    Field(discriminator="id"),
]
