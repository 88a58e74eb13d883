"""What the nodes of the local world are connected by: the loopback interface, or a network of namespaces."""

import shutil
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from ....errors import UsageError
from ....nemesis.families import PACKETS
from ....nemesis.fault import Family, Fault
from .between import Between
from .nft import TABLES
from .wires import LOOPBACK, Place, new_socket


@dataclass(frozen=True)
class Kind:
    """A kind of network of namespaces: what it needs, and what stands between the nodes.

    `tools` are the programs that must be here, `probe` a command for a shell in a namespace that must succeed, `module`
    what the process between the nodes runs, and `wire` the families of faults that it carries out.
    """

    name: str
    tools: Sequence[str]
    packages: str
    probe: str
    module: str
    wire: frozenset[Family]


SWITCHED: Final = Kind(
    name="namespaces",
    tools=("ip", "unshare", "nsenter"),
    packages="iproute2, util-linux",
    probe="ip link add one type veth peer name two",
    module=f"{__package__}.switch",
    wire=frozenset({"partition", *PACKETS}),
)
BRIDGED: Final = Kind(
    name="nftables",
    tools=("ip", "unshare", "nsenter", "nft"),
    packages="iproute2, util-linux, nftables",
    probe=f"{SWITCHED.probe} && ip link add three type bridge && nft '{TABLES}'",
    module=f"{__package__}.bridge",
    wire=frozenset({"partition", "packets.loss", "packets.bandwidth"}),
)
KINDS: Final = {kind.name: kind for kind in (SWITCHED, BRIDGED)}
NETWORKS: Final = ("loopback", "proxies", *KINDS)
AUTO: Final = "auto"
"""Whatever of BEST works here, the first of them."""
BEST: Final = ("namespaces", "nftables", "loopback")
CAPTURING: Final = ("namespaces",)
"""The networks that can write packets to a file."""
WAYS: Sequence[Sequence[str]] = (("unshare", "--net"), ("unshare", "--user", "--map-root-user", "--net"))
"""How to come to a namespace: as root, or as anybody where the kernel allows that."""


class Network(Protocol):
    """Where nodes are, and what can be done between them.

    `wire` are the families of faults that it carries out itself, packet by packet. Those of other families that act
    between nodes are carried out by the nodes, message by message.
    """

    wire: frozenset[Family]

    def prefix(self, node: str) -> Sequence[str]:
        """The beginning of a command that runs there."""
        ...

    def address(self, node: str) -> str:
        """The address of a node."""
        ...

    def route(self, src: str, dst: str, place: Place) -> Place:
        """Where one node finds another one that listens at that place."""
        ...

    def new_socket(self, node: str) -> socket.socket:
        """A TCP socket there, for a node that lives in the bench's own process."""
        ...

    def carries(self, src: str, dst: str) -> bool:
        """Whether what `wire` names it can do between these two."""
        ...

    def cut(self, src: str, dst: str, unit: int) -> None:
        """Drop all from one node to the other, from now on."""
        ...

    def disturb(self, src: str, dst: str, fault: Fault) -> None:
        """Do to packets from one node to the other what the fault says, one of `wire`, from now on."""
        ...

    def mend(self, src: str, dst: str, unit: int) -> None:
        """End what a unit does."""
        ...

    def take_counts(self) -> Mapping[int, int]:
        """How many packets each unit has affected since this was last asked."""
        ...

    def close(self) -> None:
        """Remove it. The nodes must have ended."""
        ...


class Loopback:
    """The loopback interface of this machine. It carries out no faults."""

    wire: frozenset[Family] = frozenset()

    def prefix(self, node: str) -> Sequence[str]:
        return ()

    def address(self, node: str) -> str:
        return LOOPBACK

    def route(self, src: str, dst: str, place: Place) -> Place:
        return place

    def new_socket(self, node: str) -> socket.socket:
        return new_socket()

    def carries(self, src: str, dst: str) -> bool:
        return False

    def cut(self, src: str, dst: str, unit: int) -> None:
        raise NotImplementedError("the loopback interface cannot be cut")

    def disturb(self, src: str, dst: str, fault: Fault) -> None:
        raise NotImplementedError("the loopback interface cannot be disturbed")

    def mend(self, src: str, dst: str, unit: int) -> None:
        pass

    def take_counts(self) -> Mapping[int, int]:
        return {}

    def close(self) -> None:
        pass


class Namespaces:
    """A namespace for each node, and a process between them, of one of KINDS.

    As root, or in a namespace of users where the kernel allows that. `own` is told the number of the one process that
    all depends on. Faults of packets draw from `seed`, and all packets that are delivered are written to `capture`,
    where the kind of network can do so. Raises UsageError if this machine cannot do it.
    """

    def __init__(
        self,
        nodes: Sequence[str],
        own: Callable[[int], None],
        seed: int = 0,
        capture: Path | None = None,
        kind: Kind = SWITCHED,
    ) -> None:
        self.wire = kind.wire
        self._way, reason = _way_in(kind)
        if reason:
            raise UsageError(f"no network of {kind.name}: {reason}: use --network loopback")
        file = None if capture is None else str(capture.absolute())
        self._between = Between(kind.name, self._way, kind.module, own, tuple(nodes), seed, file)
        self._places: dict[str, tuple[str, str]] = self._between.ready

    def prefix(self, node: str) -> Sequence[str]:
        users = ["--preserve-credentials", f"--user=/proc/{self._between.process.pid}/ns/user"]
        users = users if "--user" in self._way else []
        return ("nsenter", *users, f"--net={self._places[node][1]}", "--")

    def address(self, node: str) -> str:
        return self._places[node][0]

    def route(self, src: str, dst: str, place: Place) -> Place:
        return place

    def new_socket(self, node: str) -> socket.socket:
        return self._between.new_socket(node)

    def carries(self, src: str, dst: str) -> bool:
        return True

    def cut(self, src: str, dst: str, unit: int) -> None:
        self._between.ask("cut", src, dst, unit)

    def disturb(self, src: str, dst: str, fault: Fault) -> None:
        self._between.ask("disturb", src, dst, fault)

    def mend(self, src: str, dst: str, unit: int) -> None:
        self._between.ask("mend", src, dst, unit)

    def take_counts(self) -> Mapping[int, int]:
        counts: dict[int, int] = self._between.ask("take_counts")
        return counts

    def close(self) -> None:
        self._between.close()


class Proxies:
    """The loopback interface, and a proxy for each direction between two nodes (mesh.py). Needs no privileges.

    `own` is told the number of the proxies' process; faults draw from `seed`.
    """

    wire: frozenset[Family] = frozenset(
        {"partition", "packets.loss", "packets.delay", "packets.bandwidth", "packets.reset"}
    )

    def __init__(self, nodes: Sequence[str], own: Callable[[int], None], seed: int = 0) -> None:
        self._between = Between("proxies", (), f"{__package__}.mesh", own, tuple(nodes), seed)
        self._ports: dict[tuple[str, str], int] = self._between.ready
        self._targets: dict[str, Place] = {}

    def prefix(self, node: str) -> Sequence[str]:
        return ()

    def address(self, node: str) -> str:
        return LOOPBACK

    def route(self, src: str, dst: str, place: Place) -> Place:
        if src == dst or not place[1]:
            return place
        if self._targets.get(dst) != place:
            self._targets[dst] = place
            self._between.ask("target", dst, place)
        return LOOPBACK, self._ports[src, dst]

    def new_socket(self, node: str) -> socket.socket:
        return new_socket()

    def carries(self, src: str, dst: str) -> bool:
        return True

    def cut(self, src: str, dst: str, unit: int) -> None:
        self._between.ask("cut", src, dst, unit)

    def disturb(self, src: str, dst: str, fault: Fault) -> None:
        self._between.ask("disturb", src, dst, fault)

    def mend(self, src: str, dst: str, unit: int) -> None:
        self._between.ask("mend", src, dst, unit)

    def take_counts(self) -> Mapping[int, int]:
        counts: dict[int, int] = self._between.ask("take_counts")
        return counts

    def close(self) -> None:
        self._between.close()


def missing(name: str = SWITCHED.name) -> str:
    """What this machine lacks for the network of that name, in one line; "" if nothing."""
    return _way_in(KINDS[name])[1] if name in KINDS else ""


def best() -> str:
    """The name of the best network that this machine can have, as is found by trying."""
    return next(name for name in BEST if not missing(name))


def carried(name: str) -> frozenset[Family]:
    """The families of faults that the network of that name carries out itself."""
    if name in KINDS:
        return KINDS[name].wire
    return Proxies.wire if name == "proxies" else Loopback.wire


def network_of(
    name: str, nodes: Sequence[str], own: Callable[[int], None], seed: int = 0, capture: Path | None = None
) -> Network:
    """The network of that name, one of NETWORKS, ready for these nodes. See `Namespaces` for the rest."""
    if name in KINDS:
        return Namespaces(nodes, own, seed, capture, KINDS[name])
    return Proxies(nodes, own, seed) if name == "proxies" else Loopback()


def _way_in(kind: Kind) -> tuple[Sequence[str], str]:
    """The first of WAYS that works here, and "", or why none does."""
    absent = [tool for tool in kind.tools if shutil.which(tool) is None]
    if absent:
        return (), f"there is no {', '.join(absent)} here (Debian: {kind.packages})"
    reason = ""
    for way in WAYS:
        done = subprocess.run([*way, "sh", "-c", kind.probe], capture_output=True, text=True)
        if done.returncode == 0:
            return way, ""
        reason = done.stderr.strip().partition("\n")[0] or f"{way[0]} fails"
    return (), reason
