"""Items made ahead in a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from tests.fault.killing import wait_for

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


class GatedSource:
    """Items of ten bytes, made one for each pass through a gate."""

    def __init__(self) -> None:
        self.made = 0
        self.sized = 0
        self.gate = threading.Semaphore(0)

    def size(self, item: bytes) -> int:
        """Asked when an item begins to wait, and when it is taken."""
        self.sized += 1
        return len(item)

    def __iter__(self) -> Iterator[bytes]:
        while self.gate.acquire():
            self.made += 1
            yield bytes(10)

    @contextmanager
    def opened_at_last(self) -> Iterator[None]:
        """Whatever happens, the thread comes through the gate and can end."""
        try:
            yield
        finally:
            self.gate.release(1000)

    def runs_ahead(self, by: int, taken: int) -> None:
        """With the gate open, it stops when so many items wait and one more is in the making; then it shuts."""
        self.gate.release(1000)
        wait_for(lambda: self.made == taken + by + 1, f"{by} items ahead of {taken}", timeout=10)
        time.sleep(0.02)
        assert self.made == taken + by + 1
        while self.gate.acquire(blocking=False):
            pass


def test_each_wait_lets_the_source_run_twice_as_far_ahead_up_to_the_bytes() -> None:
    source = GatedSource()
    with (
        Prefetcher(iter(source), 2, source.size, most_bytes=110) as items,
        source.opened_at_last(),
        ThreadPoolExecutor(1) as consumer,
    ):
        iterator = iter(items)
        taken = 0
        for waits, ahead in enumerate([2, 4, 8, 11, 11]):
            if waits:
                waiting = consumer.submit(next, iterator)
                wait_for(lambda expected=waits: items.waits == expected, "the consumer to wait", timeout=10)
                source.gate.release()
                waiting.result(10)
                taken += 1
            source.runs_ahead(ahead, taken)
            for _ in range(ahead):
                next(iterator)
            taken += ahead
            wait_for(lambda expected=2 * taken + 1: source.sized == expected, "the last item to be ready", timeout=10)
            next(iterator)
            taken += 1


def test_a_failing_source_is_not_asked_again_and_every_consumer_hears_of_it() -> None:
    def make() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    for _ in range(3):  # as epochs do
        with Prefetcher(make(), 4) as items, pytest.raises(OSError, match="the disk is gone"):
            list(items)
