"""The line between the bench and one of its servers: a pair of sockets, and pickled tuples, each after its length.

Only the bench and the processes that it started itself hold the ends.
"""

import pickle
import select
import struct
from collections import deque
from typing import Any, Final, Protocol

Frame = tuple[Any, ...]
"""What it is, and what goes with it."""

_LENGTH: Final = struct.Struct(">I")
LARGEST: Final = 1 << 16
"""Bytes that are read at once, at most."""


class ClosedError(Exception):
    """The other end is gone."""


class LostError(Exception):
    """The machine at the other end is gone; the message says how that is known."""


class End(Protocol):
    """What a channel needs of a socket."""

    def fileno(self) -> int: ...
    def recv(self, size: int, /) -> bytes: ...
    def sendall(self, data: bytes, /) -> None: ...
    def close(self) -> None: ...


class Channel:
    """One end. Frames arrive in order."""

    def __init__(self, end: End) -> None:
        self._socket = end
        self._buffer = bytearray()
        self._frames: deque[Frame] = deque()

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, *frame: Any) -> None:
        """Send a frame; ClosedError if nobody can receive it."""
        data = pickle.dumps(frame, pickle.HIGHEST_PROTOCOL)
        try:
            self._socket.sendall(_LENGTH.pack(len(data)) + data)
        except OSError:
            raise ClosedError from None

    def receive(self) -> Frame:
        """The next frame, waited for. Raises ClosedError at the end."""
        while not self._frames:
            self._read()
        return self._frames.popleft()

    def waits(self, seconds: float = 0) -> bool:
        """Whether there is a frame, or the end, within that time."""
        return bool(self._frames or select.select([self._socket], [], [], seconds)[0])

    def close(self) -> None:
        self._socket.close()

    def _read(self) -> None:
        try:
            data = self._socket.recv(LARGEST)
        except OSError:
            data = b""
        if not data:
            raise ClosedError
        buffer = self._buffer
        buffer += data
        while len(buffer) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(buffer)[0]
            if len(buffer) < end:
                break
            self._frames.append(pickle.loads(buffer[_LENGTH.size : end]))
            del buffer[:end]
