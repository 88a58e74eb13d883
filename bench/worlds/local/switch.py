"""A network of namespaces, one for each node, and the switch between them, as a process of its own.

    unshare --net python -m splitbrain.bench.worlds.local.switch FILE_DESCRIPTOR

The descriptor is a packet socket to the bench: pickled tuples both ways, an answer to each command. Every node has a
namespace with one interface, whose other end is here. All frames pass through this process, which does to them what
faults say (packets.py). Nothing has a name outside: when this process and the nodes have ended, the kernel removes it
all.
"""

import array
import ctypes
import fcntl
import os
import pickle
import select
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from heapq import heappop, heappush
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final, NamedTuple

from ....nemesis.fault import Fault
from ....systems.streams import stream
from .channel import LARGEST
from .owned import die_with
from .packets import Way
from .pcap import Capture

_CLONE_NEWNET: Final = 0x40000000
_SOL_PACKET: Final = 263
_PACKET_IGNORE_OUTGOING: Final = 23
_ETH_P_ALL: Final = 3
_SIOCETHTOOL: Final = 0x8946
_OFFLOADS: Final = (0x17, 0x1F, 0x24, 0x2C)
"""Checksums, TCP segmentation, segmentation in and out: a frame must be complete when it leaves its node."""
_BUFFER: Final = 4 << 20
_AT_ONCE: Final = 64
_NETWORK: Final = IPv4Address("10.211.0.0")
_SETTINGS: Final = {"net/ipv6/conf/all/disable_ipv6": "1", "net/ipv4/tcp_rto_max_ms": "1000"}
"""No chatter of IPv6; and TCP tries again within a second (from Linux 6.15), so that a mended link is soon used."""


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
        self._home = os.open("/proc/self/ns/net", os.O_RDONLY)
        self._addresses = {name: _NETWORK + number for number, name in enumerate(names, 1)}
        self._spaces = {name: self._make(name) for name in names}
        ports = {name: self._port(name) for name in names}
        self.ports = {port.fileno(): port for port in ports.values()}
        self._ways = {(src, dst): Way() for src in names for dst in names if src != dst}
        addresses = {name: address.packed for name, address in self._addresses.items()}
        self._routes = {
            addresses[src] + addresses[dst]: Route(way, ports[dst]) for (src, dst), way in self._ways.items()
        }
        self._late: list[tuple[int, int, bytes, Route]] = []
        self._sequence = 0

    def places(self) -> dict[str, tuple[str, str]]:
        """For each node its address, and the file that is its namespace."""
        return {
            name: (str(self._addresses[name]), f"/proc/{os.getpid()}/fd/{space}")
            for name, space in self._spaces.items()
        }

    def new_socket(self, name: str) -> socket.socket:
        """A TCP socket in a node's namespace."""
        with self._inside(name):
            return socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)

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

    def _make(self, name: str) -> int:
        """A namespace with an interface that knows where all the others are."""
        number = int(self._addresses[name]) - int(_NETWORK)
        _call("unshare", _CLONE_NEWNET)
        space = os.open("/proc/self/ns/net", os.O_RDONLY)
        own = _hardware(self._addresses[name])
        home = f"/proc/{os.getpid()}/fd/{self._home}"
        _ip(
            f"link add eth0 address {own} type veth peer name node{number} netns {home}",
            f"address add {self._addresses[name]}/16 dev eth0",
            "link set lo up",
            "link set eth0 up",
            *(
                f"neighbor add {address} lladdr {_hardware(address)} dev eth0 nud permanent"
                for other, address in self._addresses.items()
                if other != name
            ),
        )
        _complete_frames("eth0")
        for setting, value in _SETTINGS.items():
            with suppress(OSError):
                Path("/proc/sys", setting).write_text(value)
        _call("setns", self._home, _CLONE_NEWNET)
        return space

    def _port(self, name: str) -> socket.socket:
        """The other end of a node's interface."""
        interface = f"node{int(self._addresses[name]) - int(_NETWORK)}"
        with suppress(OSError):
            Path("/proc/sys/net/ipv6/conf", interface, "disable_ipv6").write_text("1")
        _ip(f"link set {interface} up")
        port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        port.setblocking(False)
        port.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            port.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
        port.bind((interface, _ETH_P_ALL))
        return port

    @contextmanager
    def _inside(self, name: str) -> Iterator[None]:
        _call("setns", self._spaces[name], _CLONE_NEWNET)
        try:
            yield
        finally:
            _call("setns", self._home, _CLONE_NEWNET)


def main() -> None:
    """Make the network that the bench asks for, and be its switch until the bench has ended."""
    control = socket.socket(fileno=int(sys.argv[1]))
    data = control.recv(LARGEST)
    if not data:
        return
    parent, *arguments = pickle.loads(data)
    die_with(parent)
    try:
        switch = Switch(*arguments)
    except OSError as error:
        control.send(pickle.dumps(("failed", error.strerror or str(error))))
        return
    control.send(pickle.dumps(("ready", switch.places())))
    poll = select.epoll()
    for number in (control.fileno(), *switch.ports):
        poll.register(number, select.EPOLLIN)
    while True:
        for number, _ in poll.poll(switch.release()):
            if number != control.fileno():
                switch.forward(switch.ports[number])
            elif not _obey(control, switch):
                return


def _obey(control: socket.socket, switch: Switch) -> bool:
    """Carry out a command; False if nobody is there to give any."""
    data = control.recv(LARGEST)
    if not data:
        return False
    verb, *arguments = pickle.loads(data)
    if verb == "new_socket":
        with switch.new_socket(*arguments) as made:
            socket.send_fds(control, [b"socket"], [made.fileno()])
    else:
        control.send(pickle.dumps(getattr(switch, verb)(*arguments)))
    return True


def _call(function: str, *arguments: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


def _ip(*commands: str) -> None:
    """Run commands of ip(8) in this process's namespace."""
    done = subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(0, f"ip: {done.stderr.strip().partition(chr(10))[0]}")


def _hardware(address: IPv4Address) -> str:
    return ":".join(f"{byte:02x}" for byte in (2, 0, *address.packed))


def _complete_frames(interface: str) -> None:
    """Have the kernel leave no work to a device, as there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for command in _OFFLOADS:
            value: array.array[Any] = array.array("I", [command, 0])
            request = struct.pack("16sP16x", interface.encode(), value.buffer_info()[0])
            fcntl.ioctl(any_socket, _SIOCETHTOOL, request)


if __name__ == "__main__":
    main()
