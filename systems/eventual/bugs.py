"""Planted bugs: mistakes that are made in stores of this kind, each one small change to the correct nodes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ...histories.event import Invocation
from ..node import ClientNode, Context, Node
from ..replicated import Data, Scalar
from ..system import Bug
from .causal_store import CausalStore
from .client import Client
from .last_writer import LastWriter
from .messages import NEVER, Ask, Commit, Digest, Entry, Newer, Seen, Stamp
from .read_committed import ReadCommitted, Transactions
from .sibling_store import Dot, SiblingStore


@dataclass(frozen=True)
class Nodes:
    """The classes that make up a deployment."""

    server: Callable[..., Node]
    client: Callable[..., ClientNode] = Client


class ArrivalOrder(LastWriter):
    """Takes what comes last for what was written last."""

    def wins(self, stamp: Stamp, other: Stamp) -> bool:
        return stamp != other


class NoTieBreak(LastWriter):
    """Compares counts only: of two equal ones each server keeps its own."""

    def wins(self, stamp: Stamp, other: Stamp) -> bool:
        return stamp.count > other.count


class NoRepair(LastWriter):
    """Tells everybody once, keeps no hints, compares nothing."""

    def on_timer_hand_over(self, ctx: Context) -> None:
        pass

    def on_timer_compare(self, ctx: Context) -> None:
        pass


class OneHint(LastWriter):
    """Keeps one hint for each server, the newest, and compares nothing."""

    def tell(self, ctx: Context, entry: Entry) -> None:
        self.hints = {(server, key): hint for (server, key), hint in self.hints.items() if key == entry.key}
        super().tell(ctx, entry)

    def on_timer_compare(self, ctx: Context) -> None:
        pass


class HintsAlone(LastWriter):
    """Compares nothing: hints are enough."""

    def on_timer_compare(self, ctx: Context) -> None:
        pass


class OneWay(LastWriter):
    """Compares with the next server only, which never does with this one."""

    def on_timer_hand_over(self, ctx: Context) -> None:
        pass

    def on_Digest(self, ctx: Context, src: str, msg: Digest) -> None:
        if self.servers.index(src) > self.servers.index(ctx.id):
            super().on_Digest(ctx, src, msg)


class NoTombstones(LastWriter):
    """Forgets a key that is deleted."""

    def keep(self, ctx: Context, entry: Entry) -> None:
        super().keep(ctx, entry)
        if entry.value is None and self.stamp(entry.key) == entry.stamp:
            del self.data[entry.key]


class RestartsCounting(LastWriter):
    """Begins to count at zero after a restart."""

    def start(self, ctx: Context) -> None:
        super().start(ctx)
        self.count = 0


class IgnoresDependencies(CausalStore):
    """Shows a value as soon as it comes."""

    def receive(self, ctx: Context, entry: Entry) -> bool:
        self.keep(ctx, entry)
        self.go_on(ctx)
        return True


class RepairsOutOfOrder(CausalStore):
    """Takes what a comparison gives in two parts, and shows the first before the second is there."""

    def on_Digest(self, ctx: Context, src: str, msg: Digest) -> None:
        known = {seen.key: seen.stamp for seen in msg.seen}
        newer = [entry for entry in self.data.values() if self.wins(entry.stamp, known.get(entry.key, NEVER))]
        if newer:
            ctx.send(src, Newer((max(newer, key=lambda entry: entry.stamp.count),)))


class NearestDependencies(CausalStore):
    """A client that reads a value depends on that value only, not on all that it depends on."""

    def past(self, entry: Entry | None) -> tuple[Seen, ...]:
        return () if entry is None else (Seen(entry.key, entry.stamp),)


class NeverAtOnce(CausalStore):
    """Looks at what each value depends on, even if a whole state comes."""

    def on_Newer(self, ctx: Context, src: str, msg: Newer) -> None:
        for entry in msg.entries:
            self.receive(ctx, entry)


class AnswersAnybody(CausalStore):
    """Answers clients whose past it does not know."""

    def on_Ask(self, ctx: Context, src: str, msg: Ask) -> None:
        known = tuple(seen for seen in msg.context if self.shows((seen,)))
        super().on_Ask(ctx, src, Ask(msg.number, msg.f, msg.key, msg.value, known))


class ForgetsReads(Client):
    """Carries what it has written, not what it has read."""

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        self.writing = op.f == "write"
        super().on_invoke(ctx, op)

    def context(self) -> tuple[Seen, ...]:
        return tuple(Seen(key, stamp) for key, stamp in self.written.items())

    def __init__(self, servers: tuple[str, ...], *, roams: bool = False) -> None:
        super().__init__(servers, roams=roams)
        self.writing = False
        self.written: dict[Scalar, Stamp] = {}

    def see(self, seen: Seen) -> None:
        super().see(seen)
        if self.writing:
            self.written[seen.key] = seen.stamp


class DropsSiblings(SiblingStore):
    """Keeps what the other one has and nothing else, if that one has heard of more."""

    def merge(self, theirs: Mapping[Dot, Data], vector: Mapping[str, int]) -> None:
        if sum(vector.values()) > sum(self.vector.values()):
            self.values = dict(theirs)
            self.vector = dict(vector)


class VectorFirst(SiblingStore):
    """Takes over what the other one has heard of before it looks at what that one has."""

    def merge(self, theirs: Mapping[Dot, Data], vector: Mapping[str, int]) -> None:
        for server, count in vector.items():
            self.vector[server] = max(self.vector.get(server, 0), count)
        super().merge(theirs, vector)


class ReusesDots(SiblingStore):
    """Counts its values from 1 again after a restart."""

    def start(self, ctx: Context) -> None:
        super().start(ctx)
        self.vector.pop(ctx.id, None)


class WritesAtOnce(Transactions):
    """Sends what it writes at once."""

    def write(self, ctx: Context, key: Scalar, value: Data) -> None:
        super().write(ctx, key, value)
        self.number += 1
        ctx.send(self.servers[int(ctx.id[1:]) % len(self.servers)], Commit(self.number, ((key, value),)))


class FirstWrite(Transactions):
    """Commits the first of several writes to a key."""

    def write(self, ctx: Context, key: Scalar, value: Data) -> None:
        self.buffer.setdefault(key, value)


class StampEach(ReadCommitted):
    """Gives each write of a transaction a stamp of its own."""

    def stamped(
        self, ctx: Context, values: tuple[tuple[Scalar, Data], ...], depends: tuple[Seen, ...]
    ) -> tuple[Entry, ...]:
        return tuple(Entry(key, value, self.next_stamp(ctx), depends) for key, value in values)


class NoTransactionTieBreak(NoTieBreak, ReadCommitted):
    """Compares counts only."""


def bug(name: str, nodes: Nodes, breaks: str) -> tuple[str, tuple[Nodes, Bug]]:
    return name, (nodes, Bug(name, breaks))


LWW = dict(
    (
        bug(
            "arrival-order",
            Nodes(ArrivalOrder),
            "What arrives last wins: servers end with different values (Dynamo, section 4.4: no versions).",
        ),
        bug(
            "no-tie-break",
            Nodes(NoTieBreak),
            "Two writes with equal counts: each server keeps the one that it had first, for ever (Cassandra 2.0 by "
            "Jepsen: equal timestamps).",
        ),
        bug(
            "no-repair",
            Nodes(NoRepair),
            "What a partition swallows never comes: no hinted hand-off, no anti-entropy (Dynamo, sections 4.6 and "
            "4.7).",
        ),
        bug(
            "hints-alone",
            Nodes(HintsAlone),
            "Hints are lost with the memory, and nothing else brings the value (Dynamo, section 4.7).",
        ),
        bug(
            "one-way",
            Nodes(OneWay),
            "Anti-entropy goes one way: the last server never gets what others have (Demers 1987).",
        ),
        bug(
            "no-tombstones",
            Nodes(NoTombstones),
            "Deleted values come back from a server that had missed the delete (Demers 1987: death certificates).",
        ),
        bug(
            "restarts-counting",
            Nodes(RestartsCounting),
            "After a restart new writes lose against old ones (Lamport 1978: clocks must not go back).",
        ),
        bug(
            "one-hint",
            Nodes(OneHint),
            "Only the newest hint is kept: other keys stay as old as they were (Dynamo, section 4.6).",
        ),
    )
)
CAUSAL = dict(
    (
        bug(
            "ignores-dependencies",
            Nodes(IgnoresDependencies),
            "A value is visible before what it depends on (the comment before the photo; COPS, SOSP 2011, section 2).",
        ),
        bug(
            "repairs-out-of-order",
            Nodes(RepairsOutOfOrder),
            "Anti-entropy shows the newest value before those that it depends on (Bayou, SOSP 1997: the prefix "
            "property).",
        ),
        bug(
            "nearest-dependencies",
            Nodes(NearestDependencies),
            "Clients depend on what they read and not on its past, which a newer value elsewhere does not bring (COPS, "
            "section 4.1.2, taken further than it goes).",
        ),
        bug(
            "never-at-once",
            Nodes(NeverAtOnce),
            "Two values that each wait for the other are never shown: servers do not converge (found in this store "
            "itself).",
        ),
        bug(
            "answers-anybody",
            Nodes(AnswersAnybody),
            "A server answers clients whose past it does not know: they do not find what they wrote elsewhere (Terry "
            "et al., PDIS 1994: read your writes).",
        ),
        bug(
            "forgets-reads",
            Nodes(CausalStore, ForgetsReads),
            "A client does not carry what it has read: its next read is older, its next write depends on too little "
            "(Terry et al., PDIS 1994: monotonic reads, writes follow reads).",
        ),
    )
)
SIBLINGS = dict(
    (
        bug(
            "drops-siblings",
            Nodes(DropsSiblings),
            "Values written at the same time replace each other (Riak by Jepsen: allow_mult off).",
        ),
        bug(
            "vector-first",
            Nodes(VectorFirst),
            "What is heard of counts as known before it is taken over (Preguiça et al. 2010).",
        ),
        bug(
            "reuses-dots",
            Nodes(ReusesDots),
            "After a restart new values get the dots of old ones, and are not passed on (Riak: ids of actors that "
            "were reused).",
        ),
    )
)
READ_COMMITTED = dict(
    (
        bug(
            "writes-at-once",
            Nodes(ReadCommitted, WritesAtOnce),
            "Writes are visible before the commit: aborted and intermediate reads (HAT, VLDB 2014, section 5.1.1).",
        ),
        bug(
            "first-write",
            Nodes(ReadCommitted, FirstWrite),
            "A key written twice keeps the first value: others read an intermediate one (Adya 2000: G1b).",
        ),
        bug(
            "stamp-each-write",
            Nodes(StampEach, Transactions),
            "Two transactions replace each other's writes, one on each key (dirty write, G0: HAT, section 5.1.1).",
        ),
        bug(
            "no-tie-break",
            Nodes(NoTransactionTieBreak, Transactions),
            "Two commits with equal counts: each server keeps the one that it had first, for ever (HAT, section 5.1.1: "
            "unique timestamps).",
        ),
    )
)
