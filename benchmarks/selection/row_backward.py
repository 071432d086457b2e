"""A training step on a part of each batch that was chosen by its outputs: one forward pass or two.

Ours is one forward pass over the batch in training mode and a backward pass over the kept samples (`take_rows`). The
peers: the same with autograd's own backward pass; and two passes, which is a forward pass over all in evaluation mode
without a graph, then forward and backward over the kept samples. For scale: a step on all samples. A step is forward
and backward; the scores are random, as they cost each the same. The memory is that of one step in a process of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from benchmarks.report import Row, interleaved, write_rows
from torch import nn

from modyn.trainer.row_backward import take_rows

CLASSES = 10
SHARES = (0.25, 0.5)


class Residual(nn.Module):
    """Two convolutions around which the input is carried."""

    def __init__(self, channels: int, norm: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False), norm(channels), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False), norm(channels))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return F.relu(images + self.second(self.first(images)))


class Encoder(nn.Module):
    """Transformer layers, and a linear layer on the mean of the sequence."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(width, 4, 4 * width, dropout, F.gelu, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
        self.head = nn.Linear(width, CLASSES)

    def forward(self, sequences: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(self.encoder(sequences).mean(1))
        return logits


def perceptron(inputs: int, width: int, layers: int, dropout: float = 0.0) -> nn.Module:
    hidden: list[nn.Module] = []
    for size in [inputs] + [width] * (layers - 1):
        hidden += [nn.Linear(size, width), nn.GELU() if dropout else nn.ReLU()]
        if dropout:
            hidden.append(nn.Dropout(dropout))
    return nn.Sequential(*hidden, nn.Linear(width, CLASSES))


def convnet(norm: Callable[[int], nn.Module]) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1),
        Residual(32, norm),
        nn.Conv2d(32, 64, 3, stride=2, padding=1),
        Residual(64, norm),
        nn.Conv2d(64, 128, 3, stride=2, padding=1),
        Residual(128, norm),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(128, CLASSES),
    )


MODELS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "MLP 15-64-64": (partial(perceptron, 15, 64, 2), (1024, 15)),
    "MLP 256-1024-1024-1024": (partial(perceptron, 256, 1024, 3), (512, 256)),
    "MLP 256-512-512, GELU, dropout": (partial(perceptron, 256, 512, 2, 0.1), (1024, 256)),
    "ResNet-like, group norm": (partial(convnet, partial(nn.GroupNorm, 8)), (128, 3, 32, 32)),
    "ResNet-like, batch norm": (partial(convnet, nn.BatchNorm2d), (128, 3, 32, 32)),
    "transformer": (partial(Encoder, 128, 0.0), (64, 64, 128)),
    "transformer, dropout": (partial(Encoder, 128, 0.1), (64, 64, 128)),
}


def steps(model: str, share: float, device: torch.device) -> dict[str, Callable[[], None]]:
    """A step of each kind."""
    torch.manual_seed(1)
    build, shape = MODELS[model]
    network = build().to(device).train()
    data = torch.randn(shape, device=device)
    labels = torch.randint(0, CLASSES, shape[:1], device=device)
    kept = torch.randperm(shape[0])[: int(share * shape[0])].sort().values.to(device)

    def learn(output: torch.Tensor, labels: torch.Tensor) -> None:
        torch.autograd.backward(F.cross_entropy(output, labels))
        network.zero_grad()

    def twice() -> None:
        network.eval()
        with torch.inference_mode():
            network(data)
        network.train()
        learn(network(data[kept]), labels[kept])

    return {
        "ours": lambda: learn(take_rows(network(data), kept), labels[kept]),
        "two passes": twice,
        "one pass, autograd's backward": lambda: learn(network(data)[kept], labels[kept]),
        "a step on all samples": lambda: learn(network(data), labels),
    }


def milliseconds(step: Callable[[], None], device: torch.device) -> float:
    """Of one step, over as many as take about 0.2 s."""
    done, started = 0, time.perf_counter()
    while done == 0 or time.perf_counter() - started < 0.2:
        step()
        done += 1
        if device.type == "cuda":
            torch.cuda.synchronize()
    return (time.perf_counter() - started) / done * 1e3


def memory(model: str, way: str, share: float, device: torch.device, threads: int) -> float:
    """MB that a step takes beyond what is there before it, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.selection.row_backward", "--memory-of", model, way, str(share)]
    command += ["--device", str(device), "--threads", str(threads)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def memory_here(model: str, way: str, share: float, device: torch.device) -> float:
    step = steps(model, share, device)[way]
    if device.type == "cuda":
        step()
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        allocated = torch.cuda.memory_allocated()
        step()
        torch.cuda.synchronize()
        return (torch.cuda.max_memory_allocated() - allocated) / 1e6
    # Torch imports some of itself at the first backward pass of each kind.
    take_rows(nn.Linear(2, 2)(torch.ones(2, 2)), torch.zeros(1, dtype=torch.int64)).sum().backward()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _status("VmRSS")
    for _ in range(3):
        step()
    return _status("VmHWM") - before


def _status(name: str) -> float:
    """MB; the peak that getrusage tells is inherited from the process that started this one."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(name)) * 1024 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", help=f"some of: {', '.join(MODELS)}")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--memory-of", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.memory_of is not None:
        model, way, share = options.memory_of
        print(memory_here(model, way, float(share), options.device))
        return
    rows = []
    for model in options.models or MODELS:
        for share in SHARES:
            ways = steps(model, share, options.device)
            for step in ways.values():
                step()
            times = interleaved(
                {way: partial(milliseconds, step, options.device) for way, step in ways.items()},
                options.repeats,
                before=lambda: None,
            )
            work = f"{model}: step on {share:.0%} of the samples"
            for way in list(ways)[1:]:
                rows.append(Row(work, "ms", times["ours"], times[way], way, times[way] / times["ours"], None))
        if options.device.type == "cpu" and sys.platform != "linux":
            continue
        took = {way: memory(model, way, SHARES[0], options.device, options.threads) for way in ways}
        if took["ours"] > 1:  # below that it fits into what the process has let go of
            work = f"{model}: memory of a step on {SHARES[0]:.0%} of the samples"
            for way in list(ways)[1:]:
                rows.append(Row(work, "MB", took["ours"], took[way], way, took[way] / took["ours"], None))
    write_rows("selection_row_backward", rows)


if __name__ == "__main__":
    main()
