"""AMQP 0-9-1, as far as a client of one queue needs it: publish with confirmation, get, acknowledge.

Source: AMQP 0-9-1 specification (amqp0-9-1.xml), and RabbitMQ's extension `confirm`.
"""

import socket
import struct
import time
from contextlib import suppress
from typing import Final

Method = tuple[int, int]

START, START_OK, TUNE, TUNE_OK = (10, 10), (10, 11), (10, 30), (10, 31)
OPEN, OPEN_OK, CLOSE = (10, 40), (10, 41), (10, 50)
CHANNEL_OPEN, CHANNEL_OPEN_OK, CHANNEL_CLOSE = (20, 10), (20, 11), (20, 40)
DECLARE, DECLARE_OK = (50, 10), (50, 11)
PUBLISH, RETURN, GET, GET_OK, GET_EMPTY = (60, 40), (60, 50), (60, 70), (60, 71), (60, 72)
ACK, NACK = (60, 80), (60, 120)
SELECT, SELECT_OK = (85, 10), (85, 11)

METHOD, HEADER, BODY, HEARTBEAT, END = 1, 2, 3, 8, b"\xce"
BEAT: Final = 2
"""Seconds of silence, twice, after which the server gives up a connection and puts back what it has handed out."""
PASSIVE, DURABLE, MANDATORY, MULTIPLE = 1, 2, 1, 1


class Closed(Exception):  # noqa: N818
    """The server closed the channel or the connection. `code` is the reply code (404: there is no such queue)."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code


class Channel:
    """A channel, the only one of its connection. What is asked has `timeout` seconds.

    Raises OSError if the connection breaks or the time is up, and Closed.
    """

    def __init__(self, end: socket.socket, timeout: float) -> None:
        self._end = end
        self._timeout = timeout
        self._buffer = b""
        self._begin()
        try:
            end.sendall(b"AMQP\x00\x00\x09\x01")
            self._await(START)
            capabilities = table(b"".join(short(name) + b"t\x01" for name in ("publisher_confirms", "basic.nack")))
            properties = table(short("capabilities") + b"F" + capabilities)
            self._send(0, START_OK, properties + short("PLAIN") + long(b"\0guest\0guest") + short("en_US"))
            channels, frame, _ = struct.unpack("!HIH", self._await(TUNE)[1])
            self._send(0, TUNE_OK, struct.pack("!HIH", channels, frame, BEAT))
            self._send(0, OPEN, short("/") + short("") + b"\0")
            self._await(OPEN_OK)
            self._send(1, CHANNEL_OPEN, short(""))
            self._await(CHANNEL_OPEN_OK)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End it, at once."""
        with suppress(OSError):  # it was broken already
            self._end.shutdown(socket.SHUT_RDWR)
        self._end.close()

    def declare(self, queue: str, arguments: dict[str, str] | None) -> None:
        """Make a durable queue with these arguments, or see whether it is there (None)."""
        self._begin()
        fields = b"".join(short(name) + b"S" + long(text.encode()) for name, text in (arguments or {}).items())
        bits = PASSIVE if arguments is None else DURABLE
        self._send(1, DECLARE, b"\0\0" + short(queue) + bytes([bits]) + table(fields))
        self._await(DECLARE_OK)

    def confirm(self) -> None:
        """Have the server confirm what is published from now on."""
        self._begin()
        self._send(1, SELECT, b"\0")
        self._await(SELECT_OK)

    def publish(self, queue: str, body: bytes) -> None:
        """Send a persistent message to a queue."""
        self._begin()
        header = struct.pack("!HHQHB", 60, 0, len(body), 0x1000, 2)
        self._send(
            1,
            PUBLISH,
            b"\0\0" + short("") + short(queue) + bytes([MANDATORY]),
            _frame(HEADER, 1, header) + _frame(BODY, 1, body),
        )

    def confirmed(self) -> bool:
        """Wait for the confirmation of the one message that was published. False: the server has not taken it."""
        returned = False
        while True:
            method, _ = self._await(ACK, NACK, RETURN)
            if method != RETURN:
                return method == ACK and not returned
            returned = True
            self._content()

    def get(self, queue: str) -> tuple[int, bytes] | None:
        """The tag and the body of the next message, which must be acknowledged; None if the queue is empty."""
        self._begin()
        self._send(1, GET, b"\0\0" + short(queue) + b"\0")
        method, arguments = self._await(GET_OK, GET_EMPTY)
        if method == GET_EMPTY:
            return None
        return struct.unpack_from("!Q", arguments)[0], self._content()

    def acknowledge(self, tag: int) -> None:
        """Say that all messages up to this one are done with. The server does not answer."""
        self._send(1, ACK, struct.pack("!QB", tag, MULTIPLE))

    def _begin(self) -> None:
        self._deadline = time.monotonic() + self._timeout

    def _send(self, channel: int, method: Method, arguments: bytes, more: bytes = b"") -> None:
        self._end.settimeout(self._timeout)
        self._end.sendall(_frame(METHOD, channel, struct.pack("!HH", *method) + arguments) + more)

    def _await(self, *wanted: Method) -> tuple[Method, bytes]:
        while True:
            kind, body = self._next()
            method = struct.unpack_from("!HH", body) if kind == METHOD else (0, 0)
            if method in wanted:
                return method, body[4:]
            if method in (CLOSE, CHANNEL_CLOSE):
                raise Closed(struct.unpack_from("!H", body, 4)[0], body[7 : 7 + body[6]].decode(errors="replace"))

    def _content(self) -> bytes:
        """What follows a method that carries a message: a header with its size, and the body in frames."""
        size: int = struct.unpack_from("!Q", self._next()[1], 4)[0]
        body = b""
        while len(body) < size:
            body += self._next()[1]
        return body

    def _next(self) -> tuple[int, bytes]:
        """The next frame, heartbeats left out."""
        while True:
            kind, _, size = struct.unpack("!BHI", self._read(7))
            body = self._read(size + 1)[:-1]
            if kind != HEARTBEAT:
                return kind, body

    def _read(self, size: int) -> bytes:
        while len(self._buffer) < size:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self._end.settimeout(left)
            data = self._end.recv(1 << 16)
            if not data:
                raise ConnectionAbortedError("the server closed the connection")
            self._buffer += data
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data


def short(text: str) -> bytes:
    """A string of at most 255 bytes."""
    return bytes([len(text.encode())]) + text.encode()


def long(data: bytes) -> bytes:
    """A string of any length."""
    return struct.pack("!I", len(data)) + data


table = long  # fields one after the other, with their size in bytes before them


def _frame(kind: int, channel: int, body: bytes) -> bytes:
    return struct.pack("!BHI", kind, channel, len(body)) + body + END
