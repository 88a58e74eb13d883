"""A store in which the last writer wins: every server answers at once, and tells the others.

DeCandia et al., "Dynamo: Amazon's highly available key-value store" (SOSP 2007): what a server that cannot be reached
should have is kept for it as a hint (section 4.6), and servers compare what they have from time to time (anti-entropy,
section 4.7), since hints are lost with the memory. Of two values the one with the greater stamp wins: counts as in
Lamport's clocks, the server's name decides between equal ones, so that all servers decide alike.
"""

from typing import cast

from ..node import Context, Node
from ..replicated import Data, Scalar
from .messages import NEVER, Answer, Ask, Digest, Entry, Newer, Replicate, Replicated, Seen, Stamp

HINT_INTERVAL = 200_000_000
"""How often a server tries to hand over its hints (nanoseconds)."""

COMPARE_INTERVAL = 300_000_000
"""How often it compares what it has with another one (nanoseconds)."""


class LastWriter(Node):
    """One of the servers. What it acknowledges is on disk."""

    def __init__(self, servers: tuple[str, ...]) -> None:
        self.servers = servers
        self.data: dict[Scalar, Entry] = {}
        self.count = 0
        """The greatest count of any stamp that this server knows."""
        self.written: dict[str, tuple[int, tuple[Entry, ...]]] = {}
        """What each client wrote last, against repetitions: a value that is written again would come back."""
        self.hints: dict[tuple[str, Scalar], Entry] = {}
        """What others should have, and have not acknowledged."""

    def start(self, ctx: Context) -> None:
        for place in ctx.storage.keys("entry/"):
            self.recover(cast("Entry", ctx.storage.get(place)))
        for place in ctx.storage.keys("written/"):
            number, entries = cast("tuple[int, tuple[Entry, ...]]", ctx.storage.get(place))
            self.written[place.removeprefix("written/")] = number, entries
            for entry in entries:
                self.recover(entry)
        ctx.set_timer("hand_over", HINT_INTERVAL)
        ctx.set_timer("compare", COMPARE_INTERVAL)

    def recover(self, entry: Entry) -> None:
        """Take over an entry from disk."""
        self.count = max(self.count, entry.stamp.count)
        if self.wins(entry.stamp, self.stamp(entry.key)):
            self.data[entry.key] = entry

    def role(self) -> str:
        return "server"

    # Clients

    def on_Ask(self, ctx: Context, src: str, msg: Ask) -> None:
        if msg.f == "read":
            entry = self.data.get(msg.key)
            ctx.send(src, Answer(msg.number, None if entry is None else entry.value))
        else:
            self.write(ctx, src, msg.number, ((msg.key, msg.value),))
            ctx.send(src, Answer(msg.number, None))

    def write(
        self,
        ctx: Context,
        client: str,
        number: int,
        values: tuple[tuple[Scalar, Data], ...],
        depends: tuple[Seen, ...] = (),
    ) -> tuple[Entry, ...]:
        """Accept values of keys, all with one stamp, unless it was done before, and tell everybody.

        The value None deletes. It stays as a tombstone, or an older value would come back from another server.
        """
        newest, entries = self.written.get(client, (-1, ()))
        if number > newest:
            entries = self.stamped(ctx, values, depends)
            self.written[client] = number, entries
            ctx.storage.put(f"written/{client}", (number, entries))  # all of them or none, whenever a kill comes
            for entry in entries:
                self.keep(ctx, entry)
                self.tell(ctx, entry)
        return entries

    def stamped(
        self, ctx: Context, values: tuple[tuple[Scalar, Data], ...], depends: tuple[Seen, ...]
    ) -> tuple[Entry, ...]:
        """The values as entries, all with one stamp: other writers come before or after all of them."""
        stamp = self.next_stamp(ctx)
        return tuple(Entry(key, value, stamp, depends) for key, value in values)

    def next_stamp(self, ctx: Context) -> Stamp:
        """Greater than all that this server knows."""
        self.count += 1
        return Stamp(self.count, ctx.id)

    def keep(self, ctx: Context, entry: Entry) -> None:
        """Take over the entry if it is the newest of its key. What this handler sends waits until it is on disk."""
        self.count = max(self.count, entry.stamp.count)
        if self.wins(entry.stamp, self.stamp(entry.key)):
            self.data[entry.key] = entry
            ctx.storage.put(f"entry/{entry.key}", entry)
            ctx.storage.sync()

    def wins(self, stamp: Stamp, other: Stamp) -> bool:
        """Whether the first was written later."""
        return (stamp.count, stamp.node) > (other.count, other.node)

    def stamp(self, key: Scalar) -> Stamp:
        """Of the newest value of the key."""
        entry = self.data.get(key)
        return NEVER if entry is None else entry.stamp

    # Servers among themselves

    def tell(self, ctx: Context, entry: Entry) -> None:
        """Send the entry to all others, and remember it for those that do not acknowledge it."""
        for server in self.servers:
            if server != ctx.id:
                self.hints[server, entry.key] = entry
                ctx.send(server, Replicate(entry))

    def on_Replicate(self, ctx: Context, src: str, msg: Replicate) -> None:
        self.keep(ctx, msg.entry)
        ctx.send(src, Replicated(msg.entry.key, msg.entry.stamp))

    def on_Replicated(self, ctx: Context, src: str, msg: Replicated) -> None:
        hint = self.hints.get((src, msg.key))
        if hint is not None and hint.stamp == msg.stamp:
            del self.hints[src, msg.key]

    def on_timer_hand_over(self, ctx: Context) -> None:
        for (server, _), entry in self.hints.items():
            ctx.send(server, Replicate(entry))
        ctx.set_timer("hand_over", HINT_INTERVAL)

    def on_timer_compare(self, ctx: Context) -> None:
        others = [server for server in self.servers if server != ctx.id]
        if others:
            seen = tuple(Seen(key, entry.stamp) for key, entry in self.data.items())
            ctx.send(ctx.random.choice(others), Digest(seen))
        ctx.set_timer("compare", COMPARE_INTERVAL)

    def on_Digest(self, ctx: Context, src: str, msg: Digest) -> None:
        known = {seen.key: seen.stamp for seen in msg.seen}
        newer = tuple(entry for key, entry in self.data.items() if self.wins(entry.stamp, known.get(key, NEVER)))
        if newer:
            ctx.send(src, Newer(newer))

    def on_Newer(self, ctx: Context, src: str, msg: Newer) -> None:
        for entry in msg.entries:
            self.keep(ctx, entry)
