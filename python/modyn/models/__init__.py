"""Models: what a pipeline may name in `model.id`, how a class becomes a module, and files of weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from modyn.config import PipelineConfig


def load_trained_model(config: PipelineConfig, source_folder: Path, path: Path) -> nn.Module:
    """The model of a pipeline with the weights of a file, on the CPU and in evaluation mode.

    Args:
        config: the pipeline, which names the class and its options.
        source_folder: the folder of the pipeline file; the user's modules are looked up there first.
        path: a safetensors file of a trained model.

    Raises:
        ModelError: the model cannot be built, or the file does not fit it.
        UnsupportedError: the model is a known one that this version does not have.
    """
    import torch

    from modyn.models.build import build_model
    from modyn.models.weights import load_weights

    model = build_model(config.model, source_folder, torch.device("cpu"), amp=config.training.amp)
    load_weights(model, path)
    return model.eval()
