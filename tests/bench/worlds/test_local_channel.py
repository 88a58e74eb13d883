"""The line between the bench and a server."""

import socket
from collections.abc import Iterator

import pytest

from splitbrain.bench.worlds.local.channel import Channel, ClosedError


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    one, other = (Channel(end) for end in socket.socketpair())
    yield one, other
    one.close()
    other.close()


def test_frames_arrive_whole_and_in_order(ends: tuple[Channel, Channel]) -> None:
    one, other = ends
    one.send("thaw")
    one.send("freeze", True)
    assert other.receive() == ("thaw",)
    assert other.waits(), "the second was read together with the first, and nobody else will see that it is there"
    assert other.receive() == ("freeze", True)
    assert not other.waits()


def test_the_end_is_seen_after_what_was_sent_before(ends: tuple[Channel, Channel]) -> None:
    one, other = ends
    one.send("failed", "why")
    one.close()
    assert other.receive() == ("failed", "why")
    assert other.waits()
    with pytest.raises(ClosedError):
        other.receive()
    with pytest.raises(ClosedError):
        other.send("go on")
