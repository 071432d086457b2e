"""Backward passes over kept rows give the gradients of plain ones, whatever the model does."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.trainer.row_models import COUPLED, INDEPENDENT, Calls
from torch import nn
from torch.utils.checkpoint import checkpoint

from modyn.errors import ModelError
from modyn.trainer.row_backward import same_in_training, take, take_rows
from modyn.trainer.row_backward.gradient import RowGradient, with_zeros

BATCH = 6
KEPT = torch.tensor([1, 2, 5])


def gradients(
    model: nn.Module, data: Any, taking: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], kept: torch.Tensor = KEPT
) -> dict[str, torch.Tensor | None]:
    model = copy.deepcopy(model)
    torch.manual_seed(3)  # the same dropout
    loss_of(taking(model(data), kept)).backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def loss_of(output: torch.Tensor) -> torch.Tensor:
    """A loss with another gradient in each element."""
    return (output * torch.linspace(-1, 2, output.numel(), device=output.device).view_as(output)).sin().sum()


def assert_same_gradients(model: nn.Module, data: Any, kept: torch.Tensor = KEPT, tolerance: float = 1e-5) -> None:
    ours = gradients(model, data, take_rows, kept)
    plain = gradients(model, data, lambda output, rows: output[rows], kept)
    assert any(gradient is not None for gradient in plain.values())
    # Where terms cancel, as those of a bias before batch norm do, what is left of a gradient is rounding of the others.
    scale = max(gradient.to_dense().abs().max().item() for gradient in plain.values() if gradient is not None)
    for name, expected in plain.items():
        if expected is None:
            assert ours[name] is None
            continue
        assert type(ours[name]) is torch.Tensor
        torch.testing.assert_close(ours[name], expected, rtol=10 * tolerance, atol=tolerance * scale)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)  # so small are the models


@pytest.fixture
def densified(monkeypatch: pytest.MonkeyPatch) -> list[torch.Size]:
    """Shapes of the gradients that were given their zeros."""
    shapes = []
    dense = RowGradient.dense

    def noted(gradient: RowGradient) -> torch.Tensor:
        shapes.append(gradient.shape)
        return dense(gradient)

    monkeypatch.setattr(RowGradient, "dense", noted)
    return shapes


@pytest.mark.parametrize("name", INDEPENDENT)
def test_zeros_are_never_made_where_samples_are_independent(name: str, densified: list[torch.Size]) -> None:
    model, data = INDEPENDENT[name]
    assert_same_gradients(model, data)
    assert densified == []


@pytest.mark.parametrize("kept", [[0], [5], [3, 1], [2, 2, 4], [0, 1, 2, 3, 4, 5], []])
@pytest.mark.parametrize(
    "name", ["sequences first, flattened", "attention", "pooling", "layer norm of sequences first"]
)
def test_any_samples_may_be_kept(name: str, kept: list[int]) -> None:
    model, data = INDEPENDENT[name]
    assert_same_gradients(model, data, torch.tensor(kept, dtype=torch.int64))


@pytest.mark.parametrize("name", COUPLED)
def test_models_that_mix_samples_or_do_odd_things_get_their_gradients(name: str) -> None:
    model, data = COUPLED[name]
    assert_same_gradients(model, data)


def encoder(**options: Any) -> nn.Module:
    layer = nn.TransformerEncoderLayer(8, 2, 16, **options)
    return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)


@st.composite
def architectures(draw: st.DrawFn) -> tuple[nn.Module, torch.Tensor, bool]:
    """A model, a batch for it, and whether it treats samples independently."""
    torch.manual_seed(draw(st.integers(0, 1000)))
    batch = draw(st.integers(1, 9))
    activation = draw(st.sampled_from([nn.ReLU, nn.GELU, nn.Tanh, nn.SiLU]))
    kind = draw(st.sampled_from(["mlp", "convnet", "transformer", "embedding"]))
    normalized = batch > 1 and draw(st.booleans())
    width = draw(st.sampled_from([batch, 4, 8]))
    layers: list[nn.Module] = []
    if kind == "mlp":
        size = 5
        for _ in range(draw(st.integers(1, 4))):
            layers += [nn.Linear(size, width), activation()]
            if normalized:
                layers.append(nn.BatchNorm1d(width))
            size = width
        return nn.Sequential(*layers, nn.Linear(size, 3)), torch.randn(batch, 5), not normalized
    if kind == "convnet":
        channels = 2
        for _ in range(draw(st.integers(1, 3))):
            norm = nn.BatchNorm2d(width) if normalized else nn.GroupNorm(1, width)
            layers += [nn.Conv2d(channels, width, 3, padding=1), norm, activation()]
            channels = width
        pooling = draw(st.sampled_from([nn.AdaptiveAvgPool2d(1), nn.MaxPool2d(2)]))
        return nn.Sequential(*layers, pooling, nn.Flatten()), torch.randn(batch, 2, 6, 6), not normalized
    if kind == "transformer":
        first, norm_first = draw(st.booleans()), draw(st.booleans())
        model = encoder(batch_first=first, norm_first=norm_first, dropout=0.0)

        def forward(data: torch.Tensor, encode: nn.Module, head: nn.Module) -> torch.Tensor:
            return head(encode(data)[:, 0] if first else encode(data.transpose(0, 1))[0])

        return Calls(forward, model, nn.Linear(8, 3)), torch.randn(batch, draw(st.integers(1, 4)), 8), True
    model = nn.Sequential(nn.Embedding(5, 4), nn.Flatten(), nn.Linear(12, width), activation(), nn.Linear(width, 3))
    return model, torch.randint(0, 5, (batch, 3)), True


@settings(max_examples=100, deadline=None)
@given(architectures(), st.data())
def test_gradients_are_those_of_a_plain_backward_pass(
    architecture: tuple[nn.Module, torch.Tensor, bool], choices: st.DataObject
) -> None:
    model, data, independent = architecture
    model.double()
    data = data.double() if data.is_floating_point() else data
    numbers = st.lists(st.integers(0, len(data) - 1), min_size=1, max_size=len(data), unique=True)
    kept = torch.tensor(sorted(choices.draw(numbers)))
    assert_same_gradients(model, data, kept, tolerance=1e-12)
    if not independent:
        return
    ours = gradients(model, data, take_rows, kept)
    alone = gradients(model, data[kept], lambda output, rows: output, kept)
    for name, expected in alone.items():
        assert expected is not None
        torch.testing.assert_close(ours[name], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("options", [{"batch_first": True}, {"batch_first": True, "norm_first": True}])
def test_transformers_stay_compact(options: dict[str, Any], densified: list[torch.Size]) -> None:
    assert_same_gradients(Calls(lambda x, e: e(x)[:, 0], encoder(**options)), torch.randn(6, 5, 8))
    assert densified == []


@pytest.mark.parametrize("name", ["sequences", "a convolution", "layer norm", "attention", "batch norm"])
def test_in_mixed_precision(name: str) -> None:
    model, data = (INDEPENDENT | COUPLED)[name]

    def forward(data: torch.Tensor, inner: nn.Module) -> torch.Tensor:
        with torch.autocast("cpu"):
            return inner(data)

    assert_same_gradients(Calls(forward, model), data, tolerance=1e-2)


@pytest.mark.parametrize("name", [*INDEPENDENT, *COUPLED])
def test_with_deterministic_algorithms(name: str) -> None:
    model, data = (INDEPENDENT | COUPLED)[name]
    torch.use_deterministic_algorithms(True)
    try:
        first, second = gradients(model, data, take_rows), gradients(model, data, take_rows)
    finally:
        torch.use_deterministic_algorithms(False)
    assert all(torch.equal(first[key].to_dense(), second[key].to_dense()) for key in first if first[key] is not None)


@pytest.mark.parametrize("reentrant", [False, True])
def test_with_activation_checkpointing(reentrant: bool) -> None:
    inner = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.3), nn.Linear(8, 4))
    model = Calls(lambda x, a, b: b(checkpoint(a, b(x), use_reentrant=reentrant)), inner, nn.Linear(4, 4))
    assert_same_gradients(model, torch.randn(6, 4))


def test_with_compiled_modules() -> None:
    def compiled(data: torch.Tensor, first: nn.Module, second: nn.Module) -> torch.Tensor:
        return second(torch.compile(first, backend="aot_eager")(data).relu())

    model = Calls(compiled, nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 8)), nn.Linear(8, 3))
    assert_same_gradients(model, torch.randn(6, 4))


class Scaled(torch.autograd.Function):
    """Does to its gradient what only a tensor with storage can bear."""

    @staticmethod
    def forward(ctx: Any, data: torch.Tensor) -> torch.Tensor:
        return data * 2

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(gradient.numpy() * 2)


def test_autograd_functions_of_a_model_are_given_plain_tensors() -> None:
    model = Calls(lambda x, a, b: b(Scaled.apply(a(x)).relu()), nn.Linear(4, 8), nn.Linear(8, 3))
    assert_same_gradients(model, torch.randn(6, 4))


def hooked(hook: Callable[[torch.Tensor], torch.Tensor | None]) -> nn.Module:
    def forward(data: torch.Tensor, first: nn.Module, second: nn.Module) -> torch.Tensor:
        hidden = first(data)
        hidden.register_hook(hook)
        return second(hidden)

    return Calls(forward, nn.Linear(4, 8), nn.Linear(8, 3))


def test_hooks_may_replace_gradients() -> None:
    assert_same_gradients(hooked(lambda gradient: gradient.clamp(-0.1, 0.1) / gradient.norm()), torch.randn(6, 4))


def test_hooks_that_change_gradients_in_place_are_refused_instead_of_ignored() -> None:
    with pytest.raises(ModelError, match="return a new tensor"):
        gradients(hooked(lambda gradient: gradient.mul_(2)), torch.randn(6, 4), take_rows)


def test_hooks_of_modules() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    seen = []
    model[1].register_full_backward_hook(lambda module, inputs, outputs: seen.append(inputs[0].numpy()))
    assert_same_gradients(model, torch.randn(6, 4))
    assert (seen[0] != 0).any(1).nonzero()[0].tolist() == KEPT.tolist()


def test_weights_used_twice_and_tied() -> None:
    def forward(data: torch.Tensor, embedding: nn.Module, layer: nn.Module) -> torch.Tensor:
        hidden = layer(layer(embedding(data))).mean(1)
        return hidden @ embedding.weight.t()

    assert_same_gradients(Calls(forward, nn.Embedding(7, 4), nn.Linear(4, 4)), torch.randint(0, 7, (6, 3)))


def test_frozen_parts_get_no_gradients() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    model[0].requires_grad_(False)
    assert_same_gradients(model, torch.randn(6, 4))
    assert gradients(model, torch.randn(6, 4), take_rows)["0.weight"] is None


def test_inputs_that_require_gradients_get_plain_ones() -> None:
    data = torch.randn(6, 4, requires_grad=True)
    layer = nn.Linear(4, 3)
    loss_of(take_rows(layer(data).relu(), KEPT)).backward()
    expected = torch.autograd.grad(loss_of(layer(data).relu()[KEPT]), data)[0]
    assert type(data.grad) is torch.Tensor
    torch.testing.assert_close(data.grad, expected)


def test_several_outputs_from_inputs_by_name() -> None:
    trunk, first, second = nn.Linear(4, 8), nn.Linear(8, 3), nn.Linear(8, 2)
    data = {"numbers": torch.randn(6, 4), "mask": torch.rand(6, 8) < 0.7}

    def losses(taking: Callable[[Any, torch.Tensor], Any]) -> tuple[torch.Tensor, ...]:
        hidden = trunk(data["numbers"]).relu() * data["mask"]
        output = {"first": first(hidden), "others": [second(hidden), (hidden**2).mean()]}
        taken = taking(output, KEPT)
        loss = loss_of(taken["first"]) + 2 * loss_of(taken["others"][0]) + taken["others"][1]
        return torch.autograd.grad(loss, [*trunk.parameters(), *first.parameters(), *second.parameters()])

    def by_hand(output: Any, kept: torch.Tensor) -> Any:
        return {"first": output["first"][kept], "others": [output["others"][0][kept], output["others"][1]]}

    for ours, plain in zip(losses(take_rows), losses(by_hand), strict=True):
        torch.testing.assert_close(ours, plain)


def test_outputs_of_other_first_dimensions_are_refused() -> None:
    with pytest.raises(ModelError, match=r"\(6, 3\), \(3, 6\)"):
        take_rows((torch.zeros(6, 3), torch.zeros(3, 6)), KEPT)


def test_different_samples_kept_of_two_outputs() -> None:
    layer, head = nn.Linear(4, 8), nn.Linear(8, 3)
    data = torch.randn(6, 4)

    def loss(taking: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> torch.Tensor:
        hidden = layer(data)
        return loss_of(taking(head(hidden), KEPT)) + loss_of(taking(head(hidden).tanh(), torch.tensor([0, 1])))

    ours = torch.autograd.grad(loss(take_rows), [*layer.parameters(), *head.parameters()])
    plain = torch.autograd.grad(loss(lambda output, rows: output[rows]), [*layer.parameters(), *head.parameters()])
    for one, other in zip(ours, plain, strict=True):
        torch.testing.assert_close(one, other)


def test_gradients_of_several_pieces_add_up_to_one_step() -> None:
    torch.manual_seed(5)
    model = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 3))
    pieces = [
        (torch.randn(6, 4), torch.tensor([0, 5])),
        (torch.randn(4, 4), torch.tensor([1])),
        (torch.randn(6, 4), KEPT),
    ]
    ours, alone = copy.deepcopy(model), copy.deepcopy(model)
    for one, taking in ((ours, take_rows), (alone, None)):
        optimizer = torch.optim.SGD(one.parameters(), lr=0.1)
        for data, kept in pieces:
            output = taking(one(data), kept) if taking is not None else one(data[kept])
            (F.cross_entropy(output, kept % 3, reduction="sum") / 6).backward()
        optimizer.step()
    for mine, theirs in zip(ours.parameters(), alone.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_a_gradient_scaler_scales_and_unscales() -> None:
    torch.manual_seed(5)
    model = nn.Linear(4, 3)
    expected = copy.deepcopy(model)
    data = torch.randn(6, 4)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler.scale(loss_of(take_rows(model(data), KEPT))).backward()
    scaler.step(optimizer)
    loss_of(expected(data)[KEPT]).backward()
    torch.optim.SGD(expected.parameters(), lr=0.1).step()
    torch.testing.assert_close(model.weight, expected.weight)


def test_samples_left_out_do_no_harm() -> None:
    data = torch.randn(6, 4)
    data[3] = torch.inf
    model = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 3))
    alone = gradients(model, data[KEPT], lambda output, rows: output)
    for name, gradient in gradients(model, data, take_rows).items():
        torch.testing.assert_close(gradient, alone[name])


def test_nodes_that_outlive_a_step_are_guarded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(take, "with_zeros", lambda given: calls.append(1) or with_zeros(given))
    leaf = nn.Parameter(torch.randn(6, 3))
    held = leaf.expand_as(leaf).grad_fn  # as DistributedDataParallel holds the accumulators of all gradients
    for _ in range(3):
        leaf.grad = None
        loss_of(take_rows(leaf * 2, KEPT)).backward()
        assert type(leaf.grad) is torch.Tensor
    assert held is not None
    assert len(calls) == 3


@pytest.mark.parametrize(
    "module",
    [nn.Dropout(0.1), nn.BatchNorm2d(3), nn.InstanceNorm1d(3, track_running_stats=True), nn.RReLU(),
     nn.MultiheadAttention(4, 2, dropout=0.1), nn.LSTM(4, 4, num_layers=2, dropout=0.1)],
)  # fmt: skip
def test_modules_that_compute_something_else_in_training_are_found(module: nn.Module) -> None:
    assert not same_in_training(nn.Sequential(nn.Linear(4, 4), nn.Sequential(module)))


@pytest.mark.parametrize(
    "module", [nn.Dropout(0), nn.GroupNorm(1, 3), nn.InstanceNorm1d(3), nn.LSTM(4, 4, dropout=0), encoder(dropout=0.0)]
)
def test_modules_that_do_not_are_not(module: nn.Module) -> None:
    assert same_in_training(nn.Sequential(nn.Linear(4, 4), module))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("backend", ["EFFICIENT_ATTENTION", "FLASH_ATTENTION"])
def test_attention_on_a_gpu(backend: str, precision: torch.dtype, densified: list[torch.Size]) -> None:
    if backend == "FLASH_ATTENTION" and precision == torch.float32:
        pytest.skip("flash attention has half precision only")
    layer = nn.Linear(32, 32, device="cuda", dtype=precision)
    data = torch.randn(6, 24, 32, device="cuda", dtype=precision)

    def forward(data: torch.Tensor, layer: nn.Module) -> torch.Tensor:
        query, key, value = (layer(data).view(6, 24, 2, 16).transpose(1, 2) for _ in range(3))
        with torch.nn.attention.sdpa_kernel(getattr(torch.nn.attention.SDPBackend, backend)):
            return F.scaled_dot_product_attention(query, key, value).flatten(1)

    model = Calls(forward, layer)
    kept = KEPT.cuda()
    ours, plain = (
        gradients(model, data, take_rows, kept),
        gradients(model, data, lambda output, rows: output[rows], kept),
    )
    for name, expected in plain.items():
        torch.testing.assert_close(ours[name], expected, rtol=2e-2, atol=2e-2)
    assert densified == []
