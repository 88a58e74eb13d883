"""ovsdb-server: the database of Open vSwitch, on Raft, asked in JSON-RPC (RFC 7047)."""

import json
import subprocess
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from ...errors import ContractError
from ...histories.event import Invocation
from ...histories.operation import Value
from ..database import Connection, Database, Program, Refused, Site, Unknown
from .declare import external, unequal

CLIENTS, PEERS = 6640, 6644
NAME = "splitbrain"
INSTALL = "install Open vSwitch's database (Debian: openvswitch-switch)"
SCHEMA = {
    "name": NAME,
    "version": "1.0.0",
    "tables": {
        "register": {"columns": {"key": {"type": "string"}, "value": {"type": "integer"}}, "indexes": [["key"]]},
        "element": {"columns": {"number": {"type": "integer"}}},
        "tick": {"columns": {"number": {"type": "integer"}}},
    },
}
for table in SCHEMA["tables"].values():  # type: ignore[attr-defined]
    table["isRoot"] = True
TICK = {"op": "insert", "table": "tick", "row": {"number": 1}}
CLEAR = {"op": "delete", "table": "tick", "where": []}


class Ovsdb(Database):
    """Servers of one clustered database. Any of them answers reads from what it has."""

    programs = MappingProxyType(
        {
            "ovsdb-server": Program(install=INSTALL, places=("/usr/sbin/ovsdb-server",)),
            "ovsdb-tool": Program(install=INSTALL, version=()),
        }
    )

    def prepare(self, site: Site) -> None:
        """A database file of its own: the first server founds the cluster, the others join it."""
        mine = f"tcp:{site.address}:{PEERS}"
        file = str(site.directory / "db")
        if site.first:
            schema = site.directory / "schema"
            schema.write_text(json.dumps(SCHEMA))
            _run(site.binary("ovsdb-tool"), "--election-timer=1000", "create-cluster", file, str(schema), mine)
        else:
            founder = f"tcp:{next(iter(site.addresses.values()))}:{PEERS}"
            _run(site.binary("ovsdb-tool"), "join-cluster", file, NAME, mine, founder)

    def commands(self, site: Site) -> Sequence[Sequence[str]]:
        control = f"--unixctl={site.directory / 'control'}"
        remote = f"--remote=ptcp:{CLIENTS}:{site.address}"
        return [[site.binary("ovsdb-server"), str(site.directory / "db"), remote, control, "--no-chdir"]]

    def ready(self, site: Site) -> bool:
        return bool(Session(site).itself().get("connected"))

    def role(self, site: Site) -> str:
        return "leader" if Session(site).itself().get("leader") else "follower"

    def connect(self, site: Site) -> Connection:
        return Session(site)

    def differences(self, sites: Sequence[Site]) -> str:
        return unequal(sites, lambda site: Session(site).everything())


class Session:
    """A connection to one server."""

    def __init__(self, site: Site) -> None:
        self._local = site.options.get("reads") == "local"
        self._socket = site.connect(CLIENTS)
        self._heard = ""
        self._count = 0

    def close(self) -> None:
        self._socket.close()

    def invoke(self, op: Invocation) -> Value:
        where = [["key", "==", str(op.key)]]
        match op.f, op.input:
            case "read", _ if op.key is None:
                return tuple(sorted(row["number"] for row in self._read("element", [], ["number"])))
            case "read", _:
                return next((row["value"] for row in self._read("register", where, ["value"])), None)
            case "write", value:
                self._transact(
                    {"op": "delete", "table": "register", "where": where},
                    {"op": "insert", "table": "register", "row": {"key": str(op.key), "value": value}},
                )
                return None
            case "cas", (old, new):
                return self._compare_and_set(str(op.key), old, new)
            case "add", element:
                self._transact({"op": "insert", "table": "element", "row": {"number": element}})
                return None
            case _:
                raise Refused(f"ovsdb does not know {op.f}")

    def itself(self) -> dict[str, Any]:
        """What the server knows of its part in the cluster."""
        columns = ["connected", "leader"]
        select = {"op": "select", "table": "Database", "where": [["name", "==", NAME]], "columns": columns}
        rows = self._ask("_Server", select)[0]["rows"]
        return rows[0] if rows else {}

    def everything(self) -> Value:
        """All registers and elements that the server has."""
        registers = self._ask(NAME, _select("register", [], ["key", "value"]))[0]["rows"]
        elements = self._ask(NAME, _select("element", [], ["number"]))[0]["rows"]
        return (
            tuple(sorted((row["key"], row["value"]) for row in registers)),
            tuple(sorted(row["number"] for row in elements)),
        )

    def _read(self, table: str, where: list[Any], columns: list[str]) -> list[dict[str, Any]]:
        """Select rows: what this server has or, in a transaction that writes, what the cluster agrees on."""
        select = _select(table, where, columns)
        found = self._ask(NAME, select) if self._local else self._transact(select, CLEAR, TICK)
        rows: list[dict[str, Any]] = found[0]["rows"]
        return rows

    def _compare_and_set(self, key: str, old: Value, new: Value) -> bool:
        where = [["key", "==", key]]
        rows = [] if old is None else [{"value": old}]
        wait = {"op": "wait", "table": "register", "where": where, "columns": ["value"], "until": "==", "rows": rows}
        put: dict[str, Any] = {"op": "insert", "table": "register", "row": {"key": key, "value": new}}
        if old is not None:
            put = {"op": "update", "table": "register", "where": where, "row": {"value": new}}
        answer = self._ask(NAME, {**wait, "timeout": 0}, put)
        if any(one and one.get("error") == "timed out" for one in answer):
            # This server compared with what it has, and asked nobody. What the cluster has decides.
            found = self._transact(_select("register", where, ["value"]), CLEAR, TICK)[0]["rows"]
            if found == rows:
                raise Refused("another value, as this server sees it")
            return False
        return bool(_sound(answer))

    def _transact(self, *operations: dict[str, Any]) -> list[Any]:
        return _sound(self._ask(NAME, *operations))

    def _ask(self, database: str, *operations: dict[str, Any]) -> list[Any]:
        """The results of a transaction. Raises Unknown or OSError if there is no answer."""
        self._count += 1
        self._send({"method": "transact", "params": [database, *operations], "id": self._count})
        while True:
            said = self._hear()
            if said.get("method") == "echo":
                self._send({"result": said["params"], "error": None, "id": said["id"]})
            elif said.get("id") == self._count:
                if said.get("error") is not None:
                    raise Unknown(str(said["error"]))
                results: list[Any] = said["result"]
                return results

    def _send(self, message: dict[str, Any]) -> None:
        self._socket.sendall(json.dumps(message).encode())

    def _hear(self) -> dict[str, Any]:
        """The next message: objects follow each other without anything between them."""
        while True:
            try:
                message, end = json.JSONDecoder().raw_decode(self._heard)
            except ValueError:
                data = self._socket.recv(1 << 20)
                if not data:
                    raise Unknown("the connection has ended") from None
                self._heard += data.decode()
            else:
                self._heard = self._heard[end:]
                found: dict[str, Any] = message
                return found


def _select(table: str, where: list[Any], columns: list[str]) -> dict[str, Any]:
    return {"op": "select", "table": table, "where": where, "columns": columns}


def _sound(answer: list[Any]) -> list[Any]:
    """The results, if none of them is an error. What Raft says of a transaction may still come true."""
    for one in answer:
        if one and "error" in one:
            raise Unknown(f"{one['error']}: {one.get('details', '')}")
    return answer


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ContractError(f"{command[0]}: {done.stderr.strip()}")


system = external(
    "ovsdb",
    "the database of Open vSwitch, on Raft",
    Ovsdb(),
    note="a majority of servers must be up and connected; reads that write nothing are answered by one server alone",
    workloads=("register", "set"),
    options={"reads": ("with-write", "local")},
)
