"""A network of namespaces: what is cut stalls, what is mended goes on, and nothing is left of it."""

import dataclasses
import os
import re
import select
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from notebooks import Driver, deploy, example, system

from splitbrain.bench.run import run
from splitbrain.bench.test import MILLISECOND, Test
from splitbrain.bench.worlds.local import network, owned
from splitbrain.bench.worlds.local.network import KINDS, SWITCHED, WAYS, Namespaces, Network, best, missing, network_of
from splitbrain.bench.worlds.local.owned import start_of
from splitbrain.bench.worlds.local.world import LocalWorld
from splitbrain.errors import ContractError, UsageError
from splitbrain.nemesis.fault import Fault

CYCLES = int(os.environ.get("SPLITBRAIN_CYCLES", "1"))
"""How often a network is made and removed; 50 by hand."""

PATIENCE = 20.0
"""Seconds that something may take that must come. TCP tries again within seconds."""

needs_namespaces = pytest.mark.skipif(bool(missing()), reason=f"no namespaces: {missing()}")


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return owned.root()


@pytest.fixture(params=[*KINDS, "proxies"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[Network, socket.socket, socket.socket]]:
    """Two nodes, a and b, and the two ends of a connection between them."""
    if reason := missing(request.param):
        pytest.skip(f"no network of {request.param}: {reason}")
    made = network_of(request.param, ["a", "b"], lambda _: None)
    with made.new_socket("a") as one, made.new_socket("b") as listening:
        listening.bind((made.address("b"), 0))
        listening.listen()
        one.settimeout(PATIENCE)
        one.connect(made.route("a", "b", listening.getsockname()))
        other, _ = listening.accept()
        with other:
            yield made, one, other
    made.close()


def arrives(end: socket.socket, seconds: float = PATIENCE) -> bool:
    return bool(select.select([end], [], [], seconds)[0])


def test_a_cut_connection_stalls_and_goes_on_when_it_is_mended(
    pair: tuple[Network, socket.socket, socket.socket],
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


def test_a_cut_in_one_direction_lets_the_other_through(pair: tuple[Network, socket.socket, socket.socket]) -> None:
    made, one, other = pair
    made.cut("a", "b", 0)
    other.send(b"heard")
    assert arrives(one)
    one.send(b"not heard")
    assert not arrives(other, 0.1)


def test_what_two_units_cut_is_cut_until_both_have_ended(pair: tuple[Network, socket.socket, socket.socket]) -> None:
    made, one, other = pair
    made.cut("a", "b", 0)
    made.cut("a", "b", 1)
    made.mend("a", "b", 0)
    one.send(b"x")
    assert not arrives(other, 0.1)
    made.mend("a", "b", 1)
    assert arrives(other)


def test_a_share_of_the_packets_is_lost_and_the_rest_arrives(
    pair: tuple[Network, socket.socket, socket.socket],
) -> None:
    made, one, other = pair
    made.disturb("a", "b", Fault(unit=2, family="packets.loss", at=0, lasts=1, rate=0.3))
    lost = 0
    while not lost:
        one.sendall(b"x")
        assert other.recv(1) == b"x"
        lost = made.take_counts().get(2, 0)
    made.mend("a", "b", 2)


def test_little_bandwidth_slows_a_connection_down(pair: tuple[Network, socket.socket, socket.socket]) -> None:
    made, one, other = pair
    made.disturb("a", "b", Fault(unit=2, family="packets.bandwidth", at=0, lasts=1, bandwidth=50_000))
    begun = time.monotonic()
    one.sendall(bytes(80_000))
    assert len(other.recv(80_000, socket.MSG_WAITALL)) == 80_000
    assert time.monotonic() - begun >= 0.4, "a second's worth may come at once"
    assert made.take_counts()[2] > 0


def test_a_proxy_resets_connections_and_follows_a_node_to_its_next_port() -> None:
    made = network_of("proxies", ["a", "b"], lambda _: None)
    for _ in range(2):
        with made.new_socket("a") as one, made.new_socket("b") as listening:
            listening.bind((made.address("b"), 0))
            listening.listen()
            one.connect(made.route("a", "b", listening.getsockname()))
            other, _ = listening.accept()
            with other:
                one.sendall(b"heard")
                assert other.recv(10) == b"heard"
                made.disturb("a", "b", Fault(unit=9, family="packets.reset", at=0, lasts=1, rate=1.0))
                one.sendall(b"lost")
                for end in (one, other):
                    with pytest.raises(ConnectionResetError):
                        end.recv(10)
                made.mend("a", "b", 9)
                assert made.take_counts() == {9: 1}
    made.close()


def test_the_best_network_is_found_by_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not missing(best())
    for name, kind in list(KINDS.items()):
        monkeypatch.setitem(KINDS, name, dataclasses.replace(kind, tools=("no-such-tool",)))
    assert best() == "loopback"


@needs_namespaces
def test_packets_are_lost_late_and_captured(tmp_path: Path) -> None:
    made = Namespaces(["a", "b"], lambda _: None, capture=tmp_path / "network.pcap")
    with made.new_socket("a") as one, made.new_socket("b") as listening:
        made.disturb("a", "b", Fault(unit=3, family="packets.delay", at=0, lasts=1, delay=50 * MILLISECOND))
        made.disturb("b", "a", Fault(unit=4, family="packets.corrupt", at=0, lasts=1, rate=0.2))
        listening.bind((made.address("b"), 0))
        listening.listen()
        begun = time.monotonic()
        one.connect(listening.getsockname())
        other, _ = listening.accept()
        with other:
            one.sendall(b"late but whole")
            assert other.recv(100) == b"late but whole"
            for _ in range(15):
                other.sendall(b"undamaged")
                assert one.recv(9, socket.MSG_WAITALL) == b"undamaged"
    assert time.monotonic() - begun >= 0.1, "the acknowledgement of the connection and the data came late"
    counts = made.take_counts()
    assert counts.keys() == {3, 4}
    made.close()
    assert b"late but whole" in (tmp_path / "network.pcap").read_bytes()


@needs_namespaces
def test_a_packet_resets_its_connection() -> None:
    made = Namespaces(["a", "b"], lambda _: None)
    with made.new_socket("a") as one, made.new_socket("b") as listening:
        listening.bind((made.address("b"), 0))
        listening.listen()
        one.connect(listening.getsockname())
        other, _ = listening.accept()
        with other:
            one.sendall(b"heard")
            assert other.recv(10) == b"heard"
            made.disturb("a", "b", Fault(unit=9, family="packets.reset", at=0, lasts=1, rate=1.0))
            one.sendall(b"lost")
            with pytest.raises(ConnectionResetError):
                other.recv(10)
            made.mend("a", "b", 9)
            one.sendall(b"is anybody there?")
            with pytest.raises(ConnectionResetError):
                one.recv(10)
    assert made.take_counts()[9] >= 1
    made.close()


@needs_namespaces
def test_a_capture_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no network of namespaces: .*No such file or directory"):
        Namespaces(["a", "b"], lambda _: None, capture=tmp_path / "nowhere" / "network.pcap")


@needs_namespaces
@pytest.mark.parametrize(
    ("name", "way"),
    [("namespaces", WAYS[0]), ("namespaces", WAYS[1]), ("nftables", WAYS[1]), ("proxies", ())],
    ids=["namespaces, as root", "namespaces, as anybody", "nftables, as anybody", "proxies"],
)
def test_a_network_leaves_nothing_behind(
    root: Path, monkeypatch: pytest.MonkeyPatch, name: str, way: Sequence[str]
) -> None:
    monkeypatch.setattr(network, "WAYS", (way,))
    if reason := missing(name):
        pytest.skip(reason)
    test = example(network=name)
    with LocalWorld(test, deploy(2, None), system.fault_model):
        pass  # so that whatever is opened once has been
    links, descriptors = interfaces(), sorted(os.listdir("/proc/self/fd"))
    pids: list[int] = []
    spaces: set[str] = set()
    for _ in range(CYCLES):
        with LocalWorld(test, deploy(2, None), system.fault_model) as opened:
            mine = {int(line.split()[0]) for record in root.glob("*/owned") for line in record.read_text().splitlines()}
            mine.discard(os.getpid())
            assert len(mine) == 3, "two servers and what is between them"
            pids += mine
            spaces |= {os.readlink(f"/proc/{pid}/ns/net") for pid in mine}
            assert Driver(opened).told("look", "s2") == "0:"
    if name in KINDS:
        assert len(spaces) >= 3, "all have one of their own"
        assert os.readlink("/proc/self/ns/net") not in spaces
        assert spaces.isdisjoint(used_namespaces())
    assert [pid for pid in pids if start_of(pid) is not None] == []
    assert interfaces() == links
    assert sorted(os.listdir("/proc/self/fd")) == descriptors
    assert list(root.iterdir()) == []


def interfaces() -> list[str]:
    """The interfaces here whose names a network gives. Others may come and go meanwhile."""
    return [name for _, name in socket.if_nameindex() if re.fullmatch(r"node\d+|bridge\d+|one|two|three", name)]


def used_namespaces() -> Iterator[str]:
    """The network namespaces that processes of this session live in. Others may be given the numbers of those gone."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(process.name)) == os.getsid(0):
                yield os.readlink(process / "ns" / "net")
        except OSError:
            continue


@needs_namespaces
def test_a_switch_that_ends_ends_the_run() -> None:
    made = Namespaces(["a", "b"], lambda pid: os.kill(pid, 0))
    made._between.process.kill()
    made._between.process.wait()
    with pytest.raises(ContractError, match=r"the process between the nodes \(--network namespaces\) has ended"):
        made.cut("a", "b", 0)
    with pytest.raises(ContractError, match=r"the process between the nodes \(--network namespaces\) has ended"):
        made.new_socket("a")
    made.close()


def test_a_machine_that_cannot_do_it_says_why(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = dataclasses.replace(SWITCHED, tools=("no-such-tool",))
    monkeypatch.setitem(network.KINDS, "namespaces", lacking)
    with pytest.raises(UsageError, match=r"there is no no-such-tool here .*: use --network loopback"):
        network_of("namespaces", ["a"], lambda _: None)
    with pytest.raises(UsageError, match="use --network loopback"):
        LocalWorld(example(network="namespaces"), deploy(2, None), system.fault_model)
    assert list(root.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"network": "namespaces"}, "--network namespaces is for --world local"),
        (
            {"world": "local", "network": "pigeons"},
            "no network named 'pigeons': there are loopback",
        ),
        ({"faults": "packets.loss"}, "the simulated world cannot do packets.loss: use --world local --network prox"),
        ({"faults": "packets.corrupt,kill", "world": "local"}, "--network loopback cannot do packets.corrupt: use"),
        (
            {"schedule": (Fault(unit=0, family="packets.bandwidth", at=0, lasts=1, bandwidth=1),)},
            "the simulated world cannot do packets.bandwidth",
        ),
    ],
)
def test_what_a_network_cannot_do_is_an_error_before_anything_starts(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        run(msgspec.structs.replace(Test(system="raft", workload="register", seed=1), **changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_capture_needs_packets() -> None:
    with pytest.raises(UsageError, match="--pcap: the simulated world has no packets"):
        run(Test(system="ping_pong", workload="ping", seed=1), pcap=True)


@needs_namespaces
def test_a_run_keeps_its_packets_where_that_is_asked_for(tmp_path: Path) -> None:
    test = Test(
        system="ping_pong",
        workload="ping",
        seed=1,
        faults="none",
        world="local",
        network="namespaces",
        clients=1,
        operations=5,
    )
    assert run(test, tmp_path / "run", pcap=True).record.grade == "valid"
    assert (tmp_path / "run" / "network.pcap").stat().st_size > 1000
