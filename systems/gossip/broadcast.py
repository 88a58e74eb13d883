"""Broadcast: every value that one server is told of reaches all (Demers et al., "Epidemic algorithms for replicated
database maintenance", PODC 1987: rumor mongering with acknowledgements, so that nothing is lost).

A server passes a new value on to its neighbours, except to the one that it has it from, and again until they have
acknowledged it. With `BATCH` it waits a little and passes on several at a time: fewer messages, later.
"""

from typing import cast

from ..node import Context, Message, Node
from ..own_server import Answer, Ask
from ..replicated import Data

RESEND = 500_000_000
"""How long a server waits for an acknowledgement before it passes values on again (nanoseconds)."""


class Spread(Message):
    """These values are new to me, perhaps to you."""

    values: tuple[Data, ...]


class Got(Message):
    """I have these values."""

    values: tuple[Data, ...]


class Broadcast(Node):
    """Keeps every value on disk before it is acknowledged to anybody."""

    def __init__(self, neighbours: tuple[str, ...], batch: int = 0) -> None:
        self.neighbours = neighbours
        self.batch = batch
        """How long values are gathered before they are passed on (nanoseconds)."""
        self.gathering = False
        self.values: dict[Data, None] = {}
        """All that is known, in the order in which it became known."""
        self.unacknowledged: dict[str, dict[Data, int]] = {name: {} for name in neighbours}
        """What each neighbour has not acknowledged yet, with when it was last sent."""

    def start(self, ctx: Context) -> None:
        for key in ctx.storage.keys("value/"):
            self.values[cast("Data", ctx.storage.get(key))] = None
        for pending in self.unacknowledged.values():
            pending.update(dict.fromkeys(self.values, -RESEND))
        self.on_timer_resend(ctx)

    def role(self) -> str:
        return "server"

    def on_Ask(self, ctx: Context, src: str, msg: Ask) -> None:
        if msg.f == "read":
            ctx.send(src, Answer(msg.number, cast("Data", self.known())))
            return
        self.learn(ctx, (msg.value,), "")
        ctx.send(src, Answer(msg.number, None))

    def known(self) -> tuple[Data, ...]:
        """What a read answers."""
        return tuple(self.values)

    def on_Spread(self, ctx: Context, src: str, msg: Spread) -> None:
        self.learn(ctx, msg.values, src)
        ctx.send(src, Got(msg.values))

    def on_Got(self, ctx: Context, src: str, msg: Got) -> None:
        for value in msg.values:
            self.unacknowledged[src].pop(value, None)

    def learn(self, ctx: Context, values: tuple[Data, ...], source: str) -> None:
        """Keep what is new, and pass it on to all but its source."""
        new = [value for value in values if value not in self.values]
        for value in new:
            ctx.storage.put(f"value/{len(self.values):08}", value)
            self.values[value] = None
        if not new:
            return
        ctx.storage.sync()
        for neighbour in self.receivers(source):
            self.unacknowledged[neighbour].update(dict.fromkeys(new, -RESEND))
        if not self.batch:
            self.flush(ctx)
        elif not self.gathering:
            self.gathering = True
            ctx.set_timer("flush", self.batch)

    def receivers(self, source: str) -> tuple[str, ...]:
        """To whom a value from there is passed on."""
        return tuple(name for name in self.neighbours if name != source)

    def on_timer_flush(self, ctx: Context) -> None:
        self.gathering = False
        self.flush(ctx)

    def on_timer_resend(self, ctx: Context) -> None:
        self.flush(ctx)
        ctx.set_timer("resend", RESEND // 2)

    def flush(self, ctx: Context) -> None:
        """Pass on what was never sent, or sent too long ago."""
        for neighbour, pending in self.unacknowledged.items():
            due = tuple(value for value, sent in pending.items() if ctx.now - sent >= RESEND)
            if due:
                pending.update(dict.fromkeys(due, ctx.now))
                ctx.send(neighbour, Spread(due))
