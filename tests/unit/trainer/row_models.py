"""Models and batches for tests of backward passes over kept rows; each batch has six samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(1)
NUMBERS = torch.randn(6, 4)
SEQUENCES = torch.randn(6, 5, 4)
IMAGES = torch.randn(6, 2, 12, 12)
WORDS = torch.randint(0, 7, (6, 3))


class Calls(nn.Module):
    """A module that computes what a function says."""

    def __init__(self, function: Callable[..., Any], *parts: nn.Module) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self._function = function

    def forward(self, data: Any) -> Any:
        return self._function(data, *self.parts)


def product(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    return left * right


def writes(output: torch.Tensor) -> torch.Tensor:
    output = output * 2
    output[:, 1] = output[:, 0].clone() ** 2
    output[2] = 0
    output.mul_(3)
    return output


def heads(data: torch.Tensor) -> torch.Tensor:
    return data.view(len(data), -1, 2, 4).transpose(1, 2)


INDEPENDENT: dict[str, tuple[nn.Module, torch.Tensor]] = {
    "layers without bias": (nn.Sequential(nn.Linear(4, 8, bias=False), nn.Linear(8, 3, bias=False)), NUMBERS),
    "a single output": (Calls(lambda x, layer: layer(x).squeeze(1), nn.Linear(4, 1)), NUMBERS),
    "one vector": (Calls(lambda x, layer: x @ layer.weight[0] + layer.bias, nn.Linear(4, 1)), NUMBERS),
    "sequences": (nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)), SEQUENCES),
    "sequences, flattened": (
        Calls(lambda x, a, b: b(a(x.flatten(0, 1)).relu().view(6, 5, 8)).sum(1), nn.Linear(4, 8), nn.Linear(8, 3)),
        SEQUENCES,
    ),
    "sequences first, flattened": (
        Calls(
            lambda x, a, b: b(a(x.transpose(0, 1).reshape(30, 4)).relu()).view(5, 6, 3).mean(0),
            nn.Linear(4, 8),
            nn.Linear(8, 3),
        ),
        SEQUENCES,
    ),
    "the last of a sequence": (Calls(lambda x, layer: layer(x.transpose(0, 1))[-1], nn.Linear(4, 3)), SEQUENCES),
    "samples last": (Calls(lambda x, layer: (layer.weight @ x.t()).t(), nn.Linear(4, 3)), NUMBERS),
    "batched products": (
        Calls(lambda x, a: torch.bmm(a(x), x.transpose(1, 2)).softmax(-1) @ a(x), nn.Linear(4, 4)),
        SEQUENCES,
    ),
    "attention": (
        Calls(
            lambda x, a: F.scaled_dot_product_attention(heads(a(x)), heads(x), heads(a(x))).flatten(1), nn.Linear(8, 8)
        ),
        torch.randn(6, 5, 8),
    ),
    "attention with masks of samples": (
        Calls(
            lambda x, a: F.scaled_dot_product_attention(
                heads(a(x)), heads(x), heads(a(x)), attn_mask=x[:, None, :, :1] < 0.9
            ).flatten(1),
            nn.Linear(8, 8),
        ),
        torch.rand(6, 5, 8),
    ),
    "a convolution": (nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Conv2d(4, 3, 3), nn.Flatten()), IMAGES),
    "channels last": (
        nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Conv2d(4, 3, 3), nn.Flatten()).to(
            memory_format=torch.channels_last
        ),
        IMAGES.to(memory_format=torch.channels_last),
    ),
    "grouped, dilated and transposed convolutions": (
        nn.Sequential(
            nn.Conv2d(2, 4, 3, groups=2, dilation=2, padding="same"),
            nn.ConvTranspose2d(4, 3, 3, stride=2),
            nn.Flatten(),
        ),
        IMAGES,
    ),
    "convolutions in one dimension": (
        nn.Sequential(nn.Conv1d(2, 4, 3), nn.MaxPool1d(2), nn.AvgPool1d(2), nn.Flatten()),
        torch.randn(6, 2, 16),
    ),
    "convolutions in three dimensions": (
        nn.Sequential(nn.Conv3d(1, 2, 2), nn.MaxPool3d(2), nn.AdaptiveAvgPool3d(2), nn.Flatten()),
        torch.randn(6, 1, 8, 8, 8),
    ),
    "padding": (Calls(lambda x, a: F.pad(a(x), (1, 2, 0, 1)).cos().flatten(1), nn.Conv2d(2, 3, 3)), IMAGES),
    "pooling": (
        nn.Sequential(
            nn.Conv2d(2, 4, 3), nn.MaxPool2d(2), nn.AvgPool2d(2, padding=1), nn.AdaptiveMaxPool2d(2), nn.Flatten()
        ),
        IMAGES,
    ),
    "global pooling": (
        nn.Sequential(nn.Conv2d(2, 4, 3), nn.AdaptiveAvgPool2d(3), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        IMAGES,
    ),
    "layer norm": (nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 3)), SEQUENCES),
    "layer norm of sequences first": (
        Calls(lambda x, a: a(x.transpose(0, 1)).sum(0), nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8))),
        SEQUENCES,
    ),
    "RMS norm": (nn.Sequential(nn.Linear(4, 8), nn.RMSNorm(8), nn.Linear(8, 3)), SEQUENCES),
    "group norm": (nn.Sequential(nn.Conv2d(2, 4, 3), nn.GroupNorm(2, 4), nn.Flatten()), IMAGES),
    "batch norm in evaluation": (nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4).eval(), nn.Flatten()), IMAGES),
    "embeddings": (nn.Sequential(nn.Embedding(7, 4, padding_idx=2), nn.Flatten(), nn.Linear(12, 3)), WORDS),
    "dropout": (nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 3)), NUMBERS),
    "normalized logits": (nn.Sequential(nn.Linear(4, 8), nn.Softmax(1), nn.Linear(8, 3), nn.LogSoftmax(1)), NUMBERS),
    "clamped values": (
        Calls(lambda x, a: a(x).clamp(-0.5, 0.5).abs() + a(x).masked_fill(x[:, :1] > 0, 0), nn.Linear(4, 3)),
        NUMBERS,
    ),
    "quotients and powers": (Calls(lambda x, a: a(x) / (1 + a(x) ** 2).sqrt() * x[:, :1], nn.Linear(4, 3)), NUMBERS),
    "branches": (
        Calls(
            lambda x, a, b: (
                product(*torch.cat([a(x), b(x)], 1).chunk(2, 1)) * torch.stack([a(x), b(x)], 1).select(1, 1)
            ),
            nn.Linear(4, 3),
            nn.Linear(4, 3),
        ),
        NUMBERS,
    ),
    "unbound and stacked": (
        Calls(
            lambda x, a, b: torch.stack([a(part) for part in b(x).unbind(1)], 1).flatten(1),
            nn.Linear(4, 3),
            nn.Linear(4, 4),
        ),
        SEQUENCES,
    ),
    "residuals": (Calls(lambda x, a, b: x + b((x + a(x)).relu()) - a(x), nn.Linear(4, 4), nn.Linear(4, 4)), NUMBERS),
    "expanded samples": (
        Calls(
            lambda x, a, b: (a(x).unsqueeze(1).expand(6, 5, 8) * b.weight.t()[:5]).sum(2),
            nn.Linear(4, 8),
            nn.Linear(6, 8),
        ),
        NUMBERS,
    ),
}
for activation in (
    nn.ELU,
    nn.GELU,
    nn.Hardsigmoid,
    nn.Hardswish,
    nn.Hardtanh,
    nn.LeakyReLU,
    nn.LogSigmoid,
    nn.Mish,
    nn.PReLU,
    nn.SELU,
    nn.Sigmoid,
    nn.SiLU,
    nn.Softplus,
    nn.Tanh,
):
    INDEPENDENT[activation.__name__] = (
        nn.Sequential(nn.Linear(4, 8), activation(), nn.Linear(8, 3)),
        NUMBERS,
    )


COUPLED: dict[str, tuple[nn.Module, torch.Tensor]] = {
    "batch norm": (nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)), NUMBERS),
    "means over samples": (Calls(lambda x, a: a(x) - a(x).mean(0), nn.Linear(4, 3)), NUMBERS),
    "similarities": (Calls(lambda x, a: a(x) @ a(x).t(), nn.Linear(4, 3)), NUMBERS),
    "a softmax over samples": (Calls(lambda x, a: a(x).softmax(0), nn.Linear(4, 3)), NUMBERS),
    "a sum over samples": (Calls(lambda x, a: a(x).cumsum(0), nn.Linear(4, 3)), NUMBERS),
    "neighbouring samples": (Calls(lambda x, a: a(x) + a(x).roll(1, 0), nn.Linear(4, 3)), NUMBERS),
    "shifted samples": (Calls(lambda x, a: F.pad(a(x)[1:], (0, 0, 0, 1)) + a(x), nn.Linear(4, 3)), NUMBERS),
    "samples taken apart": (Calls(lambda x, a: torch.stack(a(x).unbind(0)).relu(), nn.Linear(4, 3)), NUMBERS),
    "one sample": (Calls(lambda x, a: a(x) * a(x).relu()[2], nn.Linear(4, 3)), NUMBERS),
    "samples in another order": (Calls(lambda x, a: a(x).flip(0) * a(x)[[3, 3, 1, 0, 2, 5]], nn.Linear(4, 3)), NUMBERS),
    "halves": (Calls(lambda x, a: torch.cat([a(x[:3]), a(x[3:]) * 2]), nn.Linear(4, 3)), NUMBERS),
    "as many features as samples": (Calls(lambda x, a: a(a(x).t()) + a(x), nn.Linear(6, 6)), torch.randn(6, 6)),
    "samples as channels": (
        Calls(lambda x, a: a(x.unsqueeze(0)).squeeze(0).flatten(1), nn.Conv2d(6, 6, 3)),
        torch.randn(6, 5, 5),
    ),
    "samples among the normalized": (Calls(lambda x, a: F.layer_norm(a(x), (6, 3)), nn.Linear(4, 3)), NUMBERS),
    "attention over samples": (
        Calls(
            lambda x, a: F.scaled_dot_product_attention(a(x)[None, None], a(x)[None, None], x[None, None])[0, 0],
            nn.Linear(4, 4),
        ),
        NUMBERS,
    ),
    "embeddings scaled by frequency": (nn.Sequential(nn.Embedding(7, 4, scale_grad_by_freq=True), nn.Flatten()), WORDS),
    "a part that is not used": (Calls(lambda x, a: a(x).chunk(2, 1)[0].relu(), nn.Linear(4, 4)), NUMBERS),
    "the largest": (Calls(lambda x, a: a(x).max(1).values.flatten(1), nn.Linear(4, 3)), SEQUENCES),
    "an LSTM": (Calls(lambda x, a: a(x)[0][:, -1], nn.LSTM(4, 3, batch_first=True)), SEQUENCES),
    "a GRU": (Calls(lambda x, a: a(x)[0][:, -1], nn.GRU(4, 3, batch_first=True)), SEQUENCES),
    "bags": (nn.Sequential(nn.EmbeddingBag(7, 4), nn.Linear(4, 3)), WORDS),
    "sparse embeddings": (nn.Sequential(nn.Embedding(7, 4, sparse=True), nn.Flatten()), WORDS),
    "scattered values": (Calls(lambda x, a: a(x).gather(1, x.argsort(1)[:, :2]), nn.Linear(4, 4)), NUMBERS),
    "values written in place": (Calls(lambda x, a: writes(a(x)), nn.Linear(4, 4)), NUMBERS),
    "upsampling": (nn.Sequential(nn.Conv2d(2, 2, 3), nn.Upsample(scale_factor=2), nn.Flatten()), IMAGES),
    "products of samples": (
        Calls(lambda x, a: torch.einsum("bi,bj->bij", a(x), a(x)).flatten(1), nn.Linear(4, 4)),
        NUMBERS,
    ),
    "parameters of the samples": (Calls(lambda x, a: x @ a.weight[:4] + a.weight[:, :1], nn.Linear(5, 6)), NUMBERS),
}
