"""The client: asks a node for a snapshot."""

from ...histories.event import Invocation
from ...histories.operation import Value
from ..node import ClientNode, Context
from .messages import Begin, Part, Picture


class Client(ClientNode):
    """`snapshot` answers the parts of all nodes: name, tokens, sent, received, and what was on its way."""

    def __init__(self, servers: tuple[str, ...]) -> None:
        self.servers = servers
        self.op: Invocation | None = None

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        self.op = op
        ctx.send(ctx.random.choice(self.servers), Begin(op.operation))

    def on_Picture(self, ctx: Context, src: str, msg: Picture) -> None:
        if self.op is not None and msg.number == self.op.operation:
            ctx.complete(self.op, "ok", tuple(plain(part) for part in msg.parts))
            self.op = None


def plain(part: Part) -> Value:
    """The part as a value."""
    return part.node, part.tokens, part.sent, part.received, part.channels
