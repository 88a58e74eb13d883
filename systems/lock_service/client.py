"""The client: takes the lock, counts the resource up by one, gives the lock back.

The lock is a key of a versioned store: a claim (who holds it, until when by the holder's clock), or None. Whoever finds
it free, or the claim run out, puts a claim of his own on the version that he found; the version that it gets is his
token. A client that does not know whether its put took effect looks again.
"""

from typing import Final

from ...histories.event import Invocation
from ..node import ClientNode, Context, Message
from ..replicated import Data
from ..versioned.messages import Done, Get, Got, Mismatch, Put
from .messages import Count, Read, Stale, Write, Written

LOCKS: Final = "locks"
RESOURCE: Final = "resource"
LOCK: Final = "lock"
"""The key of the lock."""

LEASE: Final = 400_000_000
"""How long a claim lasts (nanoseconds). It is longer than a turn takes while nothing fails."""

RETRY_INTERVAL: Final = 50_000_000
"""How long a client waits for an answer before it asks again (nanoseconds)."""

PATIENCE: Final = 10_000_000, 40_000_000
"""Between which lengths of time a client that found the lock taken waits before it looks again (nanoseconds)."""


class Client(ClientNode):
    """Does one operation at a time: `increment` under the lock, which answers the new count.

    A turn is five requests, one at a time: look at the lock, claim it, read, write, release.
    """

    def __init__(self) -> None:
        self.op: Invocation | None = None
        self.number = 0
        """The number of the newest request."""
        self.open: tuple[str, Message] | None = None
        """The request that waits for an answer, with where it goes."""
        self.claim: Data = None
        self.token = 0
        self.count = 0

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        self.op = op
        self.look(ctx)

    # The lock

    def look(self, ctx: Context) -> None:
        self.ask(ctx, LOCKS, Get(self.next(ctx), LOCK))

    def on_Got(self, ctx: Context, src: str, msg: Got) -> None:
        if not self.answered(ctx, msg.number):
            return
        if msg.value is not None and msg.value == self.claim:
            self.enter(ctx, msg.version)  # the put that was left open took effect
        elif self.free(ctx, msg.value):
            self.claim = (ctx.id, ctx.epoch, msg.number, ctx.now + LEASE)
            self.ask(ctx, LOCKS, Put(self.next(ctx), LOCK, self.claim, msg.version))
        else:
            ctx.set_timer("look", ctx.random.randrange(*PATIENCE))

    def free(self, ctx: Context, claim: Data) -> bool:
        """Whether the lock may be taken: it was given back, or its lease has run out."""
        if claim is None:
            return True
        assert isinstance(claim, tuple)
        until = claim[3]
        assert isinstance(until, int)
        return until < ctx.now

    def on_timer_look(self, ctx: Context) -> None:
        if self.op is not None:
            self.look(ctx)

    def on_Done(self, ctx: Context, src: str, msg: Done) -> None:
        request = self.open
        if not self.answered(ctx, msg.number):
            return
        assert request is not None
        put = request[1]
        assert isinstance(put, Put)
        if put.value is None:
            self.finish(ctx)
        else:
            self.enter(ctx, put.version + 1)

    def on_Mismatch(self, ctx: Context, src: str, msg: Mismatch) -> None:
        request = self.open
        if not self.answered(ctx, msg.number):
            return
        assert request is not None
        put = request[1]
        assert isinstance(put, Put)
        if put.value is None:
            self.finish(ctx)  # somebody has taken it over, or a copy of this release came first
        else:
            self.refused(ctx, put)

    def refused(self, ctx: Context, put: Put) -> None:
        """The claim found another version: look who holds the lock now, it may be this client."""
        self.look(ctx)

    # The section that the lock guards

    def enter(self, ctx: Context, token: int) -> None:
        self.token = token
        self.ask(ctx, RESOURCE, Read(self.next(ctx), token))

    def on_Count(self, ctx: Context, src: str, msg: Count) -> None:
        if self.answered(ctx, msg.number):
            self.count = msg.count + 1
            self.write(ctx, Write(self.next(ctx), self.token, self.count))

    def write(self, ctx: Context, request: Write) -> None:
        self.ask(ctx, RESOURCE, request)

    def on_Written(self, ctx: Context, src: str, msg: Written) -> None:
        if self.answered(ctx, msg.number):
            self.ask(ctx, LOCKS, Put(self.next(ctx), LOCK, None, self.token))

    def on_Stale(self, ctx: Context, src: str, msg: Stale) -> None:
        request = self.open
        if self.op is None or request is None or not self.answered(ctx, msg.number):
            return
        if isinstance(request[1], Read):
            self.look(ctx)  # nothing was written: take the lock anew
        else:
            # A copy of the write may have come before the other holder's token.
            ctx.complete(self.op, "info", error="the lease ran out before the answer to the write came")
            self.op = None

    # Requests

    def next(self, ctx: Context) -> int:
        """The number of the next request, which no request of an earlier life had."""
        self.number = max(self.number, ctx.epoch << 32) + 1
        return self.number

    def ask(self, ctx: Context, server: str, request: Message) -> None:
        """Send the request, and again until it is answered."""
        self.open = server, request
        self.on_timer_retry(ctx)

    def on_timer_retry(self, ctx: Context) -> None:
        if self.open is not None:
            ctx.send(*self.open)
            ctx.set_timer("retry", RETRY_INTERVAL)

    def answered(self, ctx: Context, number: int) -> bool:
        """Whether that is the number of the open request, which is answered with that."""
        if self.open is None or self.number != number:
            return False
        self.open = None
        ctx.cancel_timer("retry")
        return True

    def finish(self, ctx: Context) -> None:
        """The turn is over."""
        if self.op is not None:
            ctx.complete(self.op, "ok", self.count)
            self.op = None
