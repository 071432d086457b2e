"""Batch-then-sample, in one pass and in two: what a step trains on, and what goes through the model."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from modyn.config.training import OptimizationCriterion
from modyn.errors import SelectionError
from modyn.trainer.batch_plan import BatchPlan
from modyn.trainer.components import Components
from modyn.trainer.criterion import Criterion
from modyn.trainer.data.batch import Batch
from modyn.trainer.downsampling.api import BOTH_MODES, Candidates, Choice, Draw, Mode, Needs, Stateless
from modyn.trainer.downsampling.batch_choice import BatchChoice
from modyn.trainer.downsampling.kept_inputs import KeptInputs
from modyn.trainer.downsampling.kept_rows import KeptRows
from modyn.trainer.downsampling.outputs import Outputs
from modyn.trainer.downsampling.scorer import Scorer
from modyn.trainer.downsampling.steps import Steps
from modyn.trainer.precision import Precision

CPU = torch.device("cpu")


class GreatestLoss(Stateless):
    """Keeps the greatest losses; with weights, each weighs as much as its loss."""

    needs: Needs = "outputs"
    modes: frozenset[Mode] = BOTH_MODES

    def __init__(self, weighted: bool = False) -> None:
        self.weighted = weighted
        self.positions: list[int] = []

    def measure(self, outputs: Outputs) -> dict[str, Tensor]:
        self.positions += outputs.positions.tolist()
        return {"loss": outputs.losses}

    def choose(self, candidates: Candidates, count: int, draw: Draw) -> Choice:
        losses = candidates.columns["loss"]
        positions = torch.argsort(losses, descending=True, stable=True)[:count]
        return Choice(positions, losses[positions] if self.weighted else None)


class Counting(nn.Module):
    """A network that counts the samples that go through it."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
        self.samples = 0

    def forward(self, data: Tensor) -> Tensor:
        self.samples += len(data)
        output: Tensor = self.layers(data)
        return output


class Bench:
    """A training of batches of 8 of 40 samples, and the tensors to do the same by hand."""

    def __init__(
        self,
        passes: type[KeptRows] | type[KeptInputs],
        *,
        weighted: bool = False,
        drop_last: bool = True,
        ratio: int = 25,
        **criterion: Any,
    ) -> None:
        torch.manual_seed(5)
        self.data, self.labels = torch.randn(40, 4), torch.randint(0, 3, (40,))
        self.model = Counting()
        self.twin = copy.deepcopy(self.model)
        self.config = OptimizationCriterion(name="CrossEntropyLoss", config=criterion)
        self.plan = BatchPlan(samples=40, batch_size=8, drop_last=drop_last, epochs=1)
        self.steps = Steps(self.plan, ratio, 100)
        self.downsampler = GreatestLoss(weighted)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)
        parts = Components(
            model=self.model,
            optimizers={"default": self.optimizer},
            criterion=Criterion(self.config, weighted=True, device=CPU),
            precision=Precision(False, CPU, None),
            schedule=None,
            label_transformer=None,
            device=CPU,
        )
        scorer = Scorer(self.config, CPU)
        draw = Draw(1, 0, 0)

        def positions(span: Any) -> Tensor:
            return torch.arange(span.first, span.first + span.count)

        choice = BatchChoice(self.downsampler, self.steps, scorer, None, draw, CPU, positions)
        self.stepper = passes(parts, choice)

    def batch(self, index: int, weights: Tensor | None = None) -> Batch:
        span = self.plan.span(index)
        rows = slice(span.first, span.first + span.count)
        return Batch(span, np.arange(40)[rows], self.data[rows], self.labels[rows], weights)

    def by_hand(self, criterion: nn.Module, batches: range) -> Tensor:
        """A step of the twin on what is kept of some batches; returns the kept samples' numbers."""
        kept = []
        losses = nn.CrossEntropyLoss(reduction="none")
        for index in batches:
            span = self.plan.span(index)
            rows = torch.arange(span.first, span.first + span.count)
            found = losses(self.twin(self.data[rows]), self.labels[rows])
            kept.append(rows[torch.argsort(found, descending=True, stable=True)[: self.steps.kept(span.count)]])
        rows = torch.cat(kept)
        optimizer = torch.optim.SGD(self.twin.parameters(), lr=0.1)
        optimizer.zero_grad()
        criterion(self.twin(self.data[rows]), self.labels[rows]).backward()
        optimizer.step()
        return rows

    def assert_equal(self) -> None:
        for mine, expected in zip(self.model.parameters(), self.twin.parameters(), strict=True):
            torch.testing.assert_close(mine, expected)


Passes = type[KeptRows] | type[KeptInputs]
BOTH = pytest.mark.parametrize("passes", [KeptRows, KeptInputs])


@BOTH
def test_a_step_is_made_on_the_kept_samples_of_several_batches(passes: Passes) -> None:
    bench = Bench(passes)

    trained = [bench.stepper.train_on(bench.batch(index)) for index in range(5)]

    assert [one.stepped for one in trained] == [False, False, False, True, False]
    assert sum(one.samples for one in trained[:4]) == 8
    bench.by_hand(nn.CrossEntropyLoss(), range(4))
    bench.assert_equal()


def test_in_one_pass_every_sample_goes_through_the_model_once() -> None:
    bench = Bench(KeptRows)

    for index in range(5):
        bench.stepper.train_on(bench.batch(index))

    assert bench.model.samples == 40
    assert bench.downsampler.positions == list(range(40))


def test_in_two_passes_the_kept_ones_go_through_it_twice() -> None:
    bench = Bench(KeptInputs)

    for index in range(5):
        bench.stepper.train_on(bench.batch(index))

    assert bench.model.samples == 40 + 8
    assert bench.downsampler.positions == list(range(40))


@BOTH
@pytest.mark.parametrize(
    "options",
    [{"weight": [0.5, 2.0, 1.0]}, {"label_smoothing": 0.2}, {"reduction": "sum"}, {"ignore_index": 1}],
    ids=str,
)
def test_the_criterion_is_that_of_one_batch_of_them(options: dict[str, Any], passes: Passes) -> None:
    bench = Bench(passes, **options)
    for index in range(4):
        bench.stepper.train_on(bench.batch(index))

    hand = {key: torch.tensor(value) if isinstance(value, list) else value for key, value in options.items()}
    # By hand the rows are chosen by the same losses.
    kept = torch.tensor(
        [
            int(row)
            for index in range(4)
            for row in _kept_by(bench, index, nn.CrossEntropyLoss(**hand | {"reduction": "none"}))
        ]
    )
    optimizer = torch.optim.SGD(bench.twin.parameters(), lr=0.1)
    nn.CrossEntropyLoss(**hand)(bench.twin(bench.data[kept]), bench.labels[kept]).backward()
    optimizer.step()
    bench.assert_equal()


def _kept_by(bench: Bench, index: int, losses: nn.Module) -> Tensor:
    span = bench.plan.span(index)
    rows = torch.arange(span.first, span.first + span.count)
    with torch.no_grad():
        found = losses(bench.twin(bench.data[rows]), bench.labels[rows])
    return rows[torch.argsort(found, descending=True, stable=True)[: bench.steps.kept(span.count)]]


@BOTH
def test_weights_weigh_the_kept_samples_of_a_step(passes: Passes) -> None:
    bench = Bench(passes, weighted=True)
    for index in range(4):
        bench.stepper.train_on(bench.batch(index))

    losses = nn.CrossEntropyLoss(reduction="none")
    kept = torch.cat([_kept_by(bench, index, losses) for index in range(4)])
    found = losses(bench.twin(bench.data[kept]), bench.labels[kept])
    weights = found.detach()
    ((weights * found).sum() / weights.sum()).backward()
    with torch.no_grad():
        for parameter in bench.twin.parameters():
            parameter -= 0.1 * parameter.grad
    bench.assert_equal()


@BOTH
def test_the_loss_of_a_step_is_the_mean_of_its_samples(passes: Passes) -> None:
    bench = Bench(passes, weighted=True)

    trained = [bench.stepper.train_on(bench.batch(index)) for index in range(5)]

    losses = nn.CrossEntropyLoss(reduction="none")
    kept = torch.cat([_kept_by(bench, index, losses) for index in range(4)])
    found = losses(bench.twin(bench.data[kept]), bench.labels[kept]).detach()
    assert [one.step_loss is None for one in trained] == [True, True, True, False, True]
    torch.testing.assert_close(trained[3].step_loss, (found * found).sum() / found.sum())


@BOTH
def test_a_sum_of_losses_weighs_as_much_as_without_weights(passes: Passes) -> None:
    bench = Bench(passes, weighted=True, reduction="sum")
    bench.downsampler.choose = lambda candidates, count, draw: Choice(  # type: ignore[method-assign]
        torch.arange(count), torch.full((count,), candidates.size / count)
    )

    for index in range(4):
        bench.stepper.train_on(bench.batch(index))

    rows = torch.tensor([0, 1, 8, 9, 16, 17, 24, 25])
    optimizer = torch.optim.SGD(bench.twin.parameters(), lr=0.1)
    nn.CrossEntropyLoss(reduction="sum")(bench.twin(bench.data[rows]), bench.labels[rows]).backward()
    optimizer.step()
    bench.assert_equal()


def test_who_wants_to_know_nothing_costs_no_pass() -> None:
    bench = Bench(KeptInputs)
    bench.downsampler.needs = "nothing"
    bench.downsampler.choose = lambda candidates, count, draw: Choice(torch.arange(count))  # type: ignore[method-assign]

    for index in range(4):
        bench.stepper.train_on(bench.batch(index))

    assert bench.model.samples == 8
    assert bench.downsampler.positions == []


@BOTH
def test_what_is_left_at_the_end_of_an_epoch_makes_a_step_unless_it_is_dropped(passes: Passes) -> None:
    kept, dropped = Bench(passes, drop_last=False), Bench(passes, drop_last=True)

    assert [kept.stepper.train_on(kept.batch(index)).stepped for index in range(5)] == [False] * 3 + [True] * 2
    assert [dropped.stepper.train_on(dropped.batch(index)).stepped for index in range(5)] == [False] * 3 + [True, False]
    assert (kept.steps.total, dropped.steps.total) == (2, 1)


@BOTH
def test_keeping_all_is_training_on_all(passes: Passes) -> None:
    bench = Bench(passes, ratio=100)

    for index in range(5):
        assert bench.stepper.train_on(bench.batch(index)).stepped

    for index in range(5):
        bench.by_hand(nn.CrossEntropyLoss(), range(index, index + 1))
    bench.assert_equal()


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice(torch.tensor([0, 0])), "more than once"),
        (Choice(torch.tensor([0, 8])), "not among the 8 candidates"),
        (Choice(torch.tensor([0])), "1 samples were chosen, expected exactly 2 of 8"),
        (Choice(torch.tensor([0.0, 1.0])), "expected int64"),
        (Choice(torch.tensor([0, 1]), torch.ones(2)), "gave weights, but its attribute `weighted` is False"),
    ],
)
def test_a_downsampler_that_chooses_wrongly_is_told(choice: Choice, message: str) -> None:
    bench = Bench(KeptRows)
    bench.downsampler.choose = lambda candidates, count, draw: choice  # type: ignore[method-assign]

    with pytest.raises(SelectionError, match=f"downsampler GreatestLoss: .*{message}"):
        bench.stepper.train_on(bench.batch(0))


@BOTH
def test_samples_of_weight_0_are_kept_only_if_there_are_too_few_others(passes: Passes) -> None:
    bench = Bench(passes)
    weights = torch.ones(8)
    weights[torch.arange(8) != 3] = 0

    for index in range(4):
        bench.stepper.train_on(bench.batch(index, weights))

    rows = torch.arange(4) * 8 + 3
    optimizer = torch.optim.SGD(bench.twin.parameters(), lr=0.1)
    nn.CrossEntropyLoss()(bench.twin(bench.data[rows]), bench.labels[rows]).backward()
    optimizer.step()
    bench.assert_equal()


@BOTH
def test_a_step_without_any_weight_changes_nothing(passes: Passes) -> None:
    bench = Bench(passes)

    for index in range(4):
        bench.stepper.train_on(bench.batch(index, torch.zeros(8)))

    bench.assert_equal()
