"""The client: asks until it is answered, and says "maybe" where it cannot know."""

from typing import Final

from ...histories.event import Invocation
from ..key_value import scalar
from ..node import ClientNode, Context
from .messages import Done, Get, Got, Mismatch, Put

SERVER: Final = "s1"
RETRY_INTERVAL: Final = 50_000_000
"""How long a client waits for an answer before it asks again (nanoseconds)."""


class Client(ClientNode):
    """Has one request open at a time. A put has the input (value, version) and answers whether it took effect."""

    def __init__(self) -> None:
        self.op: Invocation | None = None
        self.request: Get | Put | None = None

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        self.op, self.request = op, request_of(op)
        self.on_timer_retry(ctx)

    def on_timer_retry(self, ctx: Context) -> None:
        if self.request is not None:
            ctx.send(SERVER, self.request)
            ctx.set_timer("retry", RETRY_INTERVAL)

    def on_Got(self, ctx: Context, src: str, msg: Got) -> None:
        if self.op is not None and isinstance(self.request, Get) and msg.number == self.request.number:
            ctx.complete(self.op, "ok", (msg.value, msg.version))
            self.finish(ctx)

    def on_Done(self, ctx: Context, src: str, msg: Done) -> None:
        if self.op is not None and isinstance(self.request, Put) and msg.number == self.request.number:
            ctx.complete(self.op, "ok", True)
            self.finish(ctx)

    def on_Mismatch(self, ctx: Context, src: str, msg: Mismatch) -> None:
        if self.op is not None and isinstance(self.request, Put) and msg.number == self.request.number:
            self.mismatch(ctx, self.op, self.request, msg)
            self.finish(ctx)

    def mismatch(self, ctx: Context, op: Invocation, put: Put, msg: Mismatch) -> None:
        """Answer a put that did not take effect when this copy of it arrived.

        If the current version is the one that it would have written, and somebody else wrote it, no copy of it took
        effect or ever will, since versions only grow. Otherwise it may have been this put that took the version away.
        """
        if msg.version == put.version + 1:
            ctx.complete(op, "ok", False)
        else:
            ctx.complete(op, "info", error="maybe: another version was current when the answer was given")

    def finish(self, ctx: Context) -> None:
        """The open request has been answered."""
        ctx.cancel_timer("retry")
        self.op = self.request = None


def request_of(op: Invocation) -> Get | Put:
    """The operation as a message."""
    if op.f == "get":
        return Get(op.operation, scalar(op.key))
    assert isinstance(op.input, tuple)
    value, version = op.input
    assert isinstance(version, int)
    return Put(op.operation, scalar(op.key), scalar(value), version)
