"""Evaluation strategies: their intervals, all half-open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from modyn.config.evaluation import EvalStrategyConfig
from modyn.evaluator.api import TrainedModel
from modyn.evaluator.intervals import EvaluationInterval, evaluation_intervals
from modyn.storage.api import Interval


def intervals(
    strategy: dict[str, object], models: list[TrainedModel] | None = None, dataset_end: int = 0
) -> list[EvaluationInterval]:
    config = TypeAdapter(EvalStrategyConfig).validate_python(strategy)
    return evaluation_intervals(config, models or [], dataset_end)


def bounds(found: list[EvaluationInterval]) -> list[tuple[int | None, int | None]]:
    return [(one.interval.start, one.interval.end) for one in found]


def slicing(every: str, start: int, end: int) -> dict[str, object]:
    return {"type": "SlicingEvalStrategy", "eval_every": every, "eval_start_from": start, "eval_end_at": end}


def periodic(interval: str, start: int = 100, end: int = 100) -> dict[str, object]:
    return {
        "type": "PeriodicEvalStrategy",
        "every": "10s",
        "start_timestamp": start,
        "end_timestamp": end,
        "interval": interval,
    }


class TestSlicing:
    def test_slices_follow_one_another(self):
        assert bounds(intervals(slicing("100s", 0, 300))) == [(0, 100), (100, 200), (200, 300)]

    def test_the_last_slice_is_cut_off_at_the_end(self):
        assert bounds(intervals(slicing("100s", 50, 270))) == [(50, 150), (150, 250), (250, 270)]

    def test_models_are_compared_with_the_begin_of_the_slice(self):
        assert [(one.time, one.model) for one in intervals(slicing("1m", 0, 120))] == [(0, None), (60, None)]

    @given(st.integers(0, 1000), st.integers(1, 1000), st.integers(1, 300))
    def test_every_second_lies_in_exactly_one_slice(self, start, length, every):
        found = intervals(slicing(f"{every}s", start, start + length))
        assert [second for low, high in bounds(found) for second in range(low, high)] == list(
            range(start, start + length)
        )


def test_static_intervals_are_as_given_and_may_be_open():
    found = intervals({"type": "StaticEvalStrategy", "intervals": [(5, 9), (0, None)]})
    assert found == [EvaluationInterval(Interval(5, 9), 5), EvaluationInterval(Interval(0, None), 0)]


class TestPeriodic:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("[-5s; +5s]", (95, 106)),
            ("(-5s; +5s)", (96, 105)),
            ("[-5s, 0]", (95, 101)),
            ("[-5s; 0)", (95, 100)),
            ("[-0; +0]", (100, 101)),
            ("[0; +5s)", (100, 105)),
            ("(+0; +5s]", (101, 106)),
            ("[+2s; +5s]", (102, 106)),
            ("[-5s; -2s]", (95, 99)),
            ("[-5s; -0]", (95, 101)),
            ("[-inf; 0)", (0, 100)),
            ("(0; +inf]", (101, None)),
            ("[-inf; +inf]", (0, None)),
            ("[-1h; +1s]", (0, 102)),
            ("[-2h; -1h]", (0, 0)),
        ],
    )
    def test_bounds_count_from_the_point_and_include_what_the_brackets_say(self, text, expected):
        assert bounds(intervals(periodic(text))) == [expected]

    def test_points_go_up_to_the_end_inclusively(self):
        found = intervals(periodic("[-1s; +1s)", 0, 20))
        assert bounds(found) == [(0, 1), (9, 11), (19, 21)]
        assert [one.time for one in found] == [0, 10, 20]


class TestBetweenTwoTriggers:
    STRATEGY = {"type": "BetweenTwoTriggersEvalStrategy"}  # noqa: RUF012
    MODELS = [TrainedModel(0, 0, 10, 19), TrainedModel(1, 2, 20, 29)]  # noqa: RUF012

    def test_the_last_sample_of_each_trigger_is_inside(self):
        assert bounds(intervals(self.STRATEGY, self.MODELS, 29)) == [(10, 20), (20, 30)]

    def test_what_came_after_the_last_trigger_is_an_interval_of_its_own(self):
        assert bounds(intervals(self.STRATEGY, self.MODELS, 30)) == [(10, 20), (20, 30), (30, 31)]

    def test_a_trigger_within_one_second_covers_that_second(self):
        assert bounds(intervals(self.STRATEGY, [TrainedModel(0, 0, 7, 7)], 7)) == [(7, 8)]

    def test_data_that_end_at_second_zero_are_data(self):
        assert bounds(intervals(self.STRATEGY, [TrainedModel(0, 0, 0, 0)], 1)) == [(0, 1), (1, 2)]

    def test_without_models_there_is_nothing(self):
        assert intervals(self.STRATEGY, [], 30) == []


class TestOffset:
    def strategy(self, *offsets: str) -> dict[str, object]:
        return {"type": "OffsetEvalStrategy", "offsets": list(offsets)}

    def test_offsets_count_from_the_training_interval(self):
        found = intervals(self.strategy("-inf", "-10s", "0d", "10s", "inf"), [TrainedModel(4, 4, 100, 149)])
        assert bounds(found) == [(0, 100), (90, 100), (100, 150), (150, 160), (150, None)]
        assert {(one.time, one.model) for one in found} == {(None, 4)}

    def test_nothing_begins_before_zero(self):
        found = intervals(self.strategy("-1h", "-inf"), [TrainedModel(0, 0, 30, 40)])
        assert bounds(found) == [(0, 30), (0, 30)]

    def test_each_model_has_intervals_of_its_own(self):
        found = intervals(self.strategy("0s", "5s"), [TrainedModel(0, 0, 1, 2), TrainedModel(1, 1, 3, 4)])
        assert [(one.model, one.interval) for one in found] == [
            (0, Interval(1, 3)),
            (0, Interval(3, 8)),
            (1, Interval(3, 5)),
            (1, Interval(5, 10)),
        ]
