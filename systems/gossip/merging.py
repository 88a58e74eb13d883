"""A counter that merges: every server counts for itself, and what they know of each other's counts only grows.

Shapiro et al., "Conflict-free replicated data types" (SSS 2011): a PN-counter, two grow-only vectors whose sums are
subtracted. Merging takes the greater of two counts, so it may be done again, late and in any order.
"""

from collections.abc import Mapping
from typing import cast

from ..node import Context, Message, Node
from ..own_server import Answer, Ask

GOSSIP_INTERVAL = 100_000_000
"""How often a server tells another one, taken by chance, all that it knows (nanoseconds)."""


class Counts(Message):
    """How much each server has counted up, and down."""

    up: tuple[tuple[str, int], ...]
    down: tuple[tuple[str, int], ...]


class Counter(Node):
    """Answers at once, from what it knows; `add` is on disk first."""

    def __init__(self, servers: tuple[str, ...]) -> None:
        self.servers = servers
        self.up: dict[str, int] = {}
        self.down: dict[str, int] = {}
        self.done: dict[str, int] = {}
        """The number of the newest addition of each client, against repetitions."""

    def start(self, ctx: Context) -> None:
        up, down, done = cast("tuple[tuple[tuple[str, int], ...], ...]", ctx.storage.get("state", ((), (), ())))
        self.up, self.down, self.done = dict(up), dict(down), dict(done)
        self.on_timer_gossip(ctx)

    def role(self) -> str:
        return "server"

    def on_Ask(self, ctx: Context, src: str, msg: Ask) -> None:
        if msg.f == "read":
            ctx.send(src, Answer(msg.number, sum(self.up.values()) - sum(self.down.values())))
            return
        if msg.number > self.done.get(src, -1):
            assert isinstance(msg.value, int)
            self.count(ctx.id, msg.value)
            self.done[src] = msg.number
            self.keep(ctx)
        ctx.send(src, Answer(msg.number, None))

    def count(self, me: str, amount: int) -> None:
        """Count up or down."""
        counts = self.up if amount > 0 else self.down
        counts[me] = counts.get(me, 0) + abs(amount)

    def keep(self, ctx: Context) -> None:
        """What this handler sends waits until the counts are on disk."""
        ctx.storage.put("state", (tuple(self.up.items()), tuple(self.down.items()), tuple(self.done.items())))
        ctx.storage.sync()

    def on_timer_gossip(self, ctx: Context) -> None:
        others = [name for name in self.servers if name != ctx.id]
        if others:
            ctx.send(ctx.random.choice(others), Counts(tuple(self.up.items()), tuple(self.down.items())))
        ctx.set_timer("gossip", GOSSIP_INTERVAL)

    def on_Counts(self, ctx: Context, src: str, msg: Counts) -> None:
        self.merge(self.up, dict(msg.up))
        self.merge(self.down, dict(msg.down))
        self.keep(ctx)

    def merge(self, known: dict[str, int], told: Mapping[str, int]) -> None:
        """Take the greater count of each server."""
        for name, count in told.items():
            known[name] = max(known.get(name, 0), count)
