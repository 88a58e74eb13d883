"""What the nodes of the local world are connected by: the loopback interface, or a network of namespaces."""

import os
import pickle
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from ....errors import ContractError, UsageError
from ....nemesis.fault import Family
from .channel import LARGEST
from .search import PATIENCE, search_path
from .wires import LOOPBACK, new_socket

NETWORKS: Final = ("loopback", "namespaces")
TOOLS: Final = ("ip", "unshare", "nsenter")
WAYS: Sequence[Sequence[str]] = (("unshare", "--net"), ("unshare", "--user", "--map-root-user", "--net"))
"""How to come to a namespace: as root, or as anybody where the kernel allows that."""
ENDED: Final = "the switch between the namespaces has ended, or hangs"
SWITCH: Final = f"{__package__}.switch"


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

    def new_socket(self, node: str) -> socket.socket:
        """A TCP socket there, for a node that lives in the bench's own process."""
        ...

    def carries(self, src: str, dst: str) -> bool:
        """Whether what `wire` names it can do between these two."""
        ...

    def cut(self, src: str, dst: str, unit: int) -> None:
        """Drop all from one node to the other, from now on."""
        ...

    def mend(self, src: str, dst: str, unit: int) -> None:
        """End what a unit does."""
        ...

    def take_counts(self) -> Mapping[int, int]:
        """How many packets each unit has dropped since this was last asked."""
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

    def new_socket(self, node: str) -> socket.socket:
        return new_socket()

    def carries(self, src: str, dst: str) -> bool:
        return False

    def cut(self, src: str, dst: str, unit: int) -> None:
        raise NotImplementedError("the loopback interface cannot be cut")

    def mend(self, src: str, dst: str, unit: int) -> None:
        pass

    def take_counts(self) -> Mapping[int, int]:
        return {}

    def close(self) -> None:
        pass


class Namespaces:
    """A namespace for each node, and a switch between them (switch.py).

    As root, or in a namespace of users where the kernel allows that. `own` is told the number of the one process that
    all depends on. Raises UsageError if this machine cannot do it.
    """

    wire: frozenset[Family] = frozenset({"partition"})

    def __init__(self, nodes: Sequence[str], own: Callable[[int], None]) -> None:
        self._way, reason = _way_in()
        if reason:
            raise UsageError(f"no network of namespaces: {reason}: use --network loopback")
        self._control, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(PATIENCE)
        with its:
            self._process = subprocess.Popen(
                [*self._way, sys.executable, "-m", SWITCH, str(its.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
                process_group=0,
                env={**os.environ, "PYTHONPATH": search_path()},
            )
        own(self._process.pid)
        try:
            verdict, said = self._ask(os.getpid(), tuple(nodes))
            if verdict != "ready":
                raise UsageError(f"no network of namespaces: {said}: use --network loopback")
        except BaseException:
            self.close()
            raise
        self._places: dict[str, tuple[str, str]] = said

    def prefix(self, node: str) -> Sequence[str]:
        users = ["--preserve-credentials", f"--user=/proc/{self._process.pid}/ns/user"]
        users = users if "--user" in self._way else []
        return ("nsenter", *users, f"--net={self._places[node][1]}", "--")

    def address(self, node: str) -> str:
        return self._places[node][0]

    def new_socket(self, node: str) -> socket.socket:
        try:
            self._control.send(pickle.dumps(("new_socket", node)))
            _, numbers, _, _ = socket.recv_fds(self._control, LARGEST, 1)
        except OSError:
            numbers = []
        if not numbers:
            raise ContractError(ENDED)
        os.set_inheritable(numbers[0], False)
        return socket.socket(fileno=numbers[0])

    def carries(self, src: str, dst: str) -> bool:
        return True

    def cut(self, src: str, dst: str, unit: int) -> None:
        self._ask("cut", src, dst, unit)

    def mend(self, src: str, dst: str, unit: int) -> None:
        self._ask("mend", src, dst, unit)

    def take_counts(self) -> Mapping[int, int]:
        counts: dict[int, int] = self._ask("take_counts")
        return counts

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._control.close()

    def _ask(self, *command: Any) -> Any:
        try:
            self._control.send(pickle.dumps(command))
            data = self._control.recv(LARGEST)
        except OSError:
            data = b""
        if not data:
            raise ContractError(ENDED)
        return pickle.loads(data)


def missing() -> str:
    """What this machine lacks for a network of namespaces, in one line; "" if nothing."""
    return _way_in()[1]


def network_of(name: str, nodes: Sequence[str], own: Callable[[int], None]) -> Network:
    """The network of that name, one of NETWORKS, ready for these nodes. See `Namespaces` for what goes wrong."""
    return Namespaces(nodes, own) if name == "namespaces" else Loopback()


def _way_in() -> tuple[Sequence[str], str]:
    """The first of WAYS that works here, and "", or why none does."""
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    if absent:
        return (), f"there is no {', '.join(absent)} here (Debian: iproute2, util-linux)"
    reason = ""
    for way in WAYS:
        probe = [*way, "ip", "link", "add", "one", "type", "veth", "peer", "name", "two"]
        done = subprocess.run(probe, capture_output=True, text=True)
        if done.returncode == 0:
            return way, ""
        reason = done.stderr.strip().partition("\n")[0] or f"{way[0]} fails"
    return (), reason
