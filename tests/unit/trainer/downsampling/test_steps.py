"""How many steps a training makes that keeps some samples of each batch."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modyn.trainer.batch_plan import BatchPlan
from modyn.trainer.downsampling.steps import Steps


def steps_by_counting(steps: Steps) -> int:
    """Goes through all batches."""
    made = batches = 0
    for index in range(steps.plan.total_batches):
        batches += 1
        if batches == steps.parts or steps.must_end(steps.plan.span(index), made):
            made, batches = made + 1, 0
    return made


@given(
    samples=st.integers(1, 200),
    batch_size=st.integers(1, 40),
    drop_last=st.booleans(),
    epochs=st.integers(1, 4),
    num_samples=st.none() | st.integers(1, 500),
    ratio=st.integers(0, 100),
)
def test_their_number_is_known_in_advance(
    samples: int, batch_size: int, drop_last: bool, epochs: int, num_samples: int | None, ratio: int
) -> None:
    steps = Steps(BatchPlan(samples, batch_size, drop_last, epochs, num_samples), ratio, 100)

    assert steps.total == steps_by_counting(steps)
    assert steps.total >= 1


def test_a_quarter_of_each_batch_fills_a_step_after_four() -> None:
    steps = Steps(BatchPlan(samples=1024, batch_size=64, drop_last=True, epochs=1), 25, 100)

    assert steps.kept(64) == 16
    assert (steps.parts, steps.size, steps.total) == (4, 64, 4)


def test_shares_are_exact_fractions() -> None:
    plan = BatchPlan(samples=1024, batch_size=128, drop_last=True, epochs=1)

    assert Steps(plan, 125, 1000).kept(128) == 16
    assert Steps(plan, 125, 1000).kept(12) == 1
    assert Steps(plan, 29, 100).kept(100) == 29
