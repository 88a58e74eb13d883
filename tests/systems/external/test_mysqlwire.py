"""The protocol of MariaDB against a server of a few canned bytes."""

import socket
import struct
from collections.abc import Callable, Iterator

import pytest

from splitbrain.systems.database import Unknown
from splitbrain.systems.external.mysqlwire import Failed, Session


def packets(*bodies: bytes) -> bytes:
    return b"".join(struct.pack("<I", len(body))[:3] + b"\1" + body for body in bodies)


WELCOME = packets(b"\x0a10.11\0", b"\0\0\0\2\0\0\0")


@pytest.fixture
def server() -> Iterator[Callable[[bytes], Session]]:
    """A session with a server that has already said all it will ever say."""

    def saying(answers: bytes) -> Session:
        ours, its = socket.socketpair()
        its.sendall(WELCOME + answers)
        its.shutdown(socket.SHUT_WR)
        kept.extend((ours, its))
        return Session(ours, "root")

    kept: list[socket.socket] = []
    yield saying
    for end in kept:
        end.close()


def test_rows_and_nulls(server: Callable[[bytes], Session]) -> None:
    end = b"\xfe\0\0\2\0"
    answer = server(packets(b"\2", b"def", b"def", end, b"\1" + b"7" + b"\xfb", end)).ask("select 7, null")
    assert answer.rows == (("7", None),)


def test_how_many_rows_have_changed(server: Callable[[bytes], Session]) -> None:
    assert server(packets(b"\0\1\0\2\0\0\0")).ask("update").affected == 1
    assert server(packets(b"\0\xfc\x2c\1\0\2\0\0\0")).ask("update").affected == 300


def test_an_error_has_its_number(server: Callable[[bytes], Session]) -> None:
    with pytest.raises(Failed, match="1213") as caught:
        server(packets(b"\xff" + struct.pack("<H", 1213) + b"#40001Deadlock")).ask("update")
    assert caught.value.code == 1213


def test_a_connection_that_ends_says_nothing_of_the_statement(server: Callable[[bytes], Session]) -> None:
    with pytest.raises(Unknown):
        server(b"").ask("update")
