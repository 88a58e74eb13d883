"""PySyncObj: Raft as a Python library, in a small server of ours (pysyncobj_server.py)."""

import importlib.util
import json
import os
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ...errors import UsageError
from ...histories.event import Invocation
from ...histories.operation import Value
from ...histories.value import to_value
from ..database import Connection, Database, Program, Refused, Site, Unknown
from ..system import Tolerance
from .declare import external, unequal

CLIENTS, PEERS = 7000, 7001


class PySyncObj(Database):
    """Servers with a replicated state, which is lost with its process unless there is a journal."""

    programs: Mapping[str, Program] = MappingProxyType({})

    def prepare(self, site: Site) -> None:
        if importlib.util.find_spec("pysyncobj") is None:
            raise UsageError("there is no pysyncobj here: pip install pysyncobj")

    def commands(self, site: Site) -> Sequence[Sequence[str]]:
        members = [f"{one.address}:{PEERS}" for one in (site, *site.others)]
        journal = str(site.directory / "journal") if site.options.get("journal") == "yes" else ""
        module = f"{__package__}.pysyncobj_server"
        return [[sys.executable, "-m", module, site.address, str(CLIENTS), journal, *members]]

    def environment(self, site: Site) -> Mapping[str, str]:
        return {"PYTHONPATH": os.pathsep.join(os.path.abspath(entry) for entry in sys.path)}

    def ready(self, site: Site) -> bool:
        return self.role(site) != ""

    def role(self, site: Site) -> str:
        return str(Client(site).ask("role", None, None))

    def connect(self, site: Site) -> Connection:
        return Client(site)

    def differences(self, sites: Sequence[Site]) -> str:
        return unequal(sites, lambda site: Client(site).ask("read", None, None, local=True))


class Client:
    """A connection to one server."""

    def __init__(self, site: Site) -> None:
        self._local = site.options.get("reads") == "local"
        self._socket = site.connect(CLIENTS)
        self._file = self._socket.makefile("rw")

    def close(self) -> None:
        self._socket.close()

    def invoke(self, op: Invocation) -> Value:
        return self.ask(op.f, op.key, op.input, local=self._local)

    def ask(self, f: str, key: Value, given: Value, *, local: bool = False) -> Value:
        """The answer of the server. Raises Refused or Unknown as the server says, OSError if it says nothing."""
        print(json.dumps([f, key, given, local]), file=self._file, flush=True)
        line = self._file.readline()
        if not line:
            raise Unknown("the connection has ended")
        outcome, output = json.loads(line)
        if outcome != "ok":
            raise (Refused if outcome == "fail" else Unknown)(str(output))
        return to_value(output)


system = external(
    "pysyncobj",
    "Raft as a Python library (PySyncObj)",
    PySyncObj(),
    note="with a journal all servers may be killed; without one a killed server forgets what it promised",
    workloads=("register", "set"),
    options={"journal": ("yes", "no"), "reads": ("replicated", "local")},
    tolerance=Tolerance(kill=3, pause=1),
    defaults={"rate": 60},
)
