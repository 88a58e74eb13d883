"""A server on PySyncObj: registers and a set, replicated by its Raft, asked in JSON lines over TCP.

    python -m splitbrain.systems.external.pysyncobj_server ADDRESS PORT JOURNAL ADDRESS:PORT...

The last arguments are the places of all members of the cluster for each other, this one's first. JOURNAL is the file of
its log, "" for none. Each line is [f, key, input, local]; the answer is ["ok", output] or [outcome, what went wrong].
"""

import json
import socketserver
import sys
from typing import Any

from pysyncobj import FAIL_REASON, SyncObj, SyncObjConf, SyncObjException, replicated  # type: ignore[import-untyped]

PATIENCE = 1.8
"""Seconds that the cluster has to carry out an operation."""
NOT_DONE = (FAIL_REASON.QUEUE_FULL, FAIL_REASON.MISSING_LEADER, FAIL_REASON.REQUEST_DENIED)
"""After these an operation never happens. After others it may have happened, or still does."""


class Store(SyncObj):  # type: ignore[misc]
    """The replicated state."""

    def __init__(self, me: str, others: list[str], journal: str) -> None:
        self.registers: dict[str, Any] = {}
        self.elements: set[int] = set()
        further: dict[str, Any] = {"journalFile": journal, "flushJournal": True} if journal else {}
        super().__init__(
            me,
            others,
            SyncObjConf(raftMinTimeout=0.4, raftMaxTimeout=1.4, appendEntriesPeriod=0.05, bindAddress=me, **further),
        )

    def look(self, key: str | None) -> Any:
        """What this member has: a register, or all elements."""
        return sorted(self.elements) if key is None else self.registers.get(key)

    @replicated  # type: ignore[untyped-decorator]
    def read(self, key: str | None, given: None) -> Any:
        return self.look(key)

    @replicated  # type: ignore[untyped-decorator]
    def write(self, key: str, given: Any) -> None:
        self.registers[key] = given

    @replicated  # type: ignore[untyped-decorator]
    def cas(self, key: str, given: list[Any]) -> bool:
        if self.registers.get(key) != given[0]:
            return False
        self.registers[key] = given[1]
        return True

    @replicated  # type: ignore[untyped-decorator]
    def add(self, key: None, given: int) -> None:
        self.elements.add(given)


class Handler(socketserver.StreamRequestHandler):
    """A connection of a client."""

    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(json.dumps(answer(*json.loads(line))).encode() + b"\n")


def answer(f: str, key: str | None, given: Any, local: bool) -> list[Any]:
    """Carry out an operation, and say what came of it."""
    if f == "role":
        leader = store._getLeader()
        return ["ok", "" if leader is None else "leader" if store._isLeader() else "follower"]
    if local and f == "read":
        return ["ok", store.look(key)]
    try:
        return ["ok", getattr(store, f)(key, given, sync=True, timeout=PATIENCE)]
    except SyncObjException as error:
        return ["fail" if error.errorCode in NOT_DONE else "info", f"PySyncObj: {error.errorCode}"]


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    address, port, journal, *members = sys.argv[1:]
    store = Store(members[0], members[1:], journal)
    Server((address, int(port)), Handler).serve_forever()
