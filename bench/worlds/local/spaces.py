"""A network namespace for each node, with an interface whose other end is in the namespace of the process that made it.

Nothing has a name outside: when that process and the nodes have ended, the kernel removes it all.
"""

import array
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

_CLONE_NEWNET: Final = 0x40000000
_SIOCETHTOOL: Final = 0x8946
_OFFLOADS: Final = (0x17, 0x1F, 0x24, 0x2C)
"""Checksums, TCP segmentation, segmentation in and out: a frame must be complete when it leaves its node."""
_NETWORK: Final = IPv4Address("10.211.0.0")
_SETTINGS: Final = {"net/ipv6/conf/all/disable_ipv6": "1", "net/ipv4/tcp_rto_max_ms": "1000"}
"""No chatter of IPv6; and TCP tries again within a second (from Linux 6.15), so that a mended link is soon used."""


class Spaces:
    """The namespaces of these nodes. Raises OSError if they cannot be made."""

    def __init__(self, names: Sequence[str]) -> None:
        self._home = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.addresses = {name: _NETWORK + number for number, name in enumerate(names, 1)}
        self.interfaces = {name: f"node{number}" for number, name in enumerate(names, 1)}
        """The other ends of the nodes' interfaces, by node. They are up."""
        self._spaces = {name: self._make(name) for name in names}

    def places(self) -> dict[str, tuple[str, str]]:
        """For each node its address, and the file that is its namespace."""
        return {
            name: (str(self.addresses[name]), f"/proc/{os.getpid()}/fd/{space}") for name, space in self._spaces.items()
        }

    def new_socket(self, name: str) -> socket.socket:
        """A TCP socket in a node's namespace."""
        with self._inside(name):
            return socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)

    def _make(self, name: str) -> int:
        """A namespace with an interface that knows where all the others are."""
        interface = self.interfaces[name]
        _call("unshare", _CLONE_NEWNET)
        space = os.open("/proc/self/ns/net", os.O_RDONLY)
        own = hardware(self.addresses[name])
        home = f"/proc/{os.getpid()}/fd/{self._home}"
        ip(
            f"link add eth0 address {own} type veth peer name {interface} netns {home}",
            f"address add {self.addresses[name]}/16 dev eth0",
            "link set lo up",
            "link set eth0 up",
            *(
                f"neighbor add {address} lladdr {hardware(address)} dev eth0 nud permanent"
                for other, address in self.addresses.items()
                if other != name
            ),
        )
        _complete_frames("eth0")
        for setting, value in _SETTINGS.items():
            with suppress(OSError):
                Path("/proc/sys", setting).write_text(value)
        _call("setns", self._home, _CLONE_NEWNET)
        with suppress(OSError):
            Path("/proc/sys/net/ipv6/conf", interface, "disable_ipv6").write_text("1")
        ip(f"link set {interface} up")
        return space

    @contextmanager
    def _inside(self, name: str) -> Iterator[None]:
        _call("setns", self._spaces[name], _CLONE_NEWNET)
        try:
            yield
        finally:
            _call("setns", self._home, _CLONE_NEWNET)


def ip(*commands: str) -> None:
    """Run commands of ip(8) in this process's namespace. Raises OSError if one fails."""
    done = subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(0, f"ip: {done.stderr.strip().partition(chr(10))[0]}")


def hardware(address: IPv4Address) -> str:
    """The hardware address of the node with that address."""
    return ":".join(f"{byte:02x}" for byte in (2, 0, *address.packed))


def _call(function: str, *arguments: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


def _complete_frames(interface: str) -> None:
    """Have the kernel leave no work to a device, as there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for command in _OFFLOADS:
            value: array.array[Any] = array.array("I", [command, 0])
            request = struct.pack("16sP16x", interface.encode(), value.buffer_info()[0])
            fcntl.ioctl(any_socket, _SIOCETHTOOL, request)
