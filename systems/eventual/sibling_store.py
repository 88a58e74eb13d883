"""A store that keeps what was written at the same time: siblings, told apart by version vectors.

DeCandia et al., "Dynamo" (SOSP 2007), section 4.4, with a dot for every value (Preguiça et al., "Dotted version
vectors", 2010). A server merges what another one tells it: it keeps what both have, and what one of them has and the
other has never heard of. Here nobody writes on top of what was read, so that every value stays: a set to which clients
`add`, and which they `read`.
"""

from collections.abc import Mapping
from typing import TypeAlias, cast

from ..node import Context, Message, Node
from ..replicated import Data
from .messages import Answer, Ask

COMPARE_INTERVAL = 100_000_000
"""How often a server tells another one all that it has (nanoseconds)."""

Dot: TypeAlias = tuple[str, int]
"""The n-th value that a server accepted."""


class Siblings(Message):
    """All values that I have, by their dots, and how many values of each server I have heard of."""

    values: tuple[tuple[str, int, Data], ...]
    vector: tuple[tuple[str, int], ...]


class SiblingStore(Node):
    """One of the servers. What it acknowledges is on disk."""

    def __init__(self, servers: tuple[str, ...]) -> None:
        self.servers = servers
        self.values: dict[Dot, Data] = {}
        self.vector: dict[str, int] = {}

    def start(self, ctx: Context) -> None:
        values, vector = cast(
            "tuple[tuple[tuple[str, int, Data], ...], tuple[tuple[str, int], ...]]", ctx.storage.get("state", ((), ()))
        )
        self.values = {(server, number): value for server, number, value in values}
        self.vector = dict(vector)
        ctx.set_timer("compare", COMPARE_INTERVAL)

    def role(self) -> str:
        return "server"

    def on_Ask(self, ctx: Context, src: str, msg: Ask) -> None:
        if msg.f == "read":
            ctx.send(src, Answer(msg.number, cast("Data", tuple(dict.fromkeys(self.values.values())))))
            return
        if msg.value not in self.values.values():
            number = self.vector.get(ctx.id, 0) + 1
            self.vector[ctx.id] = number
            self.values[ctx.id, number] = msg.value
            self.keep(ctx)
        ctx.send(src, Answer(msg.number, None))

    def keep(self, ctx: Context) -> None:
        """What this handler sends waits until the state is on disk."""
        ctx.storage.put("state", (self.packed(), tuple(self.vector.items())))
        ctx.storage.sync()

    def packed(self) -> tuple[tuple[str, int, Data], ...]:
        """The values as a message has them."""
        return tuple((server, number, value) for (server, number), value in self.values.items())

    def on_timer_compare(self, ctx: Context) -> None:
        others = [server for server in self.servers if server != ctx.id]
        if others:
            ctx.send(ctx.random.choice(others), Siblings(self.packed(), tuple(self.vector.items())))
        ctx.set_timer("compare", COMPARE_INTERVAL)

    def on_Siblings(self, ctx: Context, src: str, msg: Siblings) -> None:
        theirs = {(server, number): value for server, number, value in msg.values}
        self.merge(theirs, dict(msg.vector))
        self.keep(ctx)

    def merge(self, theirs: Mapping[Dot, Data], vector: Mapping[str, int]) -> None:
        """Keep what both have, and what one has and the other has never heard of."""
        mine = {dot: value for dot, value in self.values.items() if dot in theirs or dot[1] > vector.get(dot[0], 0)}
        news = {dot: value for dot, value in theirs.items() if dot in mine or dot[1] > self.vector.get(dot[0], 0)}
        self.values = mine | news
        for server, count in vector.items():
            self.vector[server] = max(self.vector.get(server, 0), count)
