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


def test_a_consumer_that_is_slower_than_a_source_with_pauses_does_not_wait_once_it_is_primed() -> None:
    """The source makes an item in a millisecond, but stops for 60 every 20 items; the consumer takes 10 for each.

    Each of the first pauses makes it wait once, and lets the source run twice as far ahead of the next.
    """

    def make() -> Iterator[bytes]:
        for number in range(160):
            time.sleep(0.06 if number % 20 == 19 else 0.001)
            yield bytes(1000)

    with Prefetcher(make(), 1, len, most_bytes=50_000) as items:
        waits_after_half = None
        for number, _ in enumerate(items):
            time.sleep(0.01)
            if number == 80:
                waits_after_half = items.waits
        assert waits_after_half is not None
        assert items.waits == waits_after_half


def test_the_bytes_ahead_are_bounded_however_often_the_consumer_waits() -> None:
    made = 0

    def make() -> Iterator[bytes]:
        nonlocal made
        for _ in range(1000):
            made += 1
            time.sleep(0.0005)
            yield bytes(100)

    with Prefetcher(make(), 2, len, most_bytes=1000) as items:
        iterator = iter(items)
        for taken in range(1, 200):  # as fast as they come: it waits each time
            next(iterator)
            assert made <= taken + 10 + 1
        time.sleep(0.1)
        assert made <= 199 + 10 + 1


def test_a_failing_source_is_not_asked_again_and_every_consumer_hears_of_it() -> None:
    def make() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    for _ in range(3):  # as epochs do
        with Prefetcher(make(), 4) as items, pytest.raises(OSError, match="the disk is gone"):
            list(items)
