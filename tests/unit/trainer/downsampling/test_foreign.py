"""Downsamplers that are classes of the pipeline's own, and what they may do wrong."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.trainer.workbench import Workbench

from modyn.errors import SelectionError
from modyn.trainer.job import train

MODULE = '''
import torch

from modyn.trainer.downsampling.api import BOTH_MODES, Choice, Stateless


class Median(Stateless):
    """Samples whose loss is nearest to a quantile."""

    needs = "outputs"
    modes = BOTH_MODES
    weighted = False

    def __init__(self, quantile=0.5):
        if not 0 <= quantile <= 1:
            raise ValueError(f"quantile {quantile} is not between 0 and 1")
        self.quantile = quantile

    def measure(self, outputs):
        return {"loss": outputs.losses}

    def choose(self, candidates, count, draw):
        losses = candidates.columns["loss"]
        return Choice((losses - losses.quantile(self.quantile)).abs().argsort(stable=True)[:count])


class TooFew(Median):
    def choose(self, candidates, count, draw):
        return Choice(torch.arange(count - 1))


class Twice(Median):
    def choose(self, candidates, count, draw):
        return Choice(torch.zeros(count, dtype=torch.int64))


class Floats(Median):
    def choose(self, candidates, count, draw):
        return Choice(torch.arange(count).float())


class Mask(Median):
    def choose(self, candidates, count, draw):
        return Choice(torch.arange(candidates.size) < count)


class Outside(Median):
    def choose(self, candidates, count, draw):
        return Choice(torch.arange(count) + candidates.size)


class Bare(Median):
    def choose(self, candidates, count, draw):
        return torch.arange(count)


class SecretWeights(Median):
    def choose(self, candidates, count, draw):
        return Choice(torch.arange(count), torch.ones(count))


class NoWeights(Median):
    weighted = True


class Infinite(Median):
    weighted = True

    def choose(self, candidates, count, draw):
        return Choice(torch.arange(count), torch.full((count,), torch.inf))


class Negative(Median):
    weighted = True

    def choose(self, candidates, count, draw):
        return Choice(torch.arange(count), torch.full((count,), -1.0))


class Mean(Median):
    def measure(self, outputs):
        return {"loss": outputs.losses.mean()}


class Half(Median):
    def measure(self, outputs):
        return {"loss": outputs.losses[::2]}


class NotADict(Median):
    def measure(self, outputs):
        return outputs.losses


class Numpy(Median):
    def measure(self, outputs):
        return {"loss": outputs.losses.numpy()}


class Vague:
    modes = BOTH_MODES
    weighted = False

    def measure(self, outputs): ...
    def choose(self, candidates, count, draw): ...
    def state_dict(self): ...
    def load_state_dict(self, state): ...


class Undecided(Median):
    weighted = None


class OfBatches(Median):
    modes = frozenset({"batch_then_sample"})


class Idle:
    pass


class Raising(Median):
    def choose(self, candidates, count, draw):
        raise ZeroDivisionError("no sample has a loss")


class Alternating(Median):
    """Remembers how often it has chosen."""

    def __init__(self):
        super().__init__()
        self.choices = 0

    def choose(self, candidates, count, draw):
        self.choices += 1
        order = candidates.columns["loss"].argsort(stable=True)
        return Choice(order[:count] if self.choices % 2 else order[-count:])

    def state_dict(self):
        return {"choices": self.choices}

    def load_state_dict(self, state):
        self.choices = state["choices"]
'''
BOTH = pytest.mark.parametrize("whole", [True, False], ids=["set", "batch"])


@pytest.fixture
def bench(workbench: Workbench) -> Workbench:
    (workbench.folder / "own.py").write_text(MODULE)
    return workbench


def section(name: str, whole: bool, **config: Any) -> dict[str, Any]:
    return {"strategy": f"own:{name}", "ratio": 25, "sample_then_batch": whole, "config": config}


@BOTH
def test_a_class_beside_the_pipeline_file_chooses(bench: Workbench, whole: bool) -> None:
    low, high = (bench.train(downsampling=section("Median", whole, quantile=quantile)) for quantile in (0.1, 0.9))

    assert low.samples == high.samples == 2 * 64
    assert low.digest != high.digest


@BOTH
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("TooFew", "downsampler TooFew: .* samples were chosen, expected exactly"),
        ("Twice", "downsampler Twice: a sample was chosen more than once"),
        ("Floats", r"downsampler Floats: positions are torch.float32 of shape \[.*\], expected int64"),
        ("Mask", r"downsampler Mask: positions are torch.bool of shape \[.*\], expected int64"),
        ("Outside", "downsampler Outside: a position is not among the .* candidates, which count from 0"),
        ("Bare", "downsampler Bare: `choose` returned Tensor, expected a Choice"),
        ("SecretWeights", "downsampler SecretWeights: it gave weights, but its attribute `weighted` is False"),
        ("NoWeights", "downsampler NoWeights: it gave no weights, but its attribute `weighted` is True"),
        ("Infinite", "downsampler Infinite: weights must be one finite number of at least 0"),
        ("Negative", "downsampler Negative: weights must be one finite number of at least 0"),
        ("Mean", r"downsampler Mean: `measure` gave 'loss' of shape \[\], expected one row for each of 32 samples"),
        ("Half", r"downsampler Half: `measure` gave 'loss' of shape \[16\], expected one row for each of 32"),
        ("NotADict", "downsampler NotADict: `measure` returned Tensor, expected a dict of tensors"),
        ("Numpy", "downsampler Numpy: `measure` gave ndarray for 'loss', expected a tensor"),
        ("Vague", "'own:Vague': its attribute `needs` must be one of nothing, outputs, embeddings"),
        ("Undecided", "'own:Undecided': its attribute `weighted` must be True or False"),
        ("Idle", "'own:Idle': class Idle has no method measure, choose, state_dict, load_state_dict"),
        ("Missing", "'own:Missing': there is no class 'Missing' in .*own.py, which has"),
    ],
)
def test_a_mistake_is_explained(bench: Workbench, whole: bool, name: str, message: str) -> None:
    with pytest.raises(SelectionError, match=message):
        bench.train(downsampling=section(name, whole))


def test_a_mode_that_it_does_not_have_is_refused(bench: Workbench) -> None:
    with pytest.raises(SelectionError, match="cannot be used as sample_then_batch; its attribute `modes` has batch_th"):
        bench.train(downsampling=section("OfBatches", True))
    assert bench.train(downsampling=section("OfBatches", False)).samples == 2 * 64


def test_options_that_it_refuses_are_named(bench: Workbench) -> None:
    message = r"'own:Median' cannot be made with its options \(quantile\): quantile 7 is not between 0 and 1"
    with pytest.raises(SelectionError, match=message):
        bench.train(downsampling=section("Median", True, quantile=7))


@BOTH
def test_what_it_raises_reaches_the_run(bench: Workbench, whole: bool) -> None:
    with pytest.raises(ZeroDivisionError, match="no sample has a loss"):
        bench.train(downsampling=section("Raising", whole))


def test_its_state_is_in_the_checkpoints(bench: Workbench) -> None:
    # The failing transformer ends the first attempt in its third epoch, after the second choice.
    source = """
from pathlib import Path

import torch

steps = 0

def label_transformer_function(labels):
    global steps
    steps += torch.is_grad_enabled()
    if steps == 6 and Path({!r}).exists():
        raise KeyboardInterrupt
    return labels
"""
    stop = bench.folder / "stop"
    changes = {
        "training.checkpointing": {"activated": True, "interval": 1},
        "training.epochs_per_trigger": 4,
        "data.label_transformer_function": source.format(str(stop)),
    }
    downsampling = section("Alternating", True)
    undisturbed = bench.train(changes, downsampling=downsampling)
    stop.touch()
    earlier = bench.request(changes, downsampling=downsampling)
    with pytest.raises(KeyboardInterrupt):
        train(earlier, lambda event: None)
    stop.unlink()

    assert bench.train(changes, downsampling=downsampling, resume_folder=earlier.folder).digest == undisturbed.digest
