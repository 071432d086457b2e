"""Runs an iterator ahead in a thread, as far as its consumer needs it and memory allows."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Prefetcher(Generic[T]):
    """The items of `source`, produced by a thread that runs ahead.

    The thread is at most `depth` items ahead at first. Whenever the consumer finds nothing ready, it may run twice as
    far ahead, until the items that wait have `most_bytes`: then a source that is fast enough on the whole, but slow at
    times, as disks are, does not keep the consumer waiting.

    What `source` raises is raised here, after the items before it. Leaving the `with` block ends the
    thread, whether or not all items were taken; it waits at most for the item in the making.

    Args:
        source: makes the items; runs in the thread.
        depth: items ahead at first, and always allowed.
        size: bytes of an item.
        most_bytes: beyond `depth` items, so many bytes may be ahead.
    """

    def __init__(
        self,
        source: Iterator[T],
        depth: int,
        size: Callable[[T], int] = lambda item: 0,
        most_bytes: int = 0,
    ) -> None:
        self._source = source
        self._least = depth
        self._depth = depth
        self._size = size
        self._most_bytes = most_bytes
        self._bytes = 0
        self.waits = 0
        """How often the consumer found nothing ready, the first item left aside."""
        self._changed = threading.Condition()
        self._items: deque[T] = deque()
        self._finished = False
        self._closed = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._produce, name="prefetch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def __iter__(self) -> Iterator[T]:
        first = True
        while True:
            with self._changed:
                if not (self._items or self._finished or first):
                    self.waits += 1
                    self._depth *= 2
                    self._changed.notify_all()
                self._changed.wait_for(lambda: self._items or self._finished)
                if not self._items:
                    break
                item = self._items.popleft()
                self._bytes -= self._size(item)
                self._changed.notify_all()
            first = False
            yield item
        if self._error is not None:
            raise self._error

    def _has_room(self) -> bool:
        ahead = len(self._items)
        return ahead < self._least or (ahead < self._depth and self._bytes < self._most_bytes)

    def _produce(self) -> None:
        try:
            for item in self._source:
                with self._changed:
                    self._changed.wait_for(lambda: self._has_room() or self._closed)
                    if self._closed:
                        return
                    self._items.append(item)
                    self._bytes += self._size(item)
                    self._changed.notify_all()
        except BaseException as error:
            self._error = error
        finally:
            with self._changed:
                self._finished = True
                self._changed.notify_all()
