"""A key-value service on any replicated state machine: the store, the server's side towards clients, and the client."""

from collections.abc import Sequence
from typing import TypeAlias

from ..histories.event import Invocation
from ..histories.operation import Value
from .node import ClientNode, Context, Message, Node
from .replicated import Replica, Scalar

RETRY_INTERVAL = 100_000_000
"""How long a client waits for an answer before it asks the next server (nanoseconds)."""

LOG = "log"
"""The name of the nested node that replicates the store."""

Command: TypeAlias = tuple[str, int, str, Scalar, Scalar, Scalar]
"""Client, number of its request, f, key, value, expected value."""

Snapshot: TypeAlias = tuple[tuple[tuple[Scalar, Scalar], ...], tuple[tuple[str, int, Scalar], ...]]
"""The values by key, and the last reply to each client."""


class Request(Message):
    """Do `f` on `key`, at most once. `number` grows with every operation of a client."""

    number: int
    f: str
    key: Scalar
    value: Scalar = None
    expected: Scalar = None


class Reply(Message):
    """The request took effect, and gave `output`."""

    number: int
    output: Scalar


class NotLeader(Message):
    """The request came to a server that does not lead, and was not looked at. `leader` is who may."""

    number: int
    leader: str | None


class Store:
    """Values by key, and the duplicate table: the reply to the newest request of each client.

    Clients have one request open at a time, and number them upwards, so that one reply for each is enough to carry out
    every request at most once.
    """

    def __init__(self) -> None:
        self.data: dict[Scalar, Scalar] = {}
        self.replies: dict[str, Reply] = {}

    def newest(self, client: str) -> int:
        """The number of the newest request of the client that was carried out, -1 if there is none."""
        reply = self.replies.get(client)
        return -1 if reply is None else reply.number

    def apply(self, command: Command) -> Scalar:
        """Carry out the command, unless it was carried out before or its client has gone on to a newer one."""
        client, number, f, key, value, expected = command
        if number > self.newest(client):
            self.replies[client] = Reply(number, self.execute(f, key, value, expected))
        return self.replies[client].output

    def execute(self, f: str, key: Scalar, value: Scalar, expected: Scalar) -> Scalar:
        """Carry out an operation and give its output, past the duplicate table."""
        match f:
            case "read":
                return self.data.get(key)
            case "write":
                self.data[key] = value
                return None
            case "cas":
                if self.data.get(key) != expected:
                    return False
                self.data[key] = value
                return True
            case "get":
                return self.data.get(key, "")
            case "put":
                self.data[key] = value
                return None
            case "append":
                self.data[key] = appended = f"{self.data.get(key, '')}{value}"
                return appended
        raise ValueError(f"the store has no operation {f}")

    def snapshot(self) -> Snapshot:
        """The values and the duplicate table."""
        replies = tuple((client, reply.number, reply.output) for client, reply in self.replies.items())
        return tuple(self.data.items()), replies

    def restore(self, snapshot: Snapshot) -> None:
        """Take over a snapshot, and forget the rest."""
        data, replies = snapshot
        self.data = dict(data)
        self.replies = {client: Reply(number, output) for client, number, output in replies}


class KeyValueServer(Node):
    """The server's side towards the clients. Subclasses set `replica`, nested under the name LOG."""

    replica: Replica

    def __init__(self) -> None:
        self.store = Store()

    def on_Request(self, ctx: Context, src: str, msg: Request) -> None:
        reply = self.store.replies.get(src)
        if reply is not None and reply.number >= msg.number:
            if reply.number == msg.number:
                ctx.send(src, reply)
        elif not self.replica.propose(ctx.sub(LOG), command_of(src, msg)):
            ctx.send(src, NotLeader(msg.number, self.replica.leader))

    def applied(self, ctx: Context, command: Command, output: Scalar) -> None:
        """Have the leader answer the client, unless it has gone on to a newer request."""
        if self.replica.leader == ctx.id:
            client, number, *_ = command
            reply = self.store.replies[client]
            if reply.number == number:
                ctx.send(client, reply)


class KeyValueClient(ClientNode):
    """Asks the server that it takes for the leader until it is answered, and the next one if that takes too long."""

    def __init__(self, servers: Sequence[str]) -> None:
        self.servers = tuple(servers)
        self.server = self.servers[0]
        self.op: Invocation | None = None
        self.request: Request | None = None

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        self.op, self.request = op, request_of(op)
        self.ask(ctx)

    def on_Reply(self, ctx: Context, src: str, msg: Reply) -> None:
        if self.op is not None and msg.number == self.op.operation:
            self.server = src
            ctx.complete(self.op, "ok", msg.output)
            ctx.cancel_timer("retry")
            self.op = self.request = None

    def on_NotLeader(self, ctx: Context, src: str, msg: NotLeader) -> None:
        asked = self.request is not None and self.request.number == msg.number and src == self.server
        if asked and msg.leader is not None and msg.leader != src:
            self.server = msg.leader
            self.ask(ctx)

    def on_timer_retry(self, ctx: Context) -> None:
        self.server = self.servers[(self.servers.index(self.server) + 1) % len(self.servers)]
        self.ask(ctx)

    def ask(self, ctx: Context) -> None:
        """Send the open request, if there is one, and ask again if no answer comes in time."""
        if self.request is not None:
            ctx.send(self.server, self.request)
            ctx.set_timer("retry", RETRY_INTERVAL)


def command_of(client: str, request: Request) -> Command:
    """The request as a command of the store."""
    return client, request.number, request.f, request.key, request.value, request.expected


def request_of(op: Invocation) -> Request:
    """The operation as a message: a compare-and-set has the input (expected, new), all others one value or none."""
    if op.f == "cas":
        assert isinstance(op.input, tuple)
        expected, new = op.input
        return Request(op.operation, op.f, scalar(op.key), scalar(new), scalar(expected))
    return Request(op.operation, op.f, scalar(op.key), scalar(op.input))


def scalar(value: Value) -> Scalar:
    """The value itself. Raises TypeError if it is not a scalar, which the store does not take."""
    if isinstance(value, tuple):
        raise TypeError(f"the store takes scalars only, not {value!r}")
    return value
