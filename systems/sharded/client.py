"""The client: it knows which group to ask from the shard master, and asks the master again when that is wrong."""

from collections.abc import Mapping, Sequence

from ...histories.event import Invocation
from ..key_value import NotLeader, Reply, Request, request_of
from ..node import ClientNode, Context, Message
from .configuration import FIRST, Configuration, shard_of
from .messages import MOVED, NEWEST, RETRY, Ask, Done, NotServed, Order

ORDERS = frozenset({"join", "leave", "move", "query"})


class ShardClient(ClientNode):
    """Asks until it is answered. `groups` are the servers by the name of their group, for who orders one to join.

    Operations: those of systems/key_value.py and, for the shard master, `join` and `leave` (input: a group), `move`
    (input: shard, group) and `query` (input: the number of a configuration).
    """

    def __init__(self, masters: Sequence[str], groups: Mapping[str, Sequence[str]]) -> None:
        self.masters = tuple(masters)
        self.groups = {name: tuple(servers) for name, servers in groups.items()}
        self.configuration = FIRST
        self.leaders: dict[tuple[str, ...], str] = {}
        """Who leads, as far as the client knows, by all servers of the group."""
        self.op: Invocation | None = None
        self.request: Message | None = None

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        self.op = op
        self.request = self.request_for(op)
        self.ask(ctx)

    def request_for(self, op: Invocation) -> Message:
        """The operation as a message, whose `number` is that of the operation."""
        return self.order(op) if op.f in ORDERS else request_of(op)

    def order(self, op: Invocation) -> Order:
        """The operation as an order to the shard master."""
        if op.f == "join":
            group = str(op.input)
            return Order(op.operation, op.f, (group, self.groups[group]))
        return Order(op.operation, op.f, op.input)  # type: ignore[arg-type]

    def servers(self) -> tuple[str, ...]:
        """Those that the open request is for, none if it is not known who owns its shard."""
        if isinstance(self.request, Request):
            return self.configuration.servers(self.configuration.owners[shard_of(self.request.key)])
        return self.masters

    def ask(self, ctx: Context) -> None:
        """Send the open request, if there is one, and ask again if no answer comes in time."""
        if self.request is None:
            return
        servers = self.servers()
        if servers:
            ctx.send(self.leaders.setdefault(servers, servers[0]), self.request)
        else:
            self.refresh(ctx)
        ctx.set_timer("retry", RETRY)

    def refresh(self, ctx: Context) -> None:
        """Ask for the newest configuration."""
        ctx.send(ctx.random.choice(self.masters), Ask(NEWEST))

    def on_timer_retry(self, ctx: Context) -> None:
        servers = self.servers()
        if servers:
            asked = self.leaders.get(servers, servers[0])
            self.leaders[servers] = servers[(servers.index(asked) + 1) % len(servers)]
        self.refresh(ctx)
        self.ask(ctx)

    def on_timer_moved(self, ctx: Context) -> None:
        self.ask(ctx)

    def on_Reply(self, ctx: Context, src: str, msg: Reply) -> None:
        self.finish(ctx, msg.number, msg.output)

    def on_Done(self, ctx: Context, src: str, msg: Done) -> None:
        self.finish(ctx, msg.number, msg.output)

    def finish(self, ctx: Context, number: int, output: object) -> None:
        """Complete the open operation, if this is the answer to it."""
        if self.op is not None and self.is_open(number):
            ctx.complete(self.op, "ok", output)  # type: ignore[arg-type]
            ctx.cancel_timer("retry")
            ctx.cancel_timer("moved")
            self.op = self.request = None

    def is_open(self, number: int) -> bool:
        """Whether this is the number of the open operation."""
        return self.op is not None and self.op.operation == number

    def on_NotLeader(self, ctx: Context, src: str, msg: NotLeader) -> None:
        servers = self.servers()
        asked = self.is_open(msg.number) and src == self.leaders.get(servers)
        if asked and msg.leader is not None and msg.leader != src:
            self.leaders[servers] = msg.leader
            self.ask(ctx)

    def on_NotServed(self, ctx: Context, src: str, msg: NotServed) -> None:
        if self.is_open(msg.number):
            self.refresh(ctx)
            ctx.set_timer("moved", MOVED)

    def on_Configuration(self, ctx: Context, src: str, msg: Configuration) -> None:
        if msg.number > self.configuration.number:
            before = self.servers()
            self.configuration = msg
            if self.servers() != before:
                self.ask(ctx)
