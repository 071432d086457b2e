"""Items made ahead in a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from modyn.trainer.data.prefetch import Prefetcher


def test_items_come_in_order() -> None:
    with Prefetcher(iter(range(100)), 3) as items:
        assert list(items) == list(range(100))


def test_the_thread_is_a_bounded_number_of_items_ahead() -> None:
    made: list[int] = []

    def make() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    with Prefetcher(make(), 2) as items:
        iterator = iter(items)
        assert next(iterator) == 0
        time.sleep(0.1)
        assert len(made) <= 1 + 2 + 1  # taken, waiting, in the making


def test_an_exception_arrives_after_the_items_before_it() -> None:
    def make() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    with Prefetcher(make(), 2) as items:
        iterator = iter(items)
        assert next(iterator) == 1
        with pytest.raises(OSError, match="the disk is gone"):
            next(iterator)


def test_leaving_early_ends_the_thread() -> None:
    threads = threading.active_count()
    for taken in range(4):
        with Prefetcher(iter(range(1000)), 2) as items:
            iterator = iter(items)
            assert [next(iterator) for _ in range(taken)] == list(range(taken))
    assert threading.active_count() == threads


def test_an_exception_in_the_loop_ends_the_thread() -> None:
    threads = threading.active_count()

    def take_one_and_fail() -> None:
        with Prefetcher(iter(range(1000)), 2) as items:
            next(iter(items))
            raise ValueError("in the loop")

    with pytest.raises(ValueError, match="in the loop"):
        take_one_and_fail()
    assert threading.active_count() == threads
