"""PostgreSQL's protocol, version 3, as far as simple queries need it: one statement, answered by rows of text.

Source: PostgreSQL documentation, chapter "Frontend/Backend Protocol".
"""

import socket
import struct
from contextlib import suppress
from typing import NamedTuple

from ..database import Unknown

VERSION = 3 << 16


class Answer(NamedTuple):
    """The rows of a statement, each column as text or None, and its tag (`UPDATE 1`)."""

    rows: tuple[tuple[str | None, ...], ...]
    tag: str

    @property
    def affected(self) -> int:
        """How many rows it has changed or found."""
        last = self.tag.rpartition(" ")[2]
        return int(last) if last.isdigit() else 0


class Failed(Exception):  # noqa: N818
    """The server answered that a statement failed. `code` is the SQLSTATE."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code


class Session:
    """A session over a connected socket, of a user who needs no password.

    Raises OSError or Unknown if the connection breaks, and Failed if the server refuses the session.
    """

    def __init__(self, end: socket.socket, user: str, database: str) -> None:
        self._end = end
        self._buffer = b""
        try:
            words = b"".join(part.encode() + b"\0" for part in ("user", user, "database", database))
            body = struct.pack("!i", VERSION) + words + b"\0"
            end.sendall(struct.pack("!i", len(body) + 4) + body)
            self._answer()
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
        body = statement.encode() + b"\0"
        self._end.sendall(b"Q" + struct.pack("!i", len(body) + 4) + body)
        return self._answer()

    def _answer(self) -> Answer:
        """Take in messages until the server is ready for the next statement."""
        rows, tag, failed = [], "", None
        while True:
            kind, body = self._message()
            match kind:
                case b"D":
                    rows.append(_columns(body))
                case b"C":
                    tag = body[:-1].decode()
                case b"R" if body != b"\0\0\0\0":
                    raise Failed("28000", "the server asks for a password")
                case b"E":
                    failed = _failure(body)
                    if failed.fatal:
                        raise failed.error
                case b"Z":
                    if failed is not None:
                        raise failed.error
                    return Answer(tuple(rows), tag)

    def _message(self) -> tuple[bytes, bytes]:
        head = self._read(5)
        return head[:1], self._read(struct.unpack("!i", head[1:])[0] - 4)

    def _read(self, size: int) -> bytes:
        while len(self._buffer) < size:
            more = self._end.recv(1 << 16)
            if not more:
                raise Unknown("the server closed the connection")
            self._buffer += more
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data


class _Failure(NamedTuple):
    error: Failed
    fatal: bool


def _failure(body: bytes) -> _Failure:
    fields = {field[:1]: field[1:].decode(errors="replace") for field in body.split(b"\0") if field}
    error = Failed(fields.get(b"C", ""), fields.get(b"M", ""))
    return _Failure(error, fields.get(b"V", fields.get(b"S")) in ("FATAL", "PANIC"))


def _columns(body: bytes) -> tuple[str | None, ...]:
    columns: list[str | None] = []
    at = 2
    for _ in range(struct.unpack_from("!h", body)[0]):
        size = struct.unpack_from("!i", body, at)[0]
        at += 4
        columns.append(None if size < 0 else body[at : at + size].decode())
        at += max(size, 0)
    return tuple(columns)
