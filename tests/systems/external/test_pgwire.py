"""PostgreSQL's protocol against a server of a few canned bytes, and what its errors mean."""

import socket
import struct
from collections.abc import Callable, Iterator

import pytest

from splitbrain.histories.event import Invocation
from splitbrain.systems.database import Refused, Unknown
from splitbrain.systems.external.pgwire import Failed, Session
from splitbrain.systems.external.postgres import Client


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


READY = message(b"Z", b"I")
WELCOME = message(b"R", b"\0\0\0\0") + READY


def error(code: str, severity: str = "ERROR") -> bytes:
    return message(b"E", f"V{severity}\0C{code}\0Mno\0\0".encode())


@pytest.fixture
def server() -> Iterator[Callable[[bytes], Session]]:
    """A session with a server that has already said all it will ever say."""

    def saying(answers: bytes) -> Session:
        ours, its = socket.socketpair()
        its.sendall(WELCOME + answers)
        its.shutdown(socket.SHUT_WR)
        kept.extend((ours, its))
        return Session(ours, "postgres", "postgres")

    kept: list[socket.socket] = []
    yield saying
    for end in kept:
        end.close()


def client(session: Session) -> Client:
    made = Client.__new__(Client)
    made._session = session
    return made


def invocation(f: str, value: object, key: str = "x") -> Invocation:
    return Invocation(operation=0, process=0, f=f, key=key, input=value, time=0)  # type: ignore[arg-type]


def test_rows_and_nulls(server: Callable[[bytes], Session]) -> None:
    row = message(b"D", struct.pack("!hi", 2, 1) + b"7" + struct.pack("!i", -1))
    answer = server(row + message(b"C", b"SELECT 1\0") + READY).ask("select 7, null")
    assert answer.rows == (("7", None),)
    assert answer.affected == 1


def test_an_error_ends_with_the_server_ready(server: Callable[[bytes], Session]) -> None:
    session = server(error("40001") + READY + message(b"C", b"UPDATE 0\0") + READY)
    with pytest.raises(Failed, match="40001"):
        session.ask("update")
    assert session.ask("update").affected == 0


@pytest.mark.parametrize("code", ["40001", "40P01", "25006", "23505"])
def test_what_was_rolled_back_has_not_happened(server: Callable[[bytes], Session], code: str) -> None:
    with pytest.raises(Refused):
        client(server(error(code) + READY)).invoke(invocation("write", 3))


def test_a_session_that_is_ended_says_nothing_of_the_statement(server: Callable[[bytes], Session]) -> None:
    with pytest.raises(Unknown):
        client(server(error("57P01", "FATAL"))).invoke(invocation("write", 3))
    with pytest.raises(Unknown):
        client(server(b"")).invoke(invocation("write", 3))


def test_compare_and_set_is_true_if_a_row_has_changed(server: Callable[[bytes], Session]) -> None:
    both = client(server(message(b"C", b"UPDATE 1\0") + READY + message(b"C", b"INSERT 0 0\0") + READY))
    assert both.invoke(invocation("cas", (1, 2))) is True
    assert both.invoke(invocation("cas", (None, 2))) is False
