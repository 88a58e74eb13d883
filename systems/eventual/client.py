"""The client: asks a server until it is answered, and carries what it has seen."""

from typing import Final, cast

from ...histories.event import Invocation
from ..node import ClientNode, Context
from ..replicated import Data, Scalar
from .messages import NEVER, Answer, Ask, Seen, Stamp

RETRY_INTERVAL: Final = 100_000_000
"""How long a client waits for an answer before it asks again (nanoseconds)."""


class Client(ClientNode):
    """Goes to its own server, or with `roams` to one by chance for each operation.

    A `read` whose input is the name of a server goes to that one.
    """

    def __init__(self, servers: tuple[str, ...], *, roams: bool = False) -> None:
        self.servers = servers
        self.roams = roams
        self.seen: dict[Scalar, Stamp] = {}
        """The newest stamp of each key that it has read or written."""
        self.op: Invocation | None = None
        self.asked: tuple[str, Ask] | None = None

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        self.op = op
        key = cast("Scalar", op.key)
        self.asked = self.server(ctx, op), Ask(op.operation, op.f, key, cast("Data", op.input), self.context())
        self.on_timer_retry(ctx)

    def server(self, ctx: Context, op: Invocation) -> str:
        """Where the operation goes."""
        if op.f == "read" and op.input in self.servers:
            return str(op.input)
        return ctx.random.choice(self.servers) if self.roams else self.servers[int(ctx.id[1:]) % len(self.servers)]

    def context(self) -> tuple[Seen, ...]:
        """What the client depends on."""
        return tuple(Seen(key, stamp) for key, stamp in self.seen.items())

    def on_timer_retry(self, ctx: Context) -> None:
        if self.asked is not None:
            ctx.send(*self.asked)
            ctx.set_timer("retry", RETRY_INTERVAL)

    def on_Answer(self, ctx: Context, src: str, msg: Answer) -> None:
        if self.op is None or msg.number != self.op.operation:
            return
        for seen in msg.seen:
            self.see(seen)
        ctx.cancel_timer("retry")
        ctx.complete(self.op, "ok", msg.output)
        self.op = self.asked = None

    def see(self, seen: Seen) -> None:
        """Remember what the client has seen, if it is newer."""
        before = self.seen.get(seen.key, NEVER)
        if (seen.stamp.count, seen.stamp.node) > (before.count, before.node):
            self.seen[seen.key] = seen.stamp
