"""A causally consistent store that is always available to clients whose past it knows.

Lloyd et al., "Don't settle for eventual: scalable causal consistency for wide-area storage with COPS" (SOSP 2011): a
write carries what its client depends on, and a server shows it only when it shows all of that (section 4.3). Clients
carry what they have seen, so that the session guarantees of Terry et al. (PDIS 1994) hold when they go from one server
to another: one that does not know the client's past yet lets it wait.

A newer value stands for the one depended on. It need not depend on the same things, so the nearest dependencies (COPS,
section 4.1.2) are not enough: a read gives the client all that the value depends on, and a write carries all of it.

A value may depend on one that has been replaced everywhere, by a value that depends on the first. Neither can then be
shown before the other. So servers that compare what they have take over all that is newer at once, as in Bayou's
anti-entropy (Petersen et al., SOSP 1997): what one server shows is complete, and so is what both together show.
"""

from typing import cast

from ..node import Context
from .last_writer import LastWriter
from .messages import Answer, Ask, Entry, Newer, Replicate, Replicated, Seen


class CausalStore(LastWriter):
    """One of the servers."""

    def __init__(self, servers: tuple[str, ...]) -> None:
        super().__init__(servers)
        self.waiting: list[Entry] = []
        """What was heard of, and depends on what was not."""
        self.asked: list[tuple[str, Ask]] = []
        """Clients whose past is not known here yet."""

    def start(self, ctx: Context) -> None:
        super().start(ctx)
        for entry in cast("tuple[Entry, ...]", ctx.storage.get("news", ())):
            self.recover(entry)

    def on_Ask(self, ctx: Context, src: str, msg: Ask) -> None:
        if not self.shows(msg.context):
            self.asked = [(client, ask) for client, ask in self.asked if client != src]
            self.asked.append((src, msg))
            return
        if msg.f == "write":
            entries = self.write(ctx, src, msg.number, ((msg.key, msg.value),), msg.context)
            ctx.send(src, Answer(msg.number, None, tuple(Seen(entry.key, entry.stamp) for entry in entries)))
        else:
            found = self.data.get(msg.key)
            ctx.send(src, Answer(msg.number, None if found is None else found.value, self.past(found)))

    def past(self, entry: Entry | None) -> tuple[Seen, ...]:
        """What a client has seen that has read the entry."""
        return () if entry is None else (*entry.depends, Seen(entry.key, entry.stamp))

    def shows(self, context: tuple[Seen, ...]) -> bool:
        """Whether everything in the context, or something newer, is visible here."""
        return all(not self.wins(seen.stamp, self.stamp(seen.key)) for seen in context)

    def on_Replicate(self, ctx: Context, src: str, msg: Replicate) -> None:
        if self.receive(ctx, msg.entry):
            ctx.send(src, Replicated(msg.entry.key, msg.entry.stamp))

    def receive(self, ctx: Context, entry: Entry) -> bool:
        """Take over the entry if all that it depends on is visible; False if it has to wait for that."""
        if not self.shows(entry.depends):
            if entry not in self.waiting:
                self.waiting.append(entry)
            return False
        self.keep(ctx, entry)
        self.go_on(ctx)
        return True

    def go_on(self, ctx: Context) -> None:
        """Take over what waited for what has become visible, and answer those that did."""
        while (ready := next((entry for entry in self.waiting if self.shows(entry.depends)), None)) is not None:
            self.waiting.remove(ready)
            self.keep(ctx, ready)
        asked, self.asked = self.asked, []
        for client, ask in asked:
            self.on_Ask(ctx, client, ask)

    def on_Newer(self, ctx: Context, src: str, msg: Newer) -> None:
        ctx.storage.put("news", msg.entries)  # All of them or none: a kill may come between the writes of `keep`.
        for entry in msg.entries:
            self.keep(ctx, entry)
        self.go_on(ctx)
