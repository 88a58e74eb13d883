"""The messages and the nodes of ping-pong."""

from ...histories.event import Invocation
from ..node import ClientNode, Context, Message, Node

RETRY = 20_000_000
"""How long a client waits for an answer before it asks again, nanoseconds."""


class Ping(Message, frozen=True):
    """A request: send this number back. `request` tells it apart from all others of the same client."""

    request: int
    number: int


class Pong(Message, frozen=True):
    """The answer to the ping of the same request."""

    request: int
    number: int


class Server(Node):
    """Answers every ping. It has no state, so it may be killed at any time."""

    def on_Ping(self, ctx: Context, src: str, msg: Ping) -> None:
        ctx.send(src, Pong(request=msg.request, number=msg.number))


class Client(ClientNode):
    """Asks one server, and after a while another, until somebody answers."""

    def __init__(self, servers: tuple[str, ...]) -> None:
        self.servers = servers
        self.op: Invocation | None = None

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        self.op = op
        self.ask(ctx, op)

    def on_timer_retry(self, ctx: Context) -> None:
        if self.op is not None:
            self.ask(ctx, self.op)

    def on_Pong(self, ctx: Context, src: str, msg: Pong) -> None:
        if self.op is not None and self.answers(msg, self.op):
            ctx.cancel_timer("retry")
            ctx.complete(self.op, "ok", msg.number)
            self.op = None

    def ask(self, ctx: Context, op: Invocation) -> None:
        """Send the operation to a server and wait for a while."""
        assert isinstance(op.input, int)
        ctx.send(ctx.random.choice(self.servers), Ping(request=op.operation, number=op.input))
        ctx.set_timer("retry", RETRY)

    def answers(self, pong: Pong, op: Invocation) -> bool:
        """Whether the pong answers this operation, not one that was asked before."""
        return pong.request == op.operation
