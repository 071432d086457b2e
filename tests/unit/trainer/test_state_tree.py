"""State dicts as JSON plus tensors."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modyn.errors import ModynError
from modyn.trainer.state_tree import from_tree, to_tree

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
keys = st.text() | st.integers() | st.booleans()
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner) | st.dictionaries(keys, inner)
    ),
    max_leaves=20,
)


def through_json(value: Any) -> Any:
    tensors: dict[str, torch.Tensor] = {}
    tree = json.loads(json.dumps(to_tree(value, tensors, "root")))
    return from_tree(tree, {name: tensor.clone() for name, tensor in tensors.items()})


@settings(deadline=None)
@given(values)
def test_values_come_back_as_they_were(value: Any) -> None:
    result = through_json(value)
    assert result == value
    assert repr(result) == repr(value)  # 1, 1.0 and True are equal, and a tuple is no list


def test_tensors_come_back_even_under_names_that_look_alike() -> None:
    value = {"a.b": torch.tensor(1), "a": {"b": torch.tensor(2)}, 1: torch.tensor(3), "1": torch.tensor(4)}
    result = through_json(value)
    assert [result["a.b"], result["a"]["b"], result[1], result["1"]] == [1, 2, 3, 4]


def test_numbers_that_are_not_finite_come_back() -> None:
    result = through_json([math.inf, -math.inf, math.nan])
    assert result[:2] == [math.inf, -math.inf]
    assert math.isnan(result[2])


@pytest.mark.parametrize("algorithm", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Rprop", "NAdam", "Adafactor"])
def test_state_of_optimizers_comes_back(algorithm: str) -> None:
    def optimizer() -> tuple[torch.nn.Parameter, torch.optim.Optimizer]:
        parameter = torch.nn.Parameter(torch.ones(2, 3))
        return parameter, getattr(torch.optim, algorithm)([parameter], lr=0.1)

    def step(parameter: torch.nn.Parameter, optimizer: torch.optim.Optimizer) -> None:
        (parameter.sin().sum()).backward()
        optimizer.step()
        optimizer.zero_grad()

    first_parameter, first = optimizer()
    step(first_parameter, first)
    second_parameter, second = optimizer()
    second_parameter.data.copy_(first_parameter.data)
    second.load_state_dict(through_json(first.state_dict()))
    step(first_parameter, first)
    step(second_parameter, second)
    assert torch.equal(first_parameter, second_parameter)


def test_anything_else_is_refused_by_place() -> None:
    with pytest.raises(ModynError, match=r"scheduler\.function, which is a function"):
        to_tree({"function": lambda: 1}, {}, "scheduler")
