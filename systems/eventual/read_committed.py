"""Read-committed transactions that are always available, on the store in which the last writer wins.

Bailis et al., "Highly available transactions: virtues and limitations" (VLDB 2014), section 5.1.1: clients buffer what
they write until they commit, so that nobody reads what is aborted or replaced later in the same transaction; and all
that a transaction writes has one stamp, so that any two transactions are ordered alike on all keys. Nothing is asked
of two servers at once: every client goes on as long as it reaches its own.
"""

from typing import Final, TypeAlias, cast

from ...histories.event import Invocation
from ..node import ClientNode, Context
from ..replicated import Data, Scalar
from .client import RETRY_INTERVAL
from .last_writer import LastWriter
from .messages import Answer, Ask, Commit

REQUESTS: Final = 1000
"""More requests than a transaction has."""

Step: TypeAlias = tuple[str, Scalar, Data]
"""`read` a key (the third is None, or the server that is to be asked), `write` a value to it, or `abort`."""


class ReadCommitted(LastWriter):
    """One of the servers."""

    def on_Commit(self, ctx: Context, src: str, msg: Commit) -> None:
        self.write(ctx, src, msg.number, msg.writes)
        ctx.send(src, Answer(msg.number, None))


class Transactions(ClientNode):
    """The client: carries out the steps of a `txn` one after another, and answers them with what was read.

    A transaction that aborts fails. One that was read only has nothing to commit.
    """

    def __init__(self, servers: tuple[str, ...], *, roams: bool = False) -> None:
        self.servers = servers
        self.number = 0
        """Of the newest request. Servers know repetitions by it, so it grows over restarts too."""
        self.op: Invocation | None = None
        self.rest: tuple[Step, ...] = ()
        self.done: tuple[Step, ...] = ()
        self.buffer: dict[Scalar, Data] = {}
        """What will be written by the commit."""
        self.request: tuple[str, Ask | Commit] | None = None

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        self.op, self.rest, self.done, self.buffer = op, cast("tuple[Step, ...]", op.input), (), {}
        self.number = op.operation * REQUESTS
        self.go_on(ctx)

    def go_on(self, ctx: Context) -> None:
        """Carry out steps until a server has to be asked."""
        while self.rest:
            f, key, value = self.rest[0]
            if f == "abort":
                self.finish(ctx, aborted=True)
                return
            if f == "write":
                self.write(ctx, key, value)
                self.step(value)
            elif key in self.buffer:
                self.step(self.buffer[key])
            else:
                self.ask(ctx, Ask(self.number + 1, "read", key, None), value)
                return
        if self.buffer:
            self.ask(ctx, Commit(self.number + 1, tuple(self.buffer.items())))
        else:
            self.finish(ctx)

    def write(self, ctx: Context, key: Scalar, value: Data) -> None:
        """Keep the value until the commit."""
        self.buffer[key] = value

    def step(self, value: Data) -> None:
        """The first of the steps that are left is done, with this value."""
        (f, key, _), self.rest = self.rest[0], self.rest[1:]
        self.done = (*self.done, (f, key, value))

    def ask(self, ctx: Context, request: Ask | Commit, server: Data = None) -> None:
        """Send a request until it is answered, to the client's own server if none is named."""
        self.number += 1
        own = self.servers[int(ctx.id[1:]) % len(self.servers)]
        self.request = (own if server is None else str(server)), request
        self.on_timer_retry(ctx)

    def on_timer_retry(self, ctx: Context) -> None:
        if self.request is not None:
            ctx.send(*self.request)
            ctx.set_timer("retry", RETRY_INTERVAL)

    def on_Answer(self, ctx: Context, src: str, msg: Answer) -> None:
        if self.op is None or self.request is None or msg.number != self.request[1].number:
            return
        self.request = None
        ctx.cancel_timer("retry")
        if self.rest:
            self.step(msg.output)
            self.go_on(ctx)
        else:
            self.finish(ctx)

    def finish(self, ctx: Context, *, aborted: bool = False) -> None:
        """Answer the operation."""
        assert self.op is not None
        if aborted:
            ctx.complete(self.op, "fail", error="aborted")
        else:
            ctx.complete(self.op, "ok", self.done)
        self.op = None
