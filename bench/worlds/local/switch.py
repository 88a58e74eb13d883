"""A network of namespaces, one for each node, and the switch between them, as a process of its own.

    unshare --net python -m splitbrain.bench.worlds.local.switch FILE_DESCRIPTOR

The other ends of the nodes' interfaces are here. All frames pass through this process, which does to them what faults
say (packets.py).
"""

import select
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from heapq import heappop, heappush
from pathlib import Path
from typing import Final, NamedTuple

from ....nemesis.fault import Fault
from ....systems.streams import stream
from .channel import LARGEST
from .middle import obey, opened
from .packets import Way
from .pcap import Capture
from .spaces import Spaces

_SOL_PACKET: Final = 263
_PACKET_IGNORE_OUTGOING: Final = 23
_ETH_P_ALL: Final = 3
_BUFFER: Final = 4 << 20
_AT_ONCE: Final = 64


class Route(NamedTuple):
    """What is done to frames, and the port that they leave by."""

    way: Way
    out: socket.socket


class Switch:
    """The namespaces of these nodes, which it makes, and the ways between them.

    Faults draw from `seed`. All frames that it delivers are written to `capture`, the name of a file, if there is one.
    Raises OSError if the network or the file cannot be made.
    """

    def __init__(self, names: Sequence[str], seed: int, capture: str | None) -> None:
        self._seed = seed
        self._capture = None if capture is None else Capture(Path(capture))
        self._spaces = Spaces(names)
        ports = {name: listening(interface) for name, interface in self._spaces.interfaces.items()}
        self.ports = {port.fileno(): port for port in ports.values()}
        self._ways = {(src, dst): Way() for src in names for dst in names if src != dst}
        addresses = {name: address.packed for name, address in self._spaces.addresses.items()}
        self._routes = {
            addresses[src] + addresses[dst]: Route(way, ports[dst]) for (src, dst), way in self._ways.items()
        }
        self._late: list[tuple[int, int, bytes, Route]] = []
        self._sequence = 0

    def places(self) -> dict[str, tuple[str, str]]:
        """For each node its address, and the file that is its namespace."""
        return self._spaces.places()

    def new_socket(self, name: str) -> socket.socket:
        """A TCP socket in a node's namespace."""
        return self._spaces.new_socket(name)

    def cut(self, src: str, dst: str, unit: int) -> None:
        """Drop every packet from one node to the other from now on."""
        self._ways[src, dst].cut(unit)

    def disturb(self, src: str, dst: str, fault: Fault) -> None:
        """Do to every packet from one node to the other what the fault says, from now on."""
        self._ways[src, dst].disturb(fault, stream(self._seed, "packets", str(fault.unit), src, dst))

    def mend(self, src: str, dst: str, unit: int) -> None:
        """End what a unit does."""
        self._ways[src, dst].mend(unit)

    def take_counts(self) -> dict[int, int]:
        """How many packets each unit has affected since this was last asked."""
        counts: Counter[int] = Counter()
        for way in self._ways.values():
            counts.update(way.take_counts())
        return dict(counts)

    def forward(self, port: socket.socket) -> None:
        """Pass on what has come in at a port, and no more than a share at once."""
        routes = self._routes
        for _ in range(_AT_ONCE):
            try:
                frame = port.recv(LARGEST)
            except OSError:
                return
            route = routes.get(frame[26:34])
            if route is None:
                continue
            if not route.way.faulty:
                self._send(frame, route.out)
                continue
            now = time.monotonic_ns()
            for due, what in route.way.fates(frame, now):
                if due <= now:
                    self._send(what, route.out)
                else:
                    self._sequence += 1
                    heappush(self._late, (due, self._sequence, what, route))

    def release(self) -> float | None:
        """Deliver what is due. Returns in how many seconds the next packet is; None if there is none."""
        now = time.monotonic_ns()
        while self._late and self._late[0][0] <= now:
            _, _, frame, route = heappop(self._late)
            if not route.way.drops():
                self._send(frame, route.out)
        return (self._late[0][0] - now) / 1e9 if self._late else None

    def _send(self, frame: bytes, out: socket.socket) -> None:
        with suppress(OSError):  # where a queue is full packets are lost, as on any network
            out.send(frame)
        if self._capture is not None:
            try:
                self._capture.write(frame, time.time_ns())
            except OSError as error:
                sys.stderr.write(f"splitbrain: network.pcap: no more packets are written: {error.strerror}\n")
                self._capture = None


def listening(interface: str) -> socket.socket:
    """A socket for the raw frames of an interface."""
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    port.setblocking(False)
    port.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        port.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
    port.bind((interface, _ETH_P_ALL))
    return port


def main() -> None:
    """Make the network that the bench asks for, and be its switch until the bench has ended."""
    made = opened(Switch)
    if made is None:
        return
    control, switch = made
    assert isinstance(switch, Switch)
    poll = select.epoll()
    for number in (control.fileno(), *switch.ports):
        poll.register(number, select.EPOLLIN)
    while True:
        for number, _ in poll.poll(switch.release()):
            if number != control.fileno():
                switch.forward(switch.ports[number])
            elif not obey(control, switch):
                return


if __name__ == "__main__":
    main()
