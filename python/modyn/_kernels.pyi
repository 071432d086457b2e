"""Native selection kernels over raw buffers; call them through modyn.ops. Addresses are those of Tensor.data_ptr()."""

def use_pool(function: object) -> None: ...
def isas() -> list[str]: ...
def isa() -> str: ...
def use_isa(name: str) -> None: ...
def gradient_inner_products(
    gradients: int,
    embeddings: int,
    count: int,
    other_gradients: int,
    other_embeddings: int,
    other_count: int,
    classes: int,
    embedding: int,
    out: int,
    parallel: int,
) -> None: ...
def gradient_distances(
    gradients: int,
    embeddings: int,
    count: int,
    other_gradients: int,
    other_embeddings: int,
    other_count: int,
    classes: int,
    embedding: int,
    out: int,
    parallel: int,
) -> None: ...
def gradient_squared_norms(
    gradients: int, embeddings: int, count: int, classes: int, embedding: int, out: int, parallel: int
) -> None: ...
def gradient_correlations(
    gradients: int, embeddings: int, count: int, classes: int, embedding: int, residual: int, out: int, parallel: int
) -> None: ...
def gradient_weighted_sum(
    gradients: int, embeddings: int, count: int, classes: int, embedding: int, weights: int, out: int, parallel: int
) -> None: ...
def k_center(
    features: int,
    width: int,
    samples: int,
    offsets: list[int],
    budgets: list[int],
    firsts: list[int],
    centers: int,
    center_count: int,
    picks: int,
    distances: int,
    parallel: int,
) -> int: ...
def classification_scores(
    logits: int,
    element: int,
    count: int,
    classes: int,
    labels: int,
    probabilities: int,
    class_weights: int,
    ignore_index: int,
    label_smoothing: float,
    loss: int,
    max_probability: int,
    margin: int,
    entropy: int,
    gradient_norm: int,
    label_probability: int,
    label_margin: int,
    correct: int,
    parallel: int,
) -> int: ...
def classification_gradients(
    logits: int,
    element: int,
    count: int,
    classes: int,
    labels: int,
    probabilities: int,
    class_weights: int,
    ignore_index: int,
    label_smoothing: float,
    of_loss: int,
    of_max_probability: int,
    of_margin: int,
    of_entropy: int,
    gradients: int,
    parallel: int,
) -> int: ...
def matching_pursuit(
    gradients: int,
    embeddings: int,
    classes: int,
    embedding: int,
    offsets: list[int],
    budgets: list[int],
    targets: int,
    ridge: float,
    tolerance: float,
    nonnegative: bool,
    picks: int,
    weights: int,
    parallel: int,
) -> list[int]: ...
def facility_location(
    gradients: int,
    embeddings: int,
    count: int,
    classes: int,
    embedding: int,
    groups: int,
    group_count: int,
    budgets: int,
    similarity: str,
    optimizer: str,
    epsilon: float,
    beta: float,
    seed: int,
    picks: int,
    gains: int,
    k: int,
    parallel: int,
) -> None: ...
def facility_location_dense(
    similarities: int,
    rows: int,
    columns: int,
    optimizer: str,
    epsilon: float,
    beta: float,
    seed: int,
    picks: int,
    gains: int,
    k: int,
    parallel: int,
) -> None: ...
def nearest_pick(
    gradients: int,
    embeddings: int,
    count: int,
    classes: int,
    embedding: int,
    groups: int,
    group_count: int,
    picks: int,
    k: int,
    similarity: str,
    nearest: int,
    similarities: int,
    parallel: int,
) -> None: ...
def binary_scores(
    logits: int,
    element: int,
    count: int,
    labels: int,
    targets: int,
    weights: int,
    weights_stride: int,
    positive_weights: int,
    positive_weights_stride: int,
    loss: int,
    max_probability: int,
    margin: int,
    entropy: int,
    gradient_norm: int,
    label_probability: int,
    label_margin: int,
    correct: int,
    parallel: int,
) -> None: ...
def binary_gradients(
    logits: int,
    element: int,
    count: int,
    labels: int,
    targets: int,
    weights: int,
    weights_stride: int,
    positive_weights: int,
    positive_weights_stride: int,
    of_loss: int,
    of_max_probability: int,
    of_margin: int,
    of_entropy: int,
    gradients: int,
    parallel: int,
) -> None: ...
