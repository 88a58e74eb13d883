"""RESP, the protocol of Redis (version 2): requests are arrays of byte strings."""

import socket
from contextlib import suppress
from typing import BinaryIO

Reply = str | int | None | list["Reply"]


class ErrorReply(OSError):  # noqa: N818 - RESP's own word
    """The server answered with an error. Its first word tells the kind."""


class Link:
    """A connection on which one thread asks. After an error other than ErrorReply it is of no use any more."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._replies: BinaryIO = end.makefile("rb")

    def close(self) -> None:
        """End it, at once, whoever waits for a reply."""
        with suppress(OSError):  # it had ended already
            self._end.shutdown(socket.SHUT_RDWR)
        self._replies.close()
        self._end.close()

    def ask(self, *words: str | int) -> Reply:
        """Send one request and give its reply. Raises OSError, and ErrorReply if that is the reply."""
        self.send(*words)
        return self.receive()

    def send(self, *words: str | int) -> None:
        """Send one request. Raises OSError."""
        parts = [str(word).encode() for word in words]
        self._end.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts))

    def receive(self) -> Reply:
        """The reply to the first request that has none yet. Raises OSError, and ErrorReply if that is the reply."""
        line = self._replies.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionResetError("the server closed the connection")
        kind, rest = line[:1], line[1:-2].decode(errors="replace")
        if kind == b"-":
            raise ErrorReply(rest)
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind in (b"$", b"*") and int(rest) < 0:
            return None
        if kind == b"$":
            return self._bulk(int(rest))
        if kind == b"*":
            return [self.receive() for _ in range(int(rest))]
        raise ConnectionAbortedError(f"this is no reply of Redis: {line[:40]!r}")

    def _bulk(self, length: int) -> str:
        data = self._replies.read(length + 2)
        if len(data) < length + 2:
            raise ConnectionResetError("the server closed the connection")
        return data[:-2].decode(errors="replace")
