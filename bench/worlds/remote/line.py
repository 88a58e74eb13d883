"""The bench's end of the line to a server on another machine: what a channel needs of a socket."""

import os
import select
import threading
from collections.abc import Callable


class Line:
    """What is sent is given to `send`. What the other thread has put here is received; it never waits for that."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._arrived = bytearray()
        self._ended = False
        self._ready = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def put(self, data: bytes) -> None:
        """Data has arrived; none of it means that no more will."""
        with self._lock:
            self._ended = self._ended or not data
            self._arrived += data
            if self._ready >= 0:
                os.eventfd_write(self._ready, 1)

    def fileno(self) -> int:
        return self._ready

    def recv(self, size: int, /) -> bytes:
        """All that has arrived, waited for; nothing at the end."""
        select.select([self._ready], [], [])
        with self._lock:
            data = bytes(self._arrived)
            self._arrived.clear()
            if data or not self._ended:
                os.eventfd_read(self._ready)
            if data and self._ended:
                os.eventfd_write(self._ready, 1)
            return data

    def sendall(self, data: bytes, /) -> None:
        self._send(data)

    def close(self) -> None:
        with self._lock:
            if self._ready >= 0:
                os.close(self._ready)
            self._ready = -1
