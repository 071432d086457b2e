"""The device of a training or an evaluation, from its name in the configuration."""

from __future__ import annotations

import torch

from modyn.errors import ModelError


def find_device(name: str) -> torch.device:
    """`auto` is the first GPU if there is one, else the CPU.

    Raises:
        ModelError: the device does not exist on this machine.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device("cuda:0" if name == "cuda" else name)
    if device.type != "cuda":
        return device
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device.index >= count:
        raise ModelError(f"device '{name}': torch sees {count} CUDA devices here; use 'auto' or 'cpu'")
    torch.cuda.set_device(device)
    return device
