"""Planted bugs: mistakes that are made with shards that move, each one small change to the correct nodes."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from ..key_value import Command as Requested
from ..key_value import Reply, Request, Snapshot, Store
from ..node import Context
from ..system import Bug
from .configuration import Argument, Configuration, as_data, shard_of
from .master import MasterServer, ShardMaster
from .messages import NEWEST, Received, Transfer
from .server import GroupServer
from .store import CONFIGURE, FORGET, RECEIVE, ShardStore


class MovesWithoutDuplicates(GroupServer):
    """Sends the values of a shard, and keeps the duplicate table."""

    def hand_over(self, ctx: Context, number: int, shard: int) -> None:
        items, _ = self.store.leaving[number, shard]
        for server in self.store.bound[number, shard]:
            ctx.send(server, Transfer(number, shard, items, ()))


class ServesAtOnce(ShardStore):
    """Serves what it owns from the moment of the change of configuration on."""

    def await_(self, shard: int) -> None:
        super().await_(shard)
        self.shards[shard] = Store()


class ServesOn(ShardStore):
    """Gives a shard away, and goes on serving it."""

    def give_away(self, new: Configuration, shard: int) -> None:
        kept = self.shards[shard]
        super().give_away(new, shard)
        self.shards[shard] = kept


class TakesAnyNewer(ShardStore):
    """Changes to any configuration that is newer than its own."""

    def may_change_to(self, new: Configuration) -> bool:
        return new.number > self.configuration.number and not self.awaited


class AsksForTheNewest(GroupServer):
    """Asks for the newest configuration instead of the next one."""

    def wanted(self) -> int:
        return NEWEST

    def on_Configuration(self, ctx: Context, src: str, msg: Configuration) -> None:
        if msg.number > self.store.configuration.number and self.is_complete():
            self.propose(ctx, (CONFIGURE, as_data(msg)))


class TakesAny(ShardStore):
    """Changes to any configuration that is not its own."""

    def may_change_to(self, new: Configuration) -> bool:
        return new.number != self.configuration.number and not self.awaited


class BelievesAnyMaster(GroupServer):
    """Goes by what any server of the master takes for the newest configuration."""

    def wanted(self) -> int:
        return NEWEST

    def on_Configuration(self, ctx: Context, src: str, msg: Configuration) -> None:
        if msg.number != self.store.configuration.number and self.is_complete():
            self.propose(ctx, (CONFIGURE, as_data(msg)))


class HandsOverEarly(GroupServer):
    """Hands shards over when it hears of a configuration, not when its log has come to it."""

    def on_Configuration(self, ctx: Context, src: str, msg: Configuration) -> None:
        super().on_Configuration(ctx, src, msg)
        if not self.leads(ctx) or msg.number != self.wanted():
            return
        for shard in sorted(self.store.shards.keys() - msg.shards(self.group)):
            for server in msg.servers(msg.owners[shard]):
                ctx.send(server, Transfer(msg.number, shard, *self.store.shards[shard].snapshot()))


class DeletesEarly(GroupServer):
    """Deletes a shard as soon as it is sent."""

    def hand_over(self, ctx: Context, number: int, shard: int) -> None:
        super().hand_over(ctx, number, shard)
        self.propose(ctx, (FORGET, (number, shard)))


class NeverDeletes(ShardStore):
    """Keeps what it has handed over."""

    def forget(self, number: int, shard: int) -> bool:
        return (number, shard) in self.leaving


class ReceivesAnything(ShardStore):
    """Takes any shard that it owns over what it has."""

    def receive(self, number: int, shard: int, contents: Snapshot) -> bool:
        if self.configuration.owners[shard] != self.group:
            return False
        self.awaited.discard(shard)
        self.shards[shard] = Store()
        self.shards[shard].restore(contents)
        return True


class AcceptsLateTransfers(GroupServer):
    """Receives whatever arrives, once more too."""

    def on_Transfer(self, ctx: Context, src: str, msg: Transfer) -> None:
        if self.store.has_received(msg.number, msg.shard):
            ctx.send(src, Received(msg.number, msg.shard))
        self.propose(ctx, (RECEIVE, (msg.number, msg.shard, msg.contents)))


class ChecksOnce(ShardStore):
    """Carries out whatever is in the log: whether the shard is served was looked at when the request came."""

    def do(self, request: Requested) -> bool:
        self.shards.setdefault(shard_of(request[3]), Store()).apply(request)
        return True


class OverlapsInStore(ShardStore):
    """Changes to the next configuration while shards of the present one are on their way."""

    def may_change_to(self, new: Configuration) -> bool:
        return new.number == self.configuration.number + 1

    def give_away(self, new: Configuration, shard: int) -> None:
        self.awaited.discard(shard)
        self.shards.setdefault(shard, Store())
        super().give_away(new, shard)


class Overlaps(GroupServer):
    """Does not wait until a configuration is complete."""

    def is_complete(self) -> bool:
        return True


class ForgetsMoves(ShardStore):
    """Leaves out of its snapshots what it has yet to hand over."""

    def restore(self, snapshot: tuple[object, ...]) -> None:
        super().restore((*snapshot[:-1], ()))


class ReadsLocally(GroupServer):
    """Any server of the group answers reads from its own state."""

    def on_Request(self, ctx: Context, src: str, msg: Request) -> None:
        if msg.f in ("get", "read") and self.serves(msg):
            served = self.store.shards[shard_of(msg.key)]
            ctx.send(src, Reply(msg.number, served.execute(msg.f, msg.key, None, None)))
        else:
            super().on_Request(ctx, src, msg)


class Shuffles(ShardMaster):
    """Deals the shards out anew with every join and leave."""

    def following(self, f: str, argument: Argument) -> Configuration | None:
        new = super().following(f, argument)
        if new is None or f == "move":
            return new
        names = [group for group, _ in new.groups]
        owners = tuple(names[shard % len(names)] for shard in range(len(new.owners)))
        return Configuration(new.number, owners, new.groups)


class Heaps(ShardMaster):
    """Gives all shards of a group that leaves to one other."""

    def following(self, f: str, argument: Argument) -> Configuration | None:
        new = super().following(f, argument)
        if new is None or f != "leave":
            return new
        heir = new.groups[0][0]
        owners = tuple(heir if owner == argument else owner for owner in self.history[-1].owners)
        return Configuration(new.number, owners, new.groups)


class SnapshotsWithoutDuplicates(ShardStore):
    """Leaves the duplicate tables out of snapshots."""

    def restore(self, snapshot: tuple[object, ...]) -> None:
        super().restore(snapshot)
        for shard in self.shards.values():
            shard.replies.clear()


Servers: TypeAlias = tuple[Callable[..., GroupServer], Callable[..., MasterServer]]
"""What makes a server of a group, and one of the master."""

PLANTED: dict[str, tuple[Servers, Bug]] = {
    bug.name: (servers, bug)
    for servers, bug in (
        (
            (MovesWithoutDuplicates, MasterServer),
            Bug(
                "moves-without-duplicates",
                "A shard moves without its duplicate table: a request that is repeated to the new owner takes effect "
                "again (the classic mistake in MIT 6.824, lab 4).",
            ),
        ),
        (
            (partial(GroupServer, store=ServesAtOnce), MasterServer),
            Bug(
                "serves-at-once",
                "The new owner serves a shard before its values have arrived (MIT 6.824, lab 4: what was put is "
                "not there after a join).",
            ),
        ),
        (
            (partial(GroupServer, store=ServesOn), MasterServer),
            Bug(
                "serves-on",
                "The old owner goes on serving what it has given away: two groups own the shard (UW dslabs, lab 4: "
                "shards really move).",
            ),
        ),
        (
            (partial(AsksForTheNewest, store=TakesAnyNewer), MasterServer),
            Bug(
                "skips-configurations",
                "A group changes to the newest configuration and leaves out those between: moves that others make "
                "happen nowhere (MIT 6.824, lab 4: reconfigurations one at a time, in order).",
            ),
        ),
        (
            (partial(BelievesAnyMaster, store=TakesAny), MasterServer),
            Bug(
                "believes-any-master",
                "A group goes back to an older configuration because a server of the master that lags behind says so "
                "(MIT 6.5840, lab 5C: a stale controller must be fenced).",
            ),
        ),
        (
            (HandsOverEarly, MasterServer),
            Bug(
                "hands-over-early",
                "A leader hands a shard over when it hears of the configuration, before its log has come to it: what "
                "is written in between is lost (MIT 6.824, lab 4: reconfiguration outside of the log).",
            ),
        ),
        (
            (DeletesEarly, MasterServer),
            Bug(
                "deletes-early",
                "The old owner deletes a shard when it has sent it: if the message is lost, so is the shard (MIT "
                "6.824, lab 4, challenge 1).",
            ),
        ),
        (
            (partial(GroupServer, store=NeverDeletes), MasterServer),
            Bug(
                "never-deletes",
                "The old owner keeps, and sends, what others have received long ago (MIT 6.824, lab 4, challenge 1).",
            ),
        ),
        (
            (partial(AcceptsLateTransfers, store=ReceivesAnything), MasterServer),
            Bug(
                "accepts-late-transfers",
                "A transfer that comes once more, or late, replaces what was written since; an empty shard is brought "
                "back over a full one (a handler that is not idempotent; MIT 6.824, lab 4).",
            ),
        ),
        (
            (partial(GroupServer, store=ChecksOnce), MasterServer),
            Bug(
                "checks-once",
                "Whether the shard is served is looked at when a request comes, not when it is carried out: what is "
                "behind a reconfiguration in the log is written to nowhere (MIT 6.824, lab 4).",
            ),
        ),
        (
            (partial(Overlaps, store=OverlapsInStore), MasterServer),
            Bug(
                "overlaps",
                "A group changes to the next configuration while shards of this one are on their way: it gives away "
                "what it has not received (MIT 6.824, lab 4: overlapping reconfigurations).",
            ),
        ),
        (
            (partial(GroupServer, store=ForgetsMoves), MasterServer),
            Bug(
                "forgets-moves",
                "Snapshots leave out what has yet to be handed over: after a restart the shard is nowhere (MIT 6.824, "
                "2015, lab 5: recovery from disk).",
            ),
        ),
        (
            (partial(GroupServer, store=SnapshotsWithoutDuplicates), MasterServer),
            Bug(
                "snapshot-without-duplicates",
                "Snapshots leave out the duplicate tables: after a restart a repeated request takes effect again "
                "(MIT 6.5840, lab 4C, there for one group).",
            ),
        ),
        (
            (ReadsLocally, MasterServer),
            Bug(
                "reads-locally",
                "Any server of a group answers reads from its own state: one that lags behind reads what its group "
                "has given away (Consul and etcd 0.4.1 by Jepsen: stale reads).",
            ),
        ),
        (
            (GroupServer, partial(MasterServer, machine=Shuffles)),
            Bug(
                "shuffles",
                "The master deals all shards out anew with every join and leave: many more move than have to (UW "
                "dslabs, lab 4: minimal moves).",
            ),
        ),
        (
            (GroupServer, partial(MasterServer, machine=Heaps)),
            Bug(
                "heaps",
                "The master gives all shards of a group that leaves to one other (UW dslabs, lab 4: balanced shards).",
            ),
        ),
    )
}
"""By name: what makes the servers with the bug, and what it breaks."""
