"""A node that passes tokens on, and takes part in snapshots.

Chandy & Lamport, "Distributed snapshots: determining global states of distributed systems" (ACM TOCS 1985), section 3.
Channels keep the order of messages. A node that hears of a snapshot for the first time records its state and sends a
marker on each of its channels before anything else (marker-sending rule). What it receives on a channel from then on,
until the marker on that channel comes, was on its way (marker-receiving rule).
"""

from collections.abc import Mapping

from ..node import Context, Node
from .messages import Begin, Marker, Part, Picture, Snapshot, Tokens

FIRST_TOKENS = 10
"""What every node has at first."""

PASS_INTERVAL = 2_000_000, 10_000_000
"""Between which lengths of time a node waits before it passes tokens on (nanoseconds)."""


class Recording:
    """A snapshot that a node takes part in. Plain data."""

    def __init__(self, collector: str, part: Part, channels: tuple[str, ...]) -> None:
        self.collector = collector
        self.part = part
        self.channels: dict[str, list[int]] = {name: [] for name in channels}
        """What has come on each channel since the state was recorded, as long as the marker has not."""
        self.open = set(channels)
        """Channels whose marker has not come."""


class TokenNode(Node):
    """Has channels from some nodes and to some; passes tokens on at random times. It is never killed."""

    def __init__(self, name: str, outgoing: Mapping[str, tuple[str, ...]]) -> None:
        self.name = name
        self.servers = tuple(outgoing)
        self.outgoing = outgoing[name]
        self.incoming = tuple(other for other, to in outgoing.items() if name in to)
        self.tokens = FIRST_TOKENS
        self.sent = dict.fromkeys(self.outgoing, 0)
        self.received = dict.fromkeys(self.incoming, 0)
        self.recordings: dict[Snapshot, Recording] = {}
        self.collected: dict[Snapshot, dict[str, Part]] = {}
        self.pictures: dict[str, Picture] = {}
        """The newest snapshot of each client."""

    def start(self, ctx: Context) -> None:
        self.wait(ctx)

    def role(self) -> str:
        return "recording" if self.recordings else "node"

    # The computation

    def wait(self, ctx: Context) -> None:
        """Pass tokens on after a while."""
        ctx.set_timer("pass", ctx.random.randrange(*PASS_INTERVAL))

    def on_timer_pass(self, ctx: Context) -> None:
        if self.tokens and self.outgoing:
            amount = ctx.random.randint(1, self.tokens)
            receiver = ctx.random.choice(self.outgoing)
            self.tokens -= amount
            self.sent[receiver] += 1
            ctx.send(receiver, Tokens(amount))
        self.wait(ctx)

    def on_Tokens(self, ctx: Context, src: str, msg: Tokens) -> None:
        self.tokens += msg.amount
        self.received[src] += 1
        for recording in self.recordings.values():
            if self.in_transit(recording, src):
                recording.channels[src].append(msg.amount)

    def in_transit(self, recording: Recording, channel: str) -> bool:
        """Whether what comes on the channel now was sent before the snapshot."""
        return channel in recording.open

    # Snapshots

    def on_Begin(self, ctx: Context, src: str, msg: Begin) -> None:
        picture = self.pictures.get(src)
        if picture is not None and picture.number >= msg.number:
            ctx.send(src, picture)
        elif Snapshot(src, msg.number) not in self.collected:
            snapshot = Snapshot(src, msg.number)
            self.collected[snapshot] = {}
            self.record(ctx, snapshot, ctx.id)

    def on_Marker(self, ctx: Context, src: str, msg: Marker) -> None:
        if msg.snapshot not in self.recordings:
            self.record(ctx, msg.snapshot, msg.collector)
        recording = self.recordings[msg.snapshot]
        recording.open.discard(src)
        self.finish_if_complete(ctx, msg.snapshot)

    def record(self, ctx: Context, snapshot: Snapshot, collector: str) -> None:
        """Record the state, and send a marker on every channel before anything else is sent there."""
        sent, received = tuple(self.sent.items()), tuple(self.received.items())
        part = Part(snapshot, ctx.id, self.tokens, sent, received, ())
        self.recordings[snapshot] = Recording(collector, part, self.incoming)
        self.send_markers(ctx, Marker(snapshot, collector))
        self.finish_if_complete(ctx, snapshot)

    def send_markers(self, ctx: Context, marker: Marker) -> None:
        """On every channel."""
        for receiver in self.outgoing:
            ctx.send(receiver, marker)

    def finish_if_complete(self, ctx: Context, snapshot: Snapshot) -> None:
        """Once all markers have come, hand the part in."""
        recording = self.recordings[snapshot]
        if recording.open:
            return
        part = self.part(self.recordings.pop(snapshot))
        if recording.collector == ctx.id:
            self.on_Part(ctx, ctx.id, part)
        else:
            ctx.send(recording.collector, part)

    def part(self, recording: Recording) -> Part:
        """The recorded state, with what was on its way."""
        channels = tuple((name, tuple(amounts)) for name, amounts in recording.channels.items())
        part = recording.part
        return Part(part.snapshot, part.node, part.tokens, part.sent, part.received, channels)

    def on_Part(self, ctx: Context, src: str, msg: Part) -> None:
        parts = self.collected[msg.snapshot]
        parts[msg.node] = msg
        if len(parts) == len(self.servers):
            picture = Picture(msg.snapshot.number, tuple(parts[name] for name in sorted(parts)))
            self.pictures[msg.snapshot.client] = picture
            del self.collected[msg.snapshot]
            ctx.send(msg.snapshot.client, picture)
