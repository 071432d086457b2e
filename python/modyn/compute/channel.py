"""JSON lines over a stream socket: how the supervisor, the warm parent and the jobs talk.

Nothing is pickled, so no side runs code because of what the other side sent.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from typing import Any

_CHUNK = 1 << 16


class Channel:
    """One end of a connection. `send` may be called by several threads, `receive` by one."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._received = bytearray()

    def fileno(self) -> int:
        return self._connection.fileno()

    def send(self, message: dict[str, Any], descriptors: tuple[int, ...] = ()) -> None:
        """Send one message, with open file descriptors attached if there are any.

        Raises:
            TypeError: the message is not JSON.
            OSError: the other end is gone.
        """
        line = json.dumps(message).encode() + b"\n"
        with self._sending:
            sent = socket.send_fds(self._connection, [line], list(descriptors)) if descriptors else 0
            if sent < len(line):
                self._connection.sendall(line[sent:])

    def receive(self) -> dict[str, Any] | None:
        """Wait for the next message; None when the other end is closed."""
        while (line := self._next_line()) is None:
            try:
                data = self._connection.recv(_CHUNK)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._received += data
        return _parse(line)

    def receive_with_descriptors(self, most: int) -> tuple[dict[str, Any], list[int]] | None:
        """As `receive`, with up to `most` descriptors that came along.

        The sender waits for an answer before it sends the next descriptors, so those that arrive while a
        line is read belong to that line.
        """
        descriptors: list[int] = []
        while (line := self._next_line()) is None:
            try:
                data, received, _, _ = socket.recv_fds(self._connection, _CHUNK, most)
            except ConnectionResetError:
                return None
            descriptors += received
            if not data:
                return None
            self._received += data
        return _parse(line), descriptors

    @property
    def buffered(self) -> bool:
        """Whether a whole message waits here already, which a selector on the socket would not see."""
        return b"\n" in self._received

    def close(self) -> None:
        """Give up this process's copy of the connection; other processes that hold it go on."""
        self._connection.close()

    def hang_up(self) -> None:
        """End the connection for everybody; wakes a thread that waits in `receive`, which may then close it."""
        with contextlib.suppress(OSError):  # the other end was faster
            self._connection.shutdown(socket.SHUT_RDWR)

    def _next_line(self) -> bytes | None:
        end = self._received.find(b"\n")
        if end < 0:
            return None
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        return line


def _parse(line: bytes) -> dict[str, Any]:
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError(f"expected a JSON object, got {line[:80]!r}")
    return message
