"""The client: repeats its request until it is answered."""

from typing import Final

from ...histories.event import Invocation
from ..key_value import Reply, Request, request_of
from ..node import ClientNode, Context

SERVER: Final = "s1"
RETRY_INTERVAL: Final = 50_000_000
"""How long a client waits for an answer before it asks again (nanoseconds)."""


class Client(ClientNode):
    """Has one request open at a time, numbered as the operation is. Repetitions carry the same number."""

    def __init__(self) -> None:
        self.op: Invocation | None = None
        self.request: Request | None = None

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        self.op, self.request = op, request_of(op)
        self.on_timer_retry(ctx)

    def on_timer_retry(self, ctx: Context) -> None:
        if self.request is not None:
            ctx.send(SERVER, self.request)
            ctx.set_timer("retry", RETRY_INTERVAL)

    def on_Reply(self, ctx: Context, src: str, msg: Reply) -> None:
        if self.op is not None and self.answers(msg, self.op):
            ctx.cancel_timer("retry")
            ctx.complete(self.op, "ok", msg.output)
            self.op = self.request = None

    def answers(self, reply: Reply, op: Invocation) -> bool:
        """Whether the reply is to this operation, not to one before."""
        return reply.number == op.operation
