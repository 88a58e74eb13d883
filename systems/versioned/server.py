"""The server: values with versions, and no memory of its clients (MIT 6.5840 of 2024, lab 2).

A put says which version it replaces, so that of all puts on one version at most one takes effect, however often each of
them arrives. What the server does not know is whether a put that comes too late is a copy of the one that took effect:
it says who wrote the current version, and leaves the rest to the client.
"""

from typing import NamedTuple, cast

from ..node import Context, Node
from ..replicated import Data, Scalar
from .messages import Done, Get, Got, Mismatch, Put, Writer


class Version(NamedTuple):
    """A value, its version, and who wrote it."""

    value: Data
    version: int
    writer: Writer | None


NOTHING = Version(None, 0, None)


class Server(Node):
    """One server with a disk."""

    def __init__(self) -> None:
        self.data: dict[Scalar, Version] = {}

    def start(self, ctx: Context) -> None:
        for place in ctx.storage.keys("version/"):
            key, value, version, writer = cast("tuple[Scalar, Data, int, Writer]", ctx.storage.get(place))
            self.data[key] = Version(value, version, writer)

    def role(self) -> str:
        return "server"

    def on_Get(self, ctx: Context, src: str, msg: Get) -> None:
        current = self.data.get(msg.key, NOTHING)
        ctx.send(src, Got(msg.number, current.value, current.version))

    def on_Put(self, ctx: Context, src: str, msg: Put) -> None:
        current, writer = self.data.get(msg.key, NOTHING), Writer(src, msg.number)
        if self.replaces(msg.version, current.version):
            self.write(ctx, msg.key, Version(msg.value, current.version + 1, writer))
            ctx.send(src, Done(msg.number))
        elif current.writer == writer:
            ctx.send(src, Done(msg.number))
        else:
            ctx.send(src, Mismatch(msg.number, current.version, current.writer))

    def replaces(self, version: int, current: int) -> bool:
        """Whether a put on that version takes effect."""
        return version == current

    def write(self, ctx: Context, key: Scalar, new: Version) -> None:
        """Make it the current version. What this handler sends waits until it is on disk."""
        self.data[key] = new
        ctx.storage.put(f"version/{key}", (key, *new))
        ctx.storage.sync()
