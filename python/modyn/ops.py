"""The torch operators of Modyn, all schemas in one place.

Importing this module registers them as `torch.ops.modyn.*`; the functions here check their arguments and call these.
On the CPU a native kernel does the work, elsewhere the plain PyTorch reference, so nothing depends on a kernel being
there. All of them work under torch.compile.
"""

from __future__ import annotations

from typing import Any

import torch

from modyn.kernels import binary_operators as binary
from modyn.kernels import classification_operators as classification
from modyn.kernels import gradient_operators as gradients
from modyn.kernels import k_center as k_centers
from modyn.kernels import matching_pursuit, sampling
from modyn.kernels import top_k as top_ks
from modyn.kernels.binary import binary_gradients, binary_label_scores, binary_scores
from modyn.kernels.classification import classification_scores, cross_entropy_gradients, label_scores
from modyn.kernels.gradients import (
    gradient_correlations,
    gradient_distances,
    gradient_inner_products,
    gradient_norms,
    gradient_weighted_sum,
)
from modyn.kernels.k_center import k_center, k_center_per_group
from modyn.kernels.matching_pursuit import orthogonal_matching_pursuit, orthogonal_matching_pursuit_per_group
from modyn.kernels.operator import Operator
from modyn.kernels.sampling import bottom_k_by_hash, hash_priorities, weighted_sample
from modyn.kernels.submodular import facility_location as facility_locations
from modyn.kernels.submodular import graph_cut as graph_cuts
from modyn.kernels.submodular import log_determinant as log_determinants
from modyn.kernels.submodular import nearest_pick as nearest_picks
from modyn.kernels.submodular.facility_location import facility_location, facility_location_dense
from modyn.kernels.submodular.graph_cut import graph_cut, graph_cut_dense
from modyn.kernels.submodular.log_determinant import log_determinant, log_determinant_dense
from modyn.kernels.submodular.nearest_pick import nearest_pick
from modyn.kernels.top_k import segmented_top_k, top_k

__all__ = [
    "OPERATORS",
    "binary_gradients",
    "binary_label_scores",
    "binary_scores",
    "bottom_k_by_hash",
    "classification_scores",
    "cross_entropy_gradients",
    "facility_location",
    "facility_location_dense",
    "gradient_correlations",
    "gradient_distances",
    "gradient_inner_products",
    "gradient_norms",
    "gradient_weighted_sum",
    "graph_cut",
    "graph_cut_dense",
    "hash_priorities",
    "k_center",
    "k_center_per_group",
    "label_scores",
    "log_determinant",
    "log_determinant_dense",
    "nearest_pick",
    "orthogonal_matching_pursuit",
    "orthogonal_matching_pursuit_per_group",
    "segmented_top_k",
    "top_k",
    "weighted_sample",
]

_CROSS_ENTROPY = "Tensor logits, Tensor targets, Tensor? class_weights, int ignore_index, float label_smoothing"
_ADDRESS = "int seed, int trigger, int purpose, int index"
_BINARY = "Tensor logits, Tensor targets, Tensor? weight, Tensor? pos_weight"
_SCORES = "(Tensor loss, Tensor max_probability, Tensor margin, Tensor entropy, Tensor gradient_norm)"
_LABEL_SCORES = "(Tensor loss, Tensor probability, Tensor margin, Tensor correct)"
_OF_SCORES = "Tensor? of_loss, Tensor? of_max_probability, Tensor? of_margin, Tensor? of_entropy"

OPERATORS: dict[str, Operator] = {
    f"binary_scores({_BINARY}) -> {_SCORES}": binary.SCORES,
    f"binary_scores_backward({_OF_SCORES}, {_BINARY}) -> Tensor": binary.SCORES_BACKWARD,
    f"binary_label_scores({_BINARY}) -> {_LABEL_SCORES}": binary.LABEL_SCORES,
    f"binary_gradients({_BINARY}) -> Tensor": binary.GRADIENTS,
    f"classification_scores({_CROSS_ENTROPY}) -> {_SCORES}": classification.SCORES,
    f"classification_scores_backward({_OF_SCORES}, {_CROSS_ENTROPY}) -> Tensor": classification.SCORES_BACKWARD,
    f"label_scores({_CROSS_ENTROPY}) -> {_LABEL_SCORES}": classification.LABEL_SCORES,
    f"cross_entropy_gradients({_CROSS_ENTROPY}) -> Tensor": classification.GRADIENTS,
    "gradient_inner_products(Tensor gradients, Tensor? embeddings, Tensor other_gradients, Tensor? other_embeddings) "
    "-> Tensor": gradients.INNER_PRODUCTS,
    "gradient_distances(Tensor gradients, Tensor? embeddings, Tensor other_gradients, Tensor? other_embeddings) "
    "-> Tensor": gradients.DISTANCES,
    "gradient_norms(Tensor gradients, Tensor? embeddings) -> Tensor": gradients.NORMS,
    "gradient_correlations(Tensor gradients, Tensor? embeddings, Tensor residual) -> Tensor": gradients.CORRELATIONS,
    "gradient_weighted_sum(Tensor gradients, Tensor? embeddings, Tensor weights) -> Tensor": gradients.WEIGHTED_SUM,
    "k_center(Tensor features, Tensor? groups, int[] budgets, int[]? firsts, Tensor? centers) "
    "-> (Tensor picks, Tensor distances)": k_centers.K_CENTER,
    "orthogonal_matching_pursuit(Tensor gradients, Tensor? embeddings, Tensor? targets, Tensor? groups, int[] budgets, "
    "float ridge, float unit_sum, float tolerance, bool nonnegative) "
    "-> (Tensor picks, Tensor weights)": matching_pursuit.PURSUIT,
    "facility_location(Tensor gradients, Tensor? embeddings, Tensor? groups, int k, int[]? budgets, str similarity, "
    "str optimizer, float epsilon, float beta, int seed) "
    "-> (Tensor picks, Tensor gains)": facility_locations.FACILITY_LOCATION,
    "facility_location_dense(Tensor similarities, int k, str optimizer, float epsilon, float beta, int seed) "
    "-> (Tensor picks, Tensor gains)": facility_locations.FACILITY_LOCATION_DENSE,
    "graph_cut(Tensor gradients, Tensor? embeddings, Tensor? groups, int k, int[]? budgets, str similarity, float lam, "
    "str optimizer, float epsilon, float beta, int seed) "
    "-> (Tensor picks, Tensor gains)": graph_cuts.GRAPH_CUT,
    "graph_cut_dense(Tensor similarities, int k, float lam, "
    "str optimizer, float epsilon, float beta, int seed) "
    "-> (Tensor picks, Tensor gains)": graph_cuts.GRAPH_CUT_DENSE,
    "log_determinant(Tensor gradients, Tensor? embeddings, Tensor? groups, int k, int[]? budgets, float ridge, "
    "str optimizer, float epsilon, float beta, int seed) "
    "-> (Tensor picks, Tensor gains)": log_determinants.LOG_DETERMINANT,
    "log_determinant_dense(Tensor similarities, int k, float ridge, "
    "str optimizer, float epsilon, float beta, int seed) "
    "-> (Tensor picks, Tensor gains)": log_determinants.LOG_DETERMINANT_DENSE,
    "nearest_pick(Tensor gradients, Tensor? embeddings, Tensor? groups, Tensor picks, str similarity) "
    "-> (Tensor nearest, Tensor similarities)": nearest_picks.NEAREST_PICK,
    f"hash_priorities(Tensor keys, {_ADDRESS}) -> Tensor": sampling.HASH_PRIORITIES,
    f"weighted_sample(Tensor weights, SymInt k, float smoothing, {_ADDRESS}) "
    "-> (Tensor indices, Tensor probabilities, Tensor unusable)": sampling.WEIGHTED_SAMPLE,
    "top_k(Tensor scores, SymInt k, bool largest, str order) -> Tensor": top_ks.TOP_K,
    "segmented_top_k(Tensor scores, Tensor segments, Tensor quotas, bool largest, str order) -> Tensor": (
        top_ks.SEGMENTED_TOP_K
    ),
}

_library: Any = torch.library.Library("modyn", "DEF")  # type: ignore[no-untyped-call]


def _register(schema: str, operator: Operator) -> None:
    name = schema.partition("(")[0]
    qualified = f"modyn::{name}"
    _library.define(schema, tags=(torch.Tag.pt2_compliant_tag,))
    _library.impl(name, operator.cpu, "CPU")
    _library.impl(name, operator.reference, "CompositeExplicitAutograd")
    torch.library.register_fake(qualified, operator.fake, lib=_library)
    operator.register_derivative(qualified, _library)


for _schema, _operator in OPERATORS.items():
    _register(_schema, _operator)
