"""What every operator keeps: torch's own checks, and the same answers under torch.compile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.symbolic_shapes import ShapeEnv
from torch.utils._pytree import tree_map

from modyn import ops
from modyn.kernels.operator import Operator


def _numbers(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def _labels(count: int, classes: int) -> torch.Tensor:
    return torch.randint(0, classes, (count,), generator=torch.Generator().manual_seed(count))


# For each operator, arguments of several kinds.
EXAMPLES: dict[str, list[Callable[[], tuple[Any, ...]]]] = {
    "hash_priorities": [lambda: (_labels(50, 10**15), -7, 3, 14, 5)],
    "weighted_sample": [
        lambda: (_labels(300, 9).float(), 40, 0.0, 7, 3, 14, 0),
        lambda: (_labels(300, 9).double(), 200, 0.5, -7, 3, 14, 1),
        lambda: (torch.zeros(30), 10, 0.0, 7, 0, 14, 0),
        lambda: (torch.eye(30)[4], 10, 0.0, 7, 0, 14, 0),
    ],
    "top_k": [lambda: (_numbers(50), 7, True, "score"), lambda: (_labels(50, 5), 30, False, "index")],
    "segmented_top_k": [
        lambda: (_numbers(50), _labels(50, 3), torch.tensor([2, 0, 90]), True, "score"),
        lambda: (_numbers(50).double(), _labels(50, 3), torch.tensor([4, 5, 6]), False, "index"),
    ],
    "binary_scores": [
        lambda: (_numbers(9, 1).requires_grad_(), _labels(9, 2)[:, None], None, None),
        lambda: (_numbers(9, 140).half(), _numbers(9, 140).sigmoid(), _numbers(9, 140).abs(), _numbers(140).abs()),
    ],
    "binary_scores_backward": [
        lambda: (
            _numbers(9),
            _numbers(9),
            _numbers(9),
            _numbers(9),
            _numbers(9, 1),
            _labels(9, 2)[:, None],
            None,
            None,
        ),
        lambda: (_numbers(9), None, None, None, _numbers(9, 4), _numbers(9, 4).sigmoid(), None, _numbers(4).abs()),
    ],
    "binary_label_scores": [
        lambda: (_numbers(9, 1), _labels(9, 2)[:, None], None, None),
        lambda: (_numbers(9, 4).double(), _numbers(9, 4).sigmoid(), _numbers(4).abs(), None),
    ],
    "binary_gradients": [
        lambda: (_numbers(9, 1), _labels(9, 2)[:, None], None, None),
        lambda: (_numbers(9, 140), _numbers(9, 140).sigmoid(), _numbers(9, 140).abs(), _numbers(140).abs()),
    ],
    "classification_scores": [
        lambda: (_numbers(9, 4).requires_grad_(), _labels(9, 4), None, 3, 0.0),
        lambda: (_numbers(9, 40).double(), _labels(9, 40), _numbers(40).abs(), -100, 0.1),
        lambda: (_numbers(9, 4).bfloat16(), _numbers(9, 4).softmax(1), None, -100, 0.1),
    ],
    "classification_scores_backward": [
        lambda: (_numbers(9), _numbers(9), _numbers(9), _numbers(9), _numbers(9, 4), _labels(9, 4), None, 3, 0.1),
        lambda: (_numbers(9), None, None, None, _numbers(9, 40), _numbers(9, 40).softmax(1), None, -100, 0.0),
    ],
    "label_scores": [
        lambda: (_numbers(9, 4), _labels(9, 4), None, -100, 0.0),
        lambda: (_numbers(9, 40), _numbers(9, 40).softmax(1), _numbers(40).abs(), -100, 0.1),
    ],
    "cross_entropy_gradients": [
        lambda: (_numbers(9, 4), _labels(9, 4), None, 3, 0.0),
        lambda: (_numbers(9, 40), _labels(9, 40), _numbers(40).abs(), -100, 0.1),
    ],
    "gradient_inner_products": [
        lambda: (_numbers(9, 4), None, _numbers(5, 4), None),
        lambda: (_numbers(9, 4), _numbers(9, 7), _numbers(5, 4), _numbers(5, 7)),
    ],
    "gradient_distances": [
        lambda: (_numbers(9, 4), None, _numbers(5, 4), None),
        lambda: (_numbers(9, 4), _numbers(9, 7), _numbers(5, 4).bfloat16(), _numbers(5, 7)),
    ],
    "gradient_norms": [
        lambda: (_numbers(9, 4), None),
        lambda: (_numbers(9, 4), _numbers(9, 7)),
    ],
    "gradient_correlations": [
        lambda: (_numbers(9, 4), None, _numbers(4, 1)),
        lambda: (_numbers(9, 4), _numbers(9, 7), _numbers(4, 8)),
    ],
    "gradient_weighted_sum": [
        lambda: (_numbers(9, 4), None, _numbers(9)),
        lambda: (_numbers(9, 4), _numbers(9, 7), _numbers(9)),
    ],
    "k_center": [
        lambda: (_numbers(50, 4), None, [7], [3], None),
        lambda: (_numbers(50, 4).bfloat16(), None, [7], None, _numbers(3, 4)),
        lambda: (_numbers(50, 4), torch.arange(50) % 3, [7, 0, 5], None, None),
    ],
    "orthogonal_matching_pursuit": [
        lambda: (_numbers(50, 8), None, None, None, [7], 1e-3, 0.0, 0.0, True),
        lambda: (_numbers(50, 4), _numbers(50, 6), _numbers(1, 4, 7), None, [9], 0.1, 0.5, 1e-3, False),
        lambda: (_numbers(50, 8), _numbers(50, 6), None, torch.arange(50) % 3, [7, 0, 5], 0.0, 1.0, 0.0, True),
    ],
    "facility_location": [
        lambda: (_numbers(90, 5), None, None, 8, None, "cosine", "lazy", 0.1, 0.9, 0),
        lambda: (_numbers(90, 5), _numbers(90, 3), torch.arange(90) % 3, 8, None, "distance", "naive", 0.1, 0.9, 0),
        lambda: (_numbers(90, 5), None, torch.arange(90) % 2, 9, [4, 5], "cosine", "stochastic", 0.2, 0.9, 3),
        lambda: (_numbers(90, 5), None, torch.arange(90) % 2, 9, None, "distance", "stochastic", 0.2, 0.9, 3),
        lambda: (_numbers(90, 5), _numbers(90, 3), None, 20, None, "cosine", "approximate_lazy", 0.1, 0.8, 0),
    ],
    "facility_location_dense": [
        lambda: (_numbers(60, 40), 9, "lazy", 0.1, 0.9, 0),
        lambda: (_numbers(60, 60) + _numbers(60, 60).T, 9, "approximate_lazy", 0.1, 0.9, 0),
    ],
    "graph_cut": [
        lambda: (_numbers(90, 5), None, None, 8, None, "cosine", 1.0, "lazy", 0.1, 0.9, 0),
        lambda: (
            _numbers(90, 5),
            _numbers(90, 3),
            torch.arange(90) % 3,
            8,
            None,
            "distance",
            2.0,
            "naive",
            0.1,
            0.9,
            0,
        ),
        lambda: (_numbers(90, 5), None, torch.arange(90) % 2, 9, [4, 5], "cosine", 0.5, "stochastic", 0.2, 0.9, 3),
    ],
    "graph_cut_dense": [lambda: (_numbers(60, 60).abs() + _numbers(60, 60).abs().T, 9, 1.0, "lazy", 0.1, 0.9, 0)],
    "log_determinant": [
        lambda: (_numbers(90, 5), None, None, 8, None, 1e-3, "lazy", 0.1, 0.9, 0),
        lambda: (_numbers(90, 5), _numbers(90, 3), torch.arange(90) % 3, 8, None, 0.1, "naive", 0.1, 0.9, 0),
        lambda: (_numbers(90, 5), None, torch.arange(90) % 2, 9, [4, 5], 0.01, "approximate_lazy", 0.2, 0.9, 3),
    ],
    "log_determinant_dense": [lambda: (torch.eye(30) + 0.5, 9, 1e-3, "lazy", 0.1, 0.9, 0)],
    "nearest_pick": [
        lambda: (_numbers(90, 5), _numbers(90, 3), torch.arange(90) % 4, torch.tensor([6, 3, 5, 0]), "cosine"),
        lambda: (_numbers(90, 5), None, None, torch.tensor([6, 3, 5]), "distance"),
    ],
}
CASES = [(name, number) for name, examples in EXAMPLES.items() for number in range(len(examples))]


def test_every_operator_has_examples() -> None:
    assert {schema.partition("(")[0] for schema in ops.OPERATORS} == set(EXAMPLES)


@pytest.mark.parametrize(("name", "number"), CASES)
def test_torch_accepts_the_operator(name: str, number: int) -> None:
    torch.library.opcheck(getattr(torch.ops.modyn, name).default, EXAMPLES[name][number]())


def _transposed(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.t().contiguous().t() if tensor.ndim == 2 else tensor


def _strided(tensor: torch.Tensor) -> torch.Tensor:
    return torch.stack([tensor, tensor], dim=-1)[..., 0] if tensor.ndim > 0 else tensor


def _expanded(tensor: torch.Tensor) -> torch.Tensor:
    first = tensor[(slice(1),) * tensor.ndim]  # so that a symmetric matrix stays so
    return first.expand(tensor.shape) if tensor.is_floating_point() else tensor


LAYOUTS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "transposed": _transposed,
    "strided": _strided,
    "expanded": _expanded,
}


def _operator(name: str) -> Operator:
    (operator,) = (one for schema, one in ops.OPERATORS.items() if schema.partition("(")[0] == name)
    return operator


def _layouts(results: Any) -> list[tuple[Any, ...]]:
    """Types, shapes and strides; of a result whose size nobody knows beforehand only the first and their number."""
    return [
        (one.dtype, one.ndim)
        if any(not isinstance(size, int) for size in one.shape)
        else (one.dtype, one.ndim, tuple(one.shape), one.stride())
        for one in (results if isinstance(results, tuple) else (results,))
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("name", "number"), CASES)
def test_any_layout_is_taken_and_results_are_as_traced(name: str, number: int, layout: str) -> None:
    arguments = [
        LAYOUTS[layout](argument.detach()) if isinstance(argument, torch.Tensor) else argument
        for argument in EXAMPLES[name][number]()
    ]
    operator = getattr(torch.ops.modyn, name)

    found = operator(*arguments)
    expected = _operator(name).reference(*arguments)

    with FakeTensorMode(shape_env=ShapeEnv()) as mode:
        traced = operator(*(mode.from_tensor(one) if isinstance(one, torch.Tensor) else one for one in arguments))
    for of_kernel, of_reference, of_fake in zip(_layouts(found), _layouts(expected), _layouts(traced), strict=True):
        assert of_kernel == of_reference
        assert of_kernel[: len(of_fake)] == of_fake
    dense = operator(*(one.contiguous() if isinstance(one, torch.Tensor) else one for one in arguments))
    torch.testing.assert_close(found, dense, rtol=0, atol=0, equal_nan=True)
    if layout != "expanded":  # which of many equal samples is chosen depends on the last digits
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5, equal_nan=True)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(("name", "number"), CASES)
def test_a_gpu_gives_what_the_kernel_gives(name: str, number: int) -> None:
    arguments = EXAMPLES[name][number]()
    operator = getattr(torch.ops.modyn, name)

    found = operator(*(one.cuda() if isinstance(one, torch.Tensor) else one for one in arguments))

    for one in found if isinstance(found, tuple) else (found,):
        assert one.is_cuda
    on_cpu = tree_map(lambda one: one.cpu(), found)
    torch.testing.assert_close(on_cpu, operator(*arguments), rtol=1e-4, atol=1e-5, equal_nan=True)


def _with_gradients(argument: Any) -> Any:
    is_real = isinstance(argument, torch.Tensor) and argument.is_floating_point()
    return argument.detach().requires_grad_() if is_real else argument


@pytest.mark.parametrize(("name", "number"), CASES)
def test_no_derivative_is_missing_without_a_word(name: str, number: int) -> None:
    arguments = [_with_gradients(argument) for argument in EXAMPLES[name][number]()]

    results = getattr(torch.ops.modyn, name)(*arguments)

    for result in results if isinstance(results, tuple) else (results,):
        if result.requires_grad:
            others = [one for one in arguments if isinstance(one, torch.Tensor) and one.requires_grad]
            if name in ("binary_scores", "classification_scores") and len(others) == 1:
                assert torch.autograd.grad(result.sum(), others, retain_graph=True)[0] is not None
            else:
                with pytest.raises(
                    NotImplementedError, match=f"{name} has (no derivative|derivatives with respect to)"
                ):
                    torch.autograd.grad(result.sum(), others, retain_graph=True)


@pytest.mark.parametrize("name", ["binary_scores", "classification_scores"])
def test_a_second_derivative_is_refused(name: str) -> None:
    arguments = EXAMPLES[name][0]()

    loss = getattr(torch.ops.modyn, name)(*arguments)[0]
    (gradient,) = torch.autograd.grad(loss.sum(), arguments[0], create_graph=True)

    with pytest.raises(NotImplementedError, match=f"{name}_backward has no derivative: detach what it is given"):
        gradient.square().sum().backward()


def test_choices_let_no_gradients_through() -> None:
    features = _numbers(20, 3).requires_grad_()

    picks, distances = ops.k_center(features, 4)

    assert not picks.requires_grad
    assert not distances.requires_grad


@pytest.mark.parametrize(("name", "number"), CASES)
def test_the_reference_gives_what_the_kernel_gives(isa: str, name: str, number: int) -> None:
    arguments = EXAMPLES[name][number]()

    torch.testing.assert_close(
        getattr(torch.ops.modyn, name)(*arguments),
        _operator(name).reference(*arguments),
        rtol=1e-4,
        atol=1e-5,
        equal_nan=True,
    )
