"""Planted bugs: mistakes that are made with snapshots, each one small change to the correct node."""

from collections.abc import Callable

from ..node import Context, Node
from ..system import Bug
from .messages import Marker, Part, Snapshot
from .token_node import Recording, TokenNode


class OneMarker(TokenNode):
    """Sends a marker on its first channel only."""

    def send_markers(self, ctx: Context, marker: Marker) -> None:
        for receiver in self.outgoing[:1]:
            ctx.send(receiver, marker)


class LateMarkers(TokenNode):
    """Sends its markers a little after it has recorded its state."""

    def send_markers(self, ctx: Context, marker: Marker) -> None:
        self.waiting.append(marker)
        ctx.set_timer("markers", 5_000_000)

    def on_timer_markers(self, ctx: Context) -> None:
        for marker in self.waiting:
            super().send_markers(ctx, marker)
        self.waiting.clear()

    def start(self, ctx: Context) -> None:
        self.waiting: list[Marker] = []
        super().start(ctx)


class NothingOnItsWay(TokenNode):
    """Does not record what comes before the markers."""

    def in_transit(self, recording: Recording, channel: str) -> bool:
        return False


class RecordsOn(TokenNode):
    """Records what comes on every channel until the last marker has come."""

    def in_transit(self, recording: Recording, channel: str) -> bool:
        return bool(recording.open)


class LateState(TokenNode):
    """Records its state when the last marker has come."""

    def part(self, recording: Recording) -> Part:
        early = super().part(recording)
        sent, received = tuple(self.sent.items()), tuple(self.received.items())
        return Part(early.snapshot, early.node, self.tokens, sent, received, early.channels)


class OneSnapshot(TokenNode):
    """Takes the marker of another snapshot for one of the first that is going on."""

    def on_Marker(self, ctx: Context, src: str, msg: Marker) -> None:
        going_on: list[Snapshot] = list(self.recordings)
        if going_on and msg.snapshot not in self.recordings:
            self.record(ctx, msg.snapshot, msg.collector)
            self.recordings[msg.snapshot].channels = self.recordings[going_on[0]].channels
        super().on_Marker(ctx, src, msg)


PLANTED: dict[str, tuple[Callable[..., Node], Bug]] = {
    bug.name: (node, bug)
    for node, bug in (
        (
            OneMarker,
            Bug("one-marker", "A marker is sent on one channel only: the others never hear of the snapshot, or wait."),
        ),
        (
            LateMarkers,
            Bug(
                "late-markers",
                "Tokens are sent between the recording of the state and the markers: they count at both ends (Chandy "
                "& Lamport 1985, marker-sending rule).",
            ),
        ),
        (
            NothingOnItsWay,
            Bug(
                "nothing-on-its-way", "Tokens that were on their way are not recorded: they are missing in the picture."
            ),
        ),
        (
            RecordsOn,
            Bug(
                "records-on",
                "A channel is recorded beyond its marker: tokens count twice (Chandy & Lamport 1985, marker-receiving "
                "rule).",
            ),
        ),
        (
            LateState,
            Bug("late-state", "The state is recorded with the last marker, not the first: tokens count twice."),
        ),
        (
            OneSnapshot,
            Bug(
                "one-snapshot", "Two snapshots at once share what they record (Princeton COS418, concurrent snapshots)."
            ),
        ),
    )
}
