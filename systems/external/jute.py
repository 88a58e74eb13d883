"""The protocol between ZooKeeper's clients and servers, as far as it is needed: numbers and byte strings."""

import socket
import struct
from contextlib import suppress
from typing import BinaryIO, NamedTuple

CREATE, GET, SET, CHILDREN, SYNC = 1, 4, 5, 8, 9
LIFE = 10_000
"""How long a session may be silent, in milliseconds."""
NOTICES = -1, -2
"""Numbers of messages that answer no request."""
EVERYONE = struct.pack(">ii", 1, 31) + struct.pack(">i5s", 5, b"world") + struct.pack(">i6s", 6, b"anyone")
"""The access list that allows everything."""
FACTS = struct.Struct(">qqqqiiiqiiq")
CODES = {-101: "no node", -103: "bad version", -110: "node exists"}


class ErrorCode(OSError):  # noqa: N818 - as the protocol calls it
    """The server answered a request with an error."""

    def __init__(self, code: int) -> None:
        super().__init__(f"error {code} {CODES.get(code, '')}".rstrip())
        self.code = code


class Facts(NamedTuple):
    """What a server knows of a node: the transactions that made it and changed it last, and its version."""

    created: int
    modified: int
    version: int


class Session:
    """A session with one server, used by one thread. Whatever cannot be carried out raises OSError."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._answers: BinaryIO = end.makefile("rb")
        self._number = 0
        try:
            self._send(struct.pack(">iqiq", 0, 0, LIFE, 0) + _string(bytes(16)) + b"\0")
            (life,) = struct.unpack_from(">i", self._receive(), 4)
            if life <= 0:
                raise ConnectionRefusedError("the server grants no session")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the connection, at once, whoever waits for an answer. The session ends when it has been silent."""
        with suppress(OSError):  # it had ended already
            self._end.shutdown(socket.SHUT_RDWR)
        self._answers.close()
        self._end.close()

    def create(self, path: str, data: bytes) -> None:
        """Make a node."""
        self._ask(CREATE, _string(path.encode()) + _string(data) + EVERYONE + struct.pack(">i", 0))

    def get(self, path: str) -> tuple[bytes, Facts]:
        """What is in a node, as the server has it."""
        answer = self._ask(GET, _string(path.encode()) + b"\0")
        (length,) = struct.unpack_from(">i", answer)
        created, modified, _, _, version, *_ = FACTS.unpack_from(answer, 4 + max(length, 0))
        return answer[4 : 4 + max(length, 0)], Facts(created, modified, version)

    def set(self, path: str, data: bytes, version: int) -> None:
        """Change a node if it has that version; -1 stands for any."""
        self._ask(SET, _string(path.encode()) + _string(data) + struct.pack(">i", version))

    def children(self, path: str) -> list[str]:
        """The names of the nodes below a node, as the server has them."""
        answer = self._ask(CHILDREN, _string(path.encode()) + b"\0")
        (count,) = struct.unpack_from(">i", answer)
        names, place = [], 4
        for _ in range(count):
            (length,) = struct.unpack_from(">i", answer, place)
            names.append(answer[place + 4 : place + 4 + length].decode())
            place += 4 + length
        return names

    def sync(self, path: str) -> None:
        """Let the server catch up with its leader."""
        self._ask(SYNC, _string(path.encode()))

    def _ask(self, kind: int, body: bytes) -> bytes:
        self._number += 1
        self._send(struct.pack(">ii", self._number, kind) + body)
        while True:
            answer = self._receive()
            number, _, code = struct.unpack_from(">iqi", answer)
            if number in NOTICES:
                continue
            if number != self._number:
                raise ConnectionAbortedError(f"the server answered request {number}, not {self._number}")
            if code:
                raise ErrorCode(code)
            return answer[16:]

    def _send(self, message: bytes) -> None:
        self._end.sendall(_string(message))

    def _receive(self) -> bytes:
        (length,) = struct.unpack(">i", self._exactly(4))
        return self._exactly(length)

    def _exactly(self, length: int) -> bytes:
        data = self._answers.read(length)
        if len(data) < length:
            raise ConnectionResetError("the server closed the connection")
        return data


def _string(data: bytes) -> bytes:
    return struct.pack(">i", len(data)) + data
