"""ZooKeeper: what its answers mean, and a run with its servers."""

import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from canned import Canned

from splitbrain import Invocation, Test, UsageError, run
from splitbrain.bench.worlds.external.programs import find
from splitbrain.systems.external.zookeeper import Client, ZooKeeper

Make = Callable[..., tuple[Client, Canned]]
SECOND = 1_000_000_000
NO_NODE, BAD_VERSION, NODE_EXISTS, LOST = -101, -103, -110, -4


def framed(message: bytes) -> bytes:
    return struct.pack(">i", len(message)) + message


WELCOME = framed(struct.pack(">iiq", 0, 10_000, 77) + framed(bytes(16)) + b"\0")
NOTICE = framed(struct.pack(">iqi", -1, 0, 0) + b"something changed")


def answers(*bodies: bytes | int) -> bytes:
    """The answers to the first requests: what is in them, or error codes."""
    replies = [
        struct.pack(">iqi", number, 9, body if isinstance(body, int) else 0) + (b"" if isinstance(body, int) else body)
        for number, body in enumerate(bodies, 1)
    ]
    return WELCOME + b"".join(framed(reply) for reply in replies)


def node(data: bytes, version: int) -> bytes:
    return framed(data) + struct.pack(">qqqqiiiqiiq", 1, 2, 3, 4, version, 0, 0, 0, len(data), 0, 1)


def op(f: str, value: object = None, key: str | None = "x") -> Invocation:
    return Invocation(operation=1, process=0, f=f, key=key, input=value, time=0)  # type: ignore[arg-type]


@pytest.fixture
def client() -> Iterator[Make]:
    """Makes a client of a server that sends this."""
    with ExitStack() as stack:

        def make(answer: bytes, reads: str = "plain") -> tuple[Client, Canned]:
            server = stack.enter_context(Canned(port2181=iter([answer])))
            return stack.enter_context(closing(Client(server.site({"reads": reads})))), server

        yield make


def test_operations_and_their_answers(client: Make) -> None:
    children = struct.pack(">i", 2) + framed(b"12") + framed(b"3")
    asked, _ = client(answers(NO_NODE, NO_NODE, b"", b"", node(b"7", 4), b"", children))
    assert asked.invoke(op("read")) is None
    assert asked.invoke(op("write", 6)) is None  # there was nothing: it was made
    assert asked.invoke(op("write", 7)) is None
    assert asked.invoke(op("cas", (7, 8))) is True
    assert asked.invoke(op("read", key=None)) == (3, 12)


def test_compare_and_set_sees_that_something_else_is_there(client: Make) -> None:
    asked, _ = client(answers(node(b"7", 4), node(b"8", 5), BAD_VERSION, NO_NODE, NODE_EXISTS))
    assert asked.invoke(op("cas", (8, 9))) is False
    assert asked.invoke(op("cas", (8, 9))) is False  # it had the version, until it was written
    assert asked.invoke(op("cas", (None, 9))) is False


def test_a_node_that_another_made_meanwhile_is_set(client: Make) -> None:
    asked, _ = client(answers(NO_NODE, NODE_EXISTS, b""))
    assert asked.invoke(op("write", 7)) is None


def test_notices_are_no_answers(client: Make) -> None:
    asked, _ = client(answers().replace(WELCOME, WELCOME + NOTICE) + answers(node(b"7", 4))[len(WELCOME) :])
    assert asked.invoke(op("read")) == 7


def test_a_read_is_preceded_by_sync_if_that_was_chosen(client: Make) -> None:
    asked, server = client(answers(framed(b"/registers/x"), node(b"7", 4)), reads="sync")
    assert asked.invoke(op("read")) == 7
    sync, get = struct.pack(">ii", 1, 9), struct.pack(">ii", 2, 4)
    sent = server.asked(0)
    assert 0 < sent.index(sync) < sent.index(get)


@pytest.mark.parametrize("answer", [answers(LOST), answers()])
def test_nobody_knows_what_became_of_a_write_that_failed_otherwise(client: Make, answer: bytes) -> None:
    asked, _ = client(answer)
    with pytest.raises(OSError, match=r"error -4|closed the connection"):
        asked.invoke(op("write", 1))


def test_no_session_is_no_connection(client: Make) -> None:
    with pytest.raises(OSError, match="grants no session"):
        client(framed(struct.pack(">iiq", 0, 0, 0) + framed(bytes(16)) + b"\0"))


def test_servers_know_each_other(tmp_path: Path) -> None:
    ZooKeeper().prepare(Canned().site({}, tmp_path))
    assert (tmp_path / "data/myid").read_text() == "1\n"
    assert "server.3=127.0.0.3:2888:3888\n" in (tmp_path / "zoo.cfg").read_text()


def names(*found: bytes) -> bytes:
    return struct.pack(">i", len(found)) + b"".join(framed(name) for name in found)


@pytest.mark.parametrize(
    ("third", "difference"),
    [
        (answers(b"", names(b"x"), names(), node(b"7", 4)), False),
        (answers(b"", names(b"x"), names(), node(b"7", 5)), True),
        (answers(b"", names(b"x"), names(b"3"), node(b"7", 4), node(b"", 0)), True),
    ],
)
def test_servers_hold_the_same(third: bytes, difference: bool) -> None:
    same = answers(b"", names(b"x"), names(), node(b"7", 4))
    with Canned(port2181=iter([same, same, third])) as server:
        site = server.site({})
        assert ZooKeeper().differences([site, *site.others]).startswith("n3 has") is difference


def test_a_run_without_faults_loses_nothing() -> None:
    try:
        find(ZooKeeper.programs, {})
    except UsageError as error:
        pytest.skip(str(error))
    test = Test(
        system="zookeeper",
        workload="register",
        seed=1,
        world="local",
        faults="none",
        time=SECOND,
        operations=200,
        rate=200,
        options=(("reads", "sync"),),
    )
    assert run(test).record.grade == "valid"
