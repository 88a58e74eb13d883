"""ZooKeeper: a tree of nodes, replicated by atomic broadcast. Each server answers reads from what it has itself."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from ...histories.event import Invocation
from ...histories.operation import Value
from ..database import Connection, Database, Program, Refused, Site
from .declare import external
from .jute import ErrorCode, Session

PORT, PEERS, ELECTION = 2181, 2888, 3888
NO_NODE, BAD_VERSION, NODE_EXISTS = -101, -103, -110
REGISTERS, ELEMENTS = "/registers", "/elements"
ANY_VERSION = -1
JARS = "/usr/share/java"
SETTINGS = """
tickTime=500
initLimit=20
syncLimit=5
dataDir={directory}/data
clientPort={port}
clientPortAddress={address}
maxClientCnxns=0
4lw.commands.whitelist=srvr
admin.enableServer=false
"""


class ZooKeeper(Database):
    """Servers of ZooKeeper, each a member of the one ensemble."""

    programs = MappingProxyType(
        {
            "java": Program(install="install a Java runtime (Debian: default-jre-headless)", version=("-version",)),
            "zookeeper.jar": Program(
                install="install ZooKeeper (Debian: zookeeper)", places=(f"{JARS}/zookeeper.jar",)
            ),
        }
    )

    def prepare(self, site: Site) -> None:
        data = site.directory / "data"
        data.mkdir()
        (data / "myid").write_text(f"{site.number}\n")
        settings = SETTINGS.format(directory=site.directory, port=PORT, address=site.address)
        for number, address in enumerate(site.addresses.values(), 1):
            settings += f"server.{number}={address}:{PEERS}:{ELECTION}\n"
        (site.directory / "zoo.cfg").write_text(settings)

    def commands(self, site: Site) -> Sequence[Sequence[str]]:
        jar = Path(site.binary("zookeeper.jar"))
        return [
            [
                *(site.binary("java"), "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
                *("-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS"),
                *("-cp", f"{jar}:{jar.parent}/slf4j-simple.jar", "org.apache.zookeeper.server.quorum.QuorumPeerMain"),
                str(site.directory / "zoo.cfg"),
            ]
        ]

    def ready(self, site: Site) -> bool:
        return self.role(site) in ("leader", "follower")

    def role(self, site: Site) -> str:
        """What it calls its mode, "" while it does not serve."""
        end = site.connect(PORT)
        with end, end.makefile("rb") as answer:
            end.sendall(b"srvr")
            lines = answer.read().decode(errors="replace").splitlines()
        return next((line.removeprefix("Mode: ") for line in lines if line.startswith("Mode: ")), "")

    def set_up(self, site: Site) -> None:
        session = Session(site.connect(PORT))
        for path in (REGISTERS, ELEMENTS):
            session.create(path, b"")
        session.close()

    def connect(self, site: Site) -> Connection:
        return Client(site)

    def differences(self, sites: Sequence[Site]) -> str:
        """Servers that have caught up with the leader must hold the same nodes, made by the same transactions."""
        held = {site.name: _everything(site) for site in sites}
        first, expected = next(iter(held.items()))
        for name, found in held.items():
            for path in sorted(expected.keys() | found.keys()):
                if found.get(path) != expected.get(path):
                    return f"{name} has {found.get(path)} at {path}, {first} {expected.get(path)}"
        return ""


class Client:
    """A session with one server."""

    def __init__(self, site: Site) -> None:
        self._sync = site.options.get("reads") == "sync"
        self._session = Session(site.connect(PORT))

    def close(self) -> None:
        self._session.close()

    def invoke(self, op: Invocation) -> Value:
        path = f"{REGISTERS}/{op.key}"
        match op.f, op.input:
            case "read", _ if op.key is None:
                return self._elements()
            case "read", _:
                return self._value(path)[0]
            case "write", value:
                self._write(path, json.dumps(value).encode())
                return None
            case "cas", (old, new):
                return self._compare_and_set(path, old, json.dumps(new).encode())
            case "add", element:
                self._session.create(f"{ELEMENTS}/{element}", b"")
                return None
        raise Refused(f"ZooKeeper is not asked for {op.f}")

    def _elements(self) -> Value:
        if self._sync:
            self._session.sync(ELEMENTS)
        return tuple(sorted(int(name) for name in self._session.children(ELEMENTS)))

    def _value(self, path: str) -> tuple[Value, int]:
        """What the server has there, and its version; None and -1 if there is nothing."""
        if self._sync:
            self._session.sync(path)
        try:
            data, facts = self._session.get(path)
        except ErrorCode as error:
            if error.code == NO_NODE:
                return None, -1
            raise
        return json.loads(data), facts.version

    def _write(self, path: str, data: bytes) -> None:
        """Set what is there, or make it. Nothing is ever removed: what exists once does so for good."""
        if self._succeeds(NO_NODE, lambda: self._session.set(path, data, ANY_VERSION)):
            return
        if not self._succeeds(NODE_EXISTS, lambda: self._session.create(path, data)):
            self._session.set(path, data, ANY_VERSION)

    def _compare_and_set(self, path: str, old: Value, data: bytes) -> bool:
        """Set what is there if it still has the version in which the old value was seen: each value is written once."""
        value, version = self._value(path)
        if value != old:
            return False
        if old is None:
            return self._succeeds(NODE_EXISTS, lambda: self._session.create(path, data))
        return self._succeeds(BAD_VERSION, lambda: self._session.set(path, data, version))

    def _succeeds(self, but: int, ask: Callable[[], None]) -> bool:
        """Whether it was done, False if the server refused it with that code."""
        try:
            ask()
        except ErrorCode as error:
            if error.code == but:
                return False
            raise
        return True


def _everything(site: Site) -> Mapping[str, object]:
    """All nodes that clients have made, with the transactions that made and changed them."""
    session = Session(site.connect(PORT))
    try:
        session.sync("/")
        paths = [f"{parent}/{name}" for parent in (REGISTERS, ELEMENTS) for name in session.children(parent)]
        return {path: session.get(path) for path in paths}
    finally:
        session.close()


system = external(
    "zookeeper",
    "tree of nodes on atomic broadcast (ZooKeeper 3.8)",
    ZooKeeper(),
    note="a majority of servers must be up and connected; plain reads may be stale, as ZooKeeper documents",
    workloads=("register", "readers", "set"),
    options={"reads": ("plain", "sync")},
)
