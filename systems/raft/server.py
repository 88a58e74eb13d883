"""A server of the key-value service: the store, and the replica that keeps it in step with the others."""

from collections.abc import Callable, Sequence

from ..key_value import LOG, Command, KeyValueServer, Reply, Store
from ..node import Context
from ..replicated import Scalar
from .replica import RaftReplica

READS = ("read", "get")


class RaftStore(Store):
    """The store, to which a change of the members is a command without effect."""

    def execute(self, f: str, key: Scalar, value: Scalar, expected: Scalar) -> Scalar:
        """Carry out an operation and give its output, past the duplicate table."""
        return None if f in ("join", "leave") else super().execute(f, key, value, expected)


class Server(KeyValueServer):
    """The store, replicated by Raft. `peers` are the first members of the group."""

    def __init__(
        self, peers: Sequence[str], replica: type[RaftReplica] = RaftReplica, store: Callable[[], Store] = RaftStore
    ) -> None:
        super().__init__()
        self.store = store()
        self.replica: RaftReplica = replica(peers, self.store, self)
        self.subnodes = {LOG: self.replica}

    def role(self) -> str:
        return self.replica.role()

    def agree(self, ctx: Context, command: Command) -> bool:
        """Reads need no entry in the log; `join`, `leave` and `transfer` say which server is meant."""
        client, number, f, _, server, _ = command
        inner = ctx.sub(LOG)
        if f in READS:
            return self.replica.read(inner, command)
        if f == "transfer":
            if taken := self.replica.transfer(inner, str(server)):
                ctx.send(client, Reply(number, None))
            return taken
        if f in ("join", "leave"):
            members = self.replica.log.members
            others = tuple(member for member in members if member != server)
            changed = others if f == "leave" else (*others, str(server))
            if changed and len(changed) != len(members):
                return self.replica.reconfigure(inner, command, changed)
        return super().agree(ctx, command)

    def readable(self, ctx: Context, request: Command) -> None:
        """Answer a read from the store."""
        client, number, f, key, *_ = request
        ctx.send(client, Reply(number, self.store.execute(f, key, None, None)))
