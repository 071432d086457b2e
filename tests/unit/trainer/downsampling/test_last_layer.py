from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from modyn.errors import ModelError
from modyn.trainer.downsampling.last_layer import LastLayer


class Classifier(nn.Module):
    """Its head is not its last attribute, and it goes on from there if `after` says so."""

    def __init__(self, after: nn.Module | None = None) -> None:
        super().__init__()
        self.head = nn.Linear(6, 3)
        self.body = nn.Sequential(nn.Linear(4, 6), nn.ReLU())
        self.after = after
        self.embedding = torch.empty(0)

    def forward(self, data: Tensor) -> Tensor:
        self.embedding = self.body(data)
        output: Tensor = self.head(self.embedding)
        return output if self.after is None else self.after(output)


class Squeezed(nn.Module):
    """One logit for each sample, as [B]."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 5)
        self.last = nn.Linear(5, 1)

    def forward(self, data: Tensor) -> Tensor:
        output: Tensor = self.last(torch.relu(self.first(data))).squeeze(1)
        return output


def embeddings_of(layer: LastLayer, model: nn.Module, data: Tensor) -> Tensor:
    with layer.watching():
        output = model(data)
    return layer.take(output)


@pytest.mark.parametrize("after", [None, nn.LogSoftmax(dim=1), nn.Softmax(dim=1)])
def test_the_input_of_the_last_layer_is_the_embedding(after: nn.Module | None) -> None:
    model = Classifier(after)
    layer = LastLayer(model)

    for batch in (5, 2, 5):
        embeddings = embeddings_of(layer, model, torch.randn(batch, 4))
        torch.testing.assert_close(embeddings, model.embedding)
        assert not embeddings.requires_grad


def test_an_output_without_class_dimension_has_embeddings_too() -> None:
    model = Squeezed()
    layer, data = LastLayer(model), torch.randn(7, 4)

    embeddings = embeddings_of(layer, model, data)

    torch.testing.assert_close(embeddings, torch.relu(model.first(data)))


def test_a_layer_may_be_named() -> None:
    model, data = Classifier(), torch.randn(3, 4)
    layer = LastLayer(model, "body.0")

    torch.testing.assert_close(embeddings_of(layer, model, data), data)


def test_maps_of_features_are_flattened() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 4, 6), nn.Flatten())
    layer = LastLayer(model)

    assert embeddings_of(layer, model, torch.randn(5, 1, 8, 8)).shape == (5, 2 * 6 * 6)


def test_an_unknown_name_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ModelError, match=r"no layer 'heat'; its layers are body, body\.0, body\.1, head"):
        LastLayer(Classifier(), "heat")


def test_a_model_without_weights_has_none() -> None:
    model = nn.ReLU()
    layer = LastLayer(model)

    with pytest.raises(ModelError, match="last_layer: NAME"):
        embeddings_of(layer, model, torch.randn(2, 3))


def test_an_input_that_is_no_row_per_sample_is_refused() -> None:
    class Folded(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 2)

        def forward(self, data: Tensor) -> Tensor:
            output: Tensor = self.layer(data.reshape(-1, 4)).reshape(len(data), -1)
            return output

    model = Folded()
    layer = LastLayer(model)
    with pytest.raises(ModelError, match=r"\[6, 4\], which is no embedding for each of 3 samples"):
        embeddings_of(layer, model, torch.randn(3, 8))


def test_passes_that_nobody_watches_leave_nothing_behind() -> None:
    model, data = Classifier(), torch.randn(3, 4)
    layer = LastLayer(model)

    model(torch.randn(5, 4))

    assert layer._calls is None
    torch.testing.assert_close(embeddings_of(layer, model, data), model.body(data))


def test_no_hook_is_left_behind() -> None:
    model = Classifier()
    layer = LastLayer(model)
    embeddings_of(layer, model, torch.randn(2, 4))

    layer.close()

    assert not any(module._forward_hooks for module in model.modules())
