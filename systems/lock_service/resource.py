"""The resource: a count that holders of the lock read and write, and that believes nobody without a token.

A lock whose holder may fail has to be given away after a while, and then a holder that was only slow, or whose messages
were, comes back. No lock service can prevent that; the resource can, if each holder has a greater token than the one
before and the resource refuses those that are not the greatest it has seen (Burrows, "The Chubby lock service", OSDI
2006, section 2.4, sequencers; Kleppmann, "How to do distributed locking", 2016, fencing tokens).
"""

from typing import cast

from ..node import Context, Node
from .messages import Count, Read, Stale, Write, Written


class Resource(Node):
    """Keeps the count and the greatest token on disk."""

    def __init__(self) -> None:
        self.count = 0
        self.newest = 0
        """The greatest token that was seen."""

    def start(self, ctx: Context) -> None:
        self.count, self.newest = cast("tuple[int, int]", ctx.storage.get("state", (0, 0)))

    def role(self) -> str:
        return "resource"

    def on_Read(self, ctx: Context, src: str, msg: Read) -> None:
        if not self.admits(msg.token):
            ctx.send(src, Stale(msg.number))
            return
        self.note(msg.token)
        self.keep(ctx)
        ctx.send(src, Count(msg.number, self.count))

    def on_Write(self, ctx: Context, src: str, msg: Write) -> None:
        if not self.admits(msg.token):
            ctx.send(src, Stale(msg.number))
            return
        self.newest, self.count = max(self.newest, msg.token), msg.count
        self.keep(ctx)
        ctx.send(src, Written(msg.number))

    def admits(self, token: int) -> bool:
        """Whether nobody with a greater token was seen."""
        return token >= self.newest

    def note(self, token: int) -> None:
        """Remember the token of a reader."""
        self.newest = max(self.newest, token)

    def keep(self, ctx: Context) -> None:
        """What this handler sends waits until count and token are on disk."""
        ctx.storage.put("state", (self.count, self.newest))
        ctx.storage.sync()
