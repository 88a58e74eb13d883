"""Clients that each have a server of their own, which they ask until it answers: for systems that need no leader."""

from typing import Final, cast

from ..histories.event import Invocation
from .node import ClientNode, Context, Message
from .replicated import Data

RETRY_INTERVAL: Final = 200_000_000
"""How long a client waits for an answer before it asks again (nanoseconds)."""


class Ask(Message):
    """Do `f`. `number` grows with every operation of a client; repetitions have the same."""

    number: int
    f: str
    key: Data
    value: Data


class Answer(Message):
    """It is done, and gave `output`."""

    number: int
    output: Data


class Client(ClientNode):
    """Goes to the same server always. An operation whose input is the name of a server goes to that one."""

    def __init__(self, servers: tuple[str, ...]) -> None:
        self.servers = servers
        self.op: Invocation | None = None
        self.asked: tuple[str, Ask] | None = None

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        self.op = op
        server = str(op.input) if op.input in self.servers else self.servers[int(ctx.id[1:]) % len(self.servers)]
        self.asked = server, Ask(op.operation, op.f, cast("Data", op.key), cast("Data", op.input))
        self.on_timer_retry(ctx)

    def on_timer_retry(self, ctx: Context) -> None:
        if self.asked is not None:
            ctx.send(*self.asked)
            ctx.set_timer("retry", RETRY_INTERVAL)

    def on_Answer(self, ctx: Context, src: str, msg: Answer) -> None:
        if self.op is not None and msg.number == self.op.operation:
            ctx.cancel_timer("retry")
            ctx.complete(self.op, "ok", msg.output)
            self.op = self.asked = None
