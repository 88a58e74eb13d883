"""Redis: what its answers mean, and a run with its servers."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from canned import Canned

from splitbrain import Invocation, Test, UsageError, run
from splitbrain.bench.worlds.external.programs import find
from splitbrain.systems.database import Refused, Unknown
from splitbrain.systems.external.redis import Client, Redis, _id

Make = Callable[..., tuple[Client, Canned]]
SECOND = 1_000_000_000
SENTINEL = b"*2\r\n$9\r\n127.0.0.2\r\n$4\r\n6379\r\n"


def op(f: str, value: object = None, key: str | None = "x") -> Invocation:
    return Invocation(operation=1, process=0, f=f, key=key, input=value, time=0)  # type: ignore[arg-type]


def sentinels() -> Iterator[bytes]:
    while True:
        yield SENTINEL


@pytest.fixture
def client() -> Iterator[Make]:
    """Makes a client of a primary that gives these answers, one string for each connection."""
    with ExitStack() as stack:

        def make(*answers: bytes, guarantee: str = "default") -> tuple[Client, Canned]:
            server = stack.enter_context(Canned(port26379=sentinels(), port6379=iter(answers)))
            return stack.enter_context(closing(Client(server.site({"guarantee": guarantee})))), server

        yield make


def test_operations_and_their_answers(client: Make) -> None:
    asked, server = client(b"+OK\r\n$1\r\n7\r\n$-1\r\n:1\r\n:0\r\n:1\r\n*2\r\n$2\r\n12\r\n$1\r\n3\r\n")
    assert asked.invoke(op("write", 7)) is None
    assert asked.invoke(op("read")) == 7
    assert asked.invoke(op("read")) is None
    assert asked.invoke(op("cas", (7, 8))) is True
    assert asked.invoke(op("cas", (7, 9))) is False
    assert asked.invoke(op("add", 3, key=None)) is None
    assert asked.invoke(op("read", key=None)) == (3, 12)
    assert server.dialled == [("127.0.0.1", 26379), ("127.0.0.2", 6379)]
    assert server.asked(1).startswith(b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$1\r\n7\r\n")


@pytest.mark.parametrize("answer", [b"-READONLY You can't\r\n", b"-NOREPLICAS Not enough\r\n", b"-LOADING\r\n"])
def test_an_error_is_a_refusal_and_another_primary_is_looked_for(client: Make, answer: bytes) -> None:
    asked, _ = client(answer, b"+OK\r\n")
    with pytest.raises(Refused):
        asked.invoke(op("write", 1))
    assert asked.invoke(op("write", 2)) is None


def test_nobody_knows_what_became_of_a_request_without_an_answer(client: Make) -> None:
    asked, _ = client(b"")
    with pytest.raises(OSError, match="closed the connection"):
        asked.invoke(op("write", 1))


@pytest.mark.parametrize("answer", [b"+OK\r\n:0\r\n", b"+OK\r\n-UNBLOCKED instance state changed\r\n"])
def test_a_write_that_replicas_have_not_acknowledged_may_have_happened(client: Make, answer: bytes) -> None:
    asked, _ = client(answer, guarantee="wait")
    with pytest.raises(Unknown):
        asked.invoke(op("write", 1))


def test_a_write_that_a_replica_has_acknowledged_is_done(client: Make) -> None:
    asked, server = client(b"+OK\r\n:1\r\n", guarantee="wait")
    assert asked.invoke(op("write", 1)) is None
    assert b"WAIT\r\n$1\r\n1\r\n" in server.asked(1)


def test_nothing_has_happened_if_no_primary_is_found(client: Make) -> None:
    asked, _ = client(b"-READONLY\r\n")
    with pytest.raises(Refused):
        asked.invoke(op("write", 1))
    with pytest.raises(Refused, match="no connection"):
        asked.invoke(op("write", 2))


def test_servers_know_each_other_before_they_start(tmp_path: Path) -> None:
    site = Canned().site({"guarantee": "min-replicas"}, tmp_path)
    Redis().prepare(site)
    server, sentinel = (tmp_path / "redis.conf").read_text(), (tmp_path / "sentinel.conf").read_text()
    assert "replicaof" not in server
    assert "min-replicas-to-write 1\n" in server
    assert f"sentinel known-sentinel splitbrain 127.0.0.3 26379 {_id(site.others[1])}\n" in sentinel
    assert sentinel.count("known-replica") == 2


def held(value: bytes, *elements: bytes) -> bytes:
    """What a server with one register and these elements says when it is asked for all that it has."""
    members = b"".join(b"$%d\r\n%b\r\n" % (len(element), element) for element in elements)
    return b"*1\r\n$1\r\nx\r\n*%d\r\n%b$%d\r\n%b\r\n" % (len(elements), members, len(value), value)


PRIMARY = b"*3\r\n$6\r\nmaster\r\n:9\r\n*0\r\n"


@pytest.mark.parametrize(
    ("third", "difference"),
    [
        (held(b"7", b"3"), ""),
        (held(b"8", b"3"), "n3 has 8 for x, the primary n1 7"),
        (held(b"7"), "n3 has None for element 3, the primary n1 it"),
    ],
)
def test_replicas_hold_what_the_primary_holds(third: bytes, difference: str) -> None:
    same = held(b"7", b"3")
    with Canned(port6379=iter([PRIMARY, b"+OK\r\n:2\r\n", same, same, same, third])) as server:
        site = server.site({})
        assert Redis().differences([site, *site.others]) == difference


def test_replicas_that_have_not_caught_up_are_not_compared() -> None:
    with Canned(port6379=iter([PRIMARY, b"+OK\r\n:1\r\n"])) as server:
        site = server.site({})
        with pytest.raises(OSError, match="not all"):
            Redis().differences([site, *site.others])


@pytest.mark.parametrize("workload", ["register", "set"])
def test_without_faults_a_run_is_valid(workload: str) -> None:
    try:
        find(Redis.programs, {})
    except UsageError as error:
        pytest.skip(str(error))
    test = Test(
        system="redis", workload=workload, seed=1, world="local", faults="none", time=SECOND, operations=300, rate=300
    )
    assert run(test).record.grade == "valid"
