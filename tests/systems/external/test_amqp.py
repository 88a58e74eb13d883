"""AMQP against a server of a few canned bytes, and what RabbitMQ's client makes of it."""

import socket
import struct
from collections.abc import Callable, Iterator

import pytest

from splitbrain.systems.external import amqp
from splitbrain.systems.external.amqp import Channel, Closed


def method(name: tuple[int, int], arguments: bytes = b"") -> bytes:
    return frame(amqp.METHOD, struct.pack("!HH", *name) + arguments)


def frame(kind: int, body: bytes) -> bytes:
    return struct.pack("!BHI", kind, 1, len(body)) + body + amqp.END


def content(body: bytes) -> bytes:
    return frame(amqp.HEADER, struct.pack("!HHQH", 60, 0, len(body), 0)) + frame(amqp.BODY, body)


WELCOME = (
    method(amqp.START)
    + method(amqp.TUNE, struct.pack("!HIH", 0, 1 << 17, 60))
    + method(amqp.OPEN_OK)
    + method(amqp.CHANNEL_OPEN_OK)
)


@pytest.fixture
def server() -> Iterator[Callable[[bytes], Channel]]:
    """A channel to a server that has already said all it will ever say."""

    def saying(answers: bytes) -> Channel:
        ours, its = socket.socketpair()
        its.sendall(WELCOME + answers)
        its.shutdown(socket.SHUT_WR)
        kept.extend((ours, its))
        return Channel(ours, 1.0)

    kept: list[socket.socket] = []
    yield saying
    for end in kept:
        end.close()


def test_get_gives_the_tag_and_the_body(server: Callable[[bytes], Channel]) -> None:
    got = method(amqp.GET_OK, struct.pack("!Q", 4) + b"\0\0\0\0\0\0\0") + content(b"17")
    channel = server(frame(amqp.HEARTBEAT, b"") + got + method(amqp.GET_EMPTY, b"\0"))
    assert channel.get("q") == (4, b"17")
    assert channel.get("q") is None


def test_a_confirmation_is_one_only_if_nothing_came_back(server: Callable[[bytes], Channel]) -> None:
    ack, nack = method(amqp.ACK, struct.pack("!QB", 1, 0)), method(amqp.NACK, struct.pack("!QB", 1, 0))
    channel = server(ack + nack + method(amqp.RETURN) + content(b"1") + ack)
    for confirmed in (True, False, False):
        channel.publish("q", b"1")
        assert channel.confirmed() is confirmed


def test_the_server_says_why_it_closes(server: Callable[[bytes], Channel]) -> None:
    with pytest.raises(Closed, match="404 none") as caught:
        server(method(amqp.CHANNEL_CLOSE, struct.pack("!H", 404) + amqp.short("none") + b"\0\0\0\0")).get("q")
    assert caught.value.code == 404


def test_a_connection_that_ends_is_an_error(server: Callable[[bytes], Channel]) -> None:
    with pytest.raises(OSError, match="closed"):
        server(b"").get("q")
