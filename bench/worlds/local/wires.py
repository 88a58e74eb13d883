"""Frames over TCP: four bytes of length, big-endian, and that many bytes.

The first frame of a connection names the sender and the receiver, every other one is a message. What is sent to a node
that cannot be reached is lost, and so is what is sent to one whose port has been given to another since.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec

LOOPBACK: Final = "127.0.0.1"
Place = tuple[str, int]
"""The address and the port of a node; port 0: nowhere."""

PATIENCE: Final = 0.5
"""Seconds after which a connection that nobody answers is tried again."""
_TCP_RTO_MAX_MS: Final = 44
_LENGTH: Final = struct.Struct(">I")


class Incoming(asyncio.Protocol):
    """A connection that another node made to node `dst`; each message is given to `deliver` with the sender's name."""

    def __init__(self, dst: str, deliver: Callable[[str, bytes], None], connections: "set[Incoming]") -> None:
        self._dst = dst
        self._deliver = deliver
        self._connections = connections
        self._buffer = bytearray()
        self._src: str | None = None
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        at = 0
        while len(buffer) - at >= _LENGTH.size:
            end = at + _LENGTH.size + _LENGTH.unpack_from(buffer, at)[0]
            if end > len(buffer):
                break
            frame = bytes(buffer[at + _LENGTH.size : end])
            at = end
            if self._src is None:
                self._src, dst = msgspec.msgpack.decode(frame, type=tuple[str, str])
                if dst != self._dst:
                    self.close()
                    return
            else:
                self._deliver(self._src, frame)
        del buffer[:at]

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()


class Outgoing(asyncio.Protocol):
    """The way from one node to another. The connection is made when it is needed."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, src: str, dst: str, new_socket: Callable[[], socket.socket]
    ) -> None:
        self._loop = loop
        self._hello = _framed(msgspec.msgpack.encode((src, dst)))
        self._place: Place = ("", 0)
        self._new_socket = new_socket
        self._transport: asyncio.Transport | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._waiting: list[bytes] = []

    def goes_to(self, place: Place) -> None:
        """The other node is to be found there now."""
        if place != self._place:
            self.close()
            self._place = place

    def send(self, data: bytes) -> None:
        """Send a message, or lose it."""
        frame = _framed(data)
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frame)
        elif self._place[1]:
            self._waiting.append(frame)
            if self._connecting is None:
                self._connecting = self._loop.create_task(self._connect(self._place))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def close(self) -> None:
        """End the connection, and lose what has not left."""
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        if self._transport is not None:
            self._transport.abort()
            self._transport = None
        self._waiting.clear()

    async def _connect(self, place: Place) -> None:
        try:
            self._transport, _ = await self._loop.create_connection(lambda: self, sock=await self._reach(place))
            self._transport.write(b"".join((self._hello, *self._waiting)))
        except OSError:
            pass  # nobody is there: the messages are lost, as messages are
        self._waiting.clear()
        self._connecting = None

    async def _reach(self, place: Place) -> socket.socket:
        """A connected socket. While nobody answers, neither yes nor no, messages wait as they do in one."""
        while True:
            end = self._new_socket()
            end.setblocking(False)
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._loop.sock_connect(end, place)
            except TimeoutError as error:
                end.close()
                if error.errno is not None:
                    raise
            except BaseException:
                end.close()
                raise
            else:
                return end


def new_socket() -> socket.socket:
    """A TCP socket where this process is. It tries again within a second, where that can be asked for (Linux 6.15)."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with suppress(OSError):
        made.setsockopt(socket.IPPROTO_TCP, _TCP_RTO_MAX_MS, 1000)
    return made


def _framed(data: bytes) -> bytes:
    return _LENGTH.pack(len(data)) + data
