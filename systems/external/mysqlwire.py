"""The protocol of MySQL and MariaDB, as far as statements in text need it.

Source: MariaDB documentation, "Client/Server Protocol".
"""

import socket
import struct
from contextlib import suppress
from typing import NamedTuple

from ..database import Unknown

LONG_FLAG, PROTOCOL_41, TRANSACTIONS, SECURE, PLUGIN = 0x4, 0x200, 0x2000, 0x8000, 0x80000
CAPABILITIES = LONG_FLAG | PROTOCOL_41 | TRANSACTIONS | SECURE | PLUGIN
UTF8 = 45
QUERY = b"\x03"
OK, EOF, ERROR, NULL = 0x00, 0xFE, 0xFF, 0xFB


class Answer(NamedTuple):
    """The rows of a statement, each column as text or None, or how many rows it has changed."""

    rows: tuple[tuple[str | None, ...], ...]
    affected: int


class Failed(Exception):  # noqa: N818
    """The server answered that a statement failed. `code` is its number of the error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code


class Session:
    """A session over a connected socket, of a user who needs no password.

    Raises OSError or Unknown if the connection breaks, and Failed if the server refuses the session.
    """

    def __init__(self, end: socket.socket, user: str) -> None:
        self._end = end
        self._buffer = b""
        self._number = 0
        try:
            _checked(self._packet())
            head = struct.pack("<IIB23x", CAPABILITIES, 1 << 24, UTF8)
            self._send(head + user.encode() + b"\0\0mysql_native_password\0")
            if _checked(self._packet())[0] == EOF:  # it asks for another way of proving who we are
                self._send(b"")
                _checked(self._packet())
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End it, at once."""
        with suppress(OSError):  # it was broken already
            self._end.shutdown(socket.SHUT_RDWR)
        self._end.close()

    def ask(self, statement: str) -> Answer:
        """Have a statement carried out. Raises Failed if it failed, Unknown or OSError if nobody knows."""
        self._number = 0
        self._send(QUERY + statement.encode())
        first = _checked(self._packet())
        if first[0] == OK:
            return Answer((), _number(first, 1)[0])
        for _ in range(_number(first, 0)[0] + 1):  # what the columns are, and the end of that
            self._packet()
        rows = []
        while not _ends(packet := _checked(self._packet())):
            rows.append(_columns(packet))
        return Answer(tuple(rows), len(rows))

    def _send(self, body: bytes) -> None:
        self._end.sendall(struct.pack("<I", len(body))[:3] + bytes([self._number]) + body)
        self._number = (self._number + 1) % 256

    def _packet(self) -> bytes:
        head = self._read(4)
        self._number = (head[3] + 1) % 256
        return self._read(int.from_bytes(head[:3], "little"))

    def _read(self, size: int) -> bytes:
        while len(self._buffer) < size:
            more = self._end.recv(1 << 16)
            if not more:
                raise Unknown("the server closed the connection")
            self._buffer += more
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data


def _checked(packet: bytes) -> bytes:
    if packet[:1] == bytes([ERROR]):
        code = int.from_bytes(packet[1:3], "little")
        raise Failed(code, packet[3:].decode(errors="replace").lstrip("#"))
    return packet


def _ends(packet: bytes) -> bool:
    return packet[0] == EOF and len(packet) < 9


def _columns(packet: bytes) -> tuple[str | None, ...]:
    columns: list[str | None] = []
    at = 0
    while at < len(packet):
        if packet[at] == NULL:
            columns.append(None)
            at += 1
        else:
            size, at = _number(packet, at)
            columns.append(packet[at : at + size].decode())
            at += size
    return tuple(columns)


def _number(packet: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(packet[at], 0)
    end = at + 1 + size
    return (int.from_bytes(packet[at + 1 : end], "little") if size else packet[at]), end
