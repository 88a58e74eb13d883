"""A network of namespaces: what is cut stalls, what is mended goes on, and nothing is left of it."""

import os
import select
import socket
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from notebooks import Driver, deploy, example, system

from splitbrain.bench.run import run
from splitbrain.bench.test import Test
from splitbrain.bench.worlds.local import network, owned
from splitbrain.bench.worlds.local.network import WAYS, Namespaces, missing, network_of
from splitbrain.bench.worlds.local.owned import start_of
from splitbrain.bench.worlds.local.world import LocalWorld
from splitbrain.errors import ContractError, UsageError

CYCLES = int(os.environ.get("SPLITBRAIN_CYCLES", "1"))
"""How often a network is made and removed; 50 by hand."""

PATIENCE = 20.0
"""Seconds that something may take that must come. TCP tries again within seconds."""

needs_namespaces = pytest.mark.skipif(bool(missing()), reason=f"no namespaces: {missing()}")


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return owned.root()


@pytest.fixture
def pair() -> Iterator[tuple[Namespaces, socket.socket, socket.socket]]:
    """Two nodes, a and b, and the two ends of a connection between them."""
    made = Namespaces(["a", "b"], lambda _: None)
    with made.new_socket("a") as one, made.new_socket("b") as listening:
        listening.bind((made.address("b"), 0))
        listening.listen()
        one.settimeout(PATIENCE)
        one.connect(listening.getsockname())
        other, _ = listening.accept()
        with other:
            yield made, one, other
    made.close()


def arrives(end: socket.socket, seconds: float = PATIENCE) -> bool:
    return bool(select.select([end], [], [], seconds)[0])


@needs_namespaces
def test_a_cut_connection_stalls_and_goes_on_when_it_is_mended(
    pair: tuple[Namespaces, socket.socket, socket.socket],
) -> None:
    made, one, other = pair
    made.cut("a", "b", 7)
    one.send(b"late")
    assert not arrives(other, 0.1)
    made.mend("a", "b", 7)
    assert arrives(other)
    assert other.recv(10) == b"late"
    counts = made.take_counts()
    assert counts.keys() == {7}
    assert counts[7] > 0
    assert made.take_counts() == {}


@needs_namespaces
def test_a_cut_in_one_direction_lets_the_other_through(pair: tuple[Namespaces, socket.socket, socket.socket]) -> None:
    made, one, other = pair
    made.cut("a", "b", 0)
    other.send(b"heard")
    assert arrives(one)
    one.send(b"not heard")
    assert not arrives(other, 0.1)


@needs_namespaces
def test_what_two_units_cut_is_cut_until_both_have_ended(pair: tuple[Namespaces, socket.socket, socket.socket]) -> None:
    made, one, other = pair
    made.cut("a", "b", 0)
    made.cut("a", "b", 1)
    made.mend("a", "b", 0)
    one.send(b"x")
    assert not arrives(other, 0.1)
    made.mend("a", "b", 1)
    assert arrives(other)


@needs_namespaces
@pytest.mark.parametrize("way", WAYS, ids=["as root", "as anybody"])
def test_a_network_leaves_nothing_behind(root: Path, monkeypatch: pytest.MonkeyPatch, way: Sequence[str]) -> None:
    monkeypatch.setattr(network, "WAYS", (way,))
    if reason := missing():
        pytest.skip(reason)
    test = example(network="namespaces")
    with LocalWorld(test, deploy(2, None), system.fault_model):
        pass  # so that whatever is opened once has been
    links, descriptors = socket.if_nameindex(), sorted(os.listdir("/proc/self/fd"))
    pids: list[int] = []
    spaces: set[str] = set()
    for _ in range(CYCLES):
        with LocalWorld(test, deploy(2, None), system.fault_model) as opened:
            mine = {int(line.split()[0]) for record in root.glob("*/owned") for line in record.read_text().splitlines()}
            mine.discard(os.getpid())
            assert len(mine) == 3, "two servers and the switch"
            pids += mine
            spaces |= {os.readlink(f"/proc/{pid}/ns/net") for pid in mine}
            assert Driver(opened).told("look", "s2") == "0:"
    assert len(spaces) >= 3, "each server and the switch have one of their own"
    assert os.readlink("/proc/self/ns/net") not in spaces
    assert [pid for pid in pids if start_of(pid) is not None] == []
    assert socket.if_nameindex() == links
    assert sorted(os.listdir("/proc/self/fd")) == descriptors
    assert list(root.iterdir()) == []
    assert spaces.isdisjoint(used_namespaces())


def used_namespaces() -> Iterator[str]:
    """The network namespaces that processes of this machine live in, as far as they can be seen."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            yield os.readlink(process / "ns" / "net")
        except OSError:
            continue


@needs_namespaces
def test_a_switch_that_ends_ends_the_run() -> None:
    made = Namespaces(["a", "b"], lambda pid: os.kill(pid, 0))
    made._process.kill()
    made._process.wait()
    with pytest.raises(ContractError, match="the switch between the namespaces has ended"):
        made.cut("a", "b", 0)
    with pytest.raises(ContractError, match="the switch between the namespaces has ended"):
        made.new_socket("a")
    made.close()


def test_a_machine_that_cannot_do_it_says_why(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "TOOLS", ("no-such-tool",))
    with pytest.raises(UsageError, match=r"there is no no-such-tool here .*: use --network loopback"):
        network_of("namespaces", ["a"], lambda _: None)
    with pytest.raises(UsageError, match="use --network loopback"):
        LocalWorld(example(network="namespaces"), deploy(2, None), system.fault_model)
    assert list(root.iterdir()) == []


@pytest.mark.parametrize(
    ("world", "name", "reason"),
    [
        ("simulated", "namespaces", "--network namespaces is for --world local"),
        ("local", "carrier pigeons", "no network named 'carrier pigeons': there are loopback, namespaces, nftables"),
    ],
)
def test_a_network_that_there_is_not_is_an_error(world: str, name: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        run(Test(system="ping_pong", workload="ping", seed=1, world=world, network=name))
