"""The client: has a transaction carried out, and asks until it hears the outcome."""

from typing import Final

from ...histories.event import Invocation
from ..node import ClientNode, Context
from .messages import MANAGER, Begin, Changes, Outcome

RETRY_INTERVAL: Final = 100_000_000
"""How long a client waits for the outcome before it asks again (nanoseconds)."""


class Client(ClientNode):
    """`transfer` has the input (from, to, amount), `read` the numbers of accounts, and answers what they hold.

    A transaction that was aborted fails: it certainly had no effect.
    """

    def __init__(self) -> None:
        self.op: Invocation | None = None
        self.begin: Begin | None = None

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        self.op, self.begin = op, Begin(op.operation, changes_of(op))
        self.on_timer_retry(ctx)

    def on_timer_retry(self, ctx: Context) -> None:
        if self.begin is not None:
            ctx.send(MANAGER, self.begin)
            ctx.set_timer("retry", RETRY_INTERVAL)

    def on_Outcome(self, ctx: Context, src: str, msg: Outcome) -> None:
        if self.op is None or msg.number != self.op.operation:
            return
        ctx.cancel_timer("retry")
        if not msg.committed:
            ctx.complete(self.op, "fail", error="aborted")
        elif self.op.f == "read":
            ctx.complete(self.op, "ok", tuple(balance for _, balance in msg.balances))
        else:
            ctx.complete(self.op, "ok")
        self.op = self.begin = None


def changes_of(op: Invocation) -> Changes:
    """The changes that the operation makes."""
    assert isinstance(op.input, tuple)
    if op.f == "read":
        return tuple((account, 0) for account in op.input if isinstance(account, int))
    source, target, amount = op.input
    assert isinstance(source, int)
    assert isinstance(target, int)
    assert isinstance(amount, int)
    return (source, -amount), (target, amount)
