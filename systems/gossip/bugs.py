"""Planted bugs: mistakes that are made in the Gossip Glomers, each one small change to the correct nodes."""

from collections.abc import Callable, Mapping

from ..node import Context, Node
from ..own_server import Ask
from ..replicated import Data
from ..system import Bug
from .broadcast import Broadcast, Got, Spread
from .ids import Generator
from .kafka import Log
from .merging import Counter


class NoResend(Broadcast):
    """Passes every value on once."""

    def on_timer_resend(self, ctx: Context) -> None:
        pass


class OneWay(Broadcast):
    """Passes values of clients on to its neighbours, and nothing that it has from a neighbour."""

    def receivers(self, source: str) -> tuple[str, ...]:
        return () if source else self.neighbours


class AcknowledgesUnsynced(Broadcast):
    """Has values on disk a while after it has acknowledged them."""

    def learn(self, ctx: Context, values: tuple[Data, ...], source: str) -> None:
        new = tuple(value for value in values if value not in self.values)
        for value in new:
            ctx.storage.put(f"value/{len(self.values):08}", value)
            self.values[value] = None
        for neighbour in self.receivers(source):
            self.unacknowledged[neighbour].update(dict.fromkeys(new, -(10**9)))
        ctx.set_timer("sync", 50_000_000)
        self.flush(ctx)

    def on_timer_sync(self, ctx: Context) -> None:
        ctx.storage.sync()


class AnyAcknowledgement(Broadcast):
    """Takes an acknowledgement of one neighbour for that of all."""

    def on_Got(self, ctx: Context, src: str, msg: Got) -> None:
        for pending in self.unacknowledged.values():
            for value in msg.values:
                pending.pop(value, None)


class Echoes(Broadcast):
    """Keeps what it is sent as often as it is sent."""

    def on_Spread(self, ctx: Context, src: str, msg: Spread) -> None:
        known = [value for value in msg.values if value in self.values]
        super().on_Spread(ctx, src, msg)
        for value in known:
            self.copies.append(value)

    def __init__(self, neighbours: tuple[str, ...], batch: int = 0) -> None:
        super().__init__(neighbours, batch)
        self.copies: list[Data] = []

    def known(self) -> tuple[Data, ...]:
        return (*super().known(), *self.copies)


class MergesBySum(Counter):
    """Adds the counts that it is told of."""

    def merge(self, known: dict[str, int], told: Mapping[str, int]) -> None:
        for name, count in told.items():
            if name not in known or known[name] < count:
                known[name] = known.get(name, 0) + count


class OneTotal(Counter):
    """Counts up and down in one number for each server, of which merging takes the greater."""

    def count(self, me: str, amount: int) -> None:
        self.up[me] = self.up.get(me, 0) + amount


class CountsRepetitions(Counter):
    """Does not look whether it has seen an addition before."""

    def on_Ask(self, ctx: Context, src: str, msg: Ask) -> None:
        self.done.pop(src, None)
        super().on_Ask(ctx, src, msg)


class ForgetsItsOwn(Counter):
    """Takes what it is told of its own counts for true, and counts on from there."""

    def merge(self, known: dict[str, int], told: Mapping[str, int]) -> None:
        known.update(told)


class NoEpoch(Generator):
    """Leaves the number of restarts out."""

    def id(self, ctx: Context) -> str:
        return f"{ctx.id}.{self.count}"


class ByClock(Generator):
    """Takes the time in milliseconds for the whole of an id."""

    def id(self, ctx: Context) -> str:
        return str(ctx.now // 1_000_000)


class ByChance(Generator):
    """Takes a random number of twelve bits."""

    def id(self, ctx: Context) -> str:
        return str(ctx.random.getrandbits(12))


class OwnOffsets(Log):
    """Numbers messages itself, whoever has the key."""

    def owner(self, key: Data) -> str:
        return self.me

    def start(self, ctx: Context) -> None:
        self.me = ctx.id
        super().start(ctx)


class ReusesOffsets(Log):
    """Answers before the message is on disk: after a restart its offset is given out again."""

    def send(self, ctx: Context, client: str, ask: Ask) -> int:
        number, offset = self.sent.get(client, (-1, -1))
        if ask.number <= number:
            return offset
        log = self.logs.setdefault(ask.key, [])
        log.append(ask.value)
        self.sent[client] = ask.number, len(log) - 1
        written = sum(map(len, self.logs.values()))
        ctx.storage.put(f"log/{written:08}", (ask.key, ask.value, client, ask.number))
        ctx.set_timer("sync", 50_000_000)
        return len(log) - 1

    def on_timer_sync(self, ctx: Context) -> None:
        ctx.storage.sync()


class CommitsBack(Log):
    """Stores every commit, also one that is not as far as another."""

    def commit(self, ctx: Context, key: Data, offset: int) -> None:
        self.commits[key] = offset
        ctx.storage.put(f"commit/{key}", (key, offset))
        ctx.storage.sync()


class SendsTwice(Log):
    """Appends a repeated message again."""

    def send(self, ctx: Context, client: str, ask: Ask) -> int:
        self.sent.pop(client, None)
        return super().send(ctx, client, ask)


def bug(name: str, node: Callable[..., Node], breaks: str) -> tuple[str, tuple[Callable[..., Node], Bug]]:
    return name, (node, Bug(name, breaks))


BROADCAST = dict(
    (
        bug("no-resend", NoResend, "A value is passed on once: what a partition swallows is lost (Gossip Glomers 3c)."),
        bug("one-way", OneWay, "Values from neighbours are not passed on: distant servers never hear of them (3b)."),
        bug("acknowledges-unsynced", AcknowledgesUnsynced, "A value is acknowledged before it is on disk, and lost."),
        bug("any-acknowledgement", AnyAcknowledgement, "One neighbour's acknowledgement is taken for everybody's."),
        bug("echoes", Echoes, "A value that comes again is kept again (3b: messages that go in circles)."),
    )
)
COUNTERS = dict(
    (
        bug("merges-by-sum", MergesBySum, "Counts are added where the greater one counts: merging twice counts twice."),
        bug("one-total", OneTotal, "Ups and downs share a number, and a lower one loses against an older, higher one."),
        bug("counts-repetitions", CountsRepetitions, "An addition that is asked for again is counted again."),
        bug("forgets-its-own", ForgetsItsOwn, "An old count of one's own, told by others, replaces the newer one."),
    )
)
IDS = dict(
    (
        bug("no-epoch", NoEpoch, "After a restart the count begins anew, and ids come again (Gossip Glomers 2)."),
        bug("by-clock", ByClock, "Two servers, or one within a millisecond, give out the same time."),
        bug("by-chance", ByChance, "A random number is too small to be unique: the birthday paradox."),
    )
)
KAFKA = dict(
    (
        bug("own-offsets", OwnOffsets, "Every server numbers messages itself: two messages at one offset (5b)."),
        bug("reuses-offsets", ReusesOffsets, "A message is answered before it is on disk: its offset comes again."),
        bug("commits-back", CommitsBack, "A late commit moves the committed offset back (5a)."),
        bug("sends-twice", SendsTwice, "A repeated send appends the message again, at another offset."),
    )
)
