"""A kill may keep any part of what is not synced: what a replica finds then must never contradict what it has said."""

from collections.abc import Callable
from itertools import product

import pytest
from handlers import Recorder

from splitbrain.systems.key_value import Store
from splitbrain.systems.node import Context
from splitbrain.systems.paxos.messages import Accept, Accepted, Heartbeat, Here, Numbered, Prepare, Promise, Saved
from splitbrain.systems.paxos.replica import PaxosReplica
from splitbrain.systems.paxos.synod import Ballot, Vote
from splitbrain.systems.storage import Disk, NodeStorage

NAMES = ("s1", "s2", "s3")
COMMANDS = [("c0", number, "put", "x", f"{number}", None) for number in range(1, 4)]


class OnDisk(Recorder):
    """A context with a disk, whose syncs are over when the test says so."""

    def __init__(self, disk: Disk, epoch: int) -> None:
        super().__init__("s1", epoch)
        self.disk = disk

    @property
    def storage(self) -> NodeStorage:
        return NodeStorage(self.disk, "", lambda: None)

    @property
    def outer(self) -> Context:
        return self

    def synced(self) -> None:
        self.disk.finish(self.disk.mark())


class Silent:
    """A service that answers nobody."""

    def applied(self, ctx: Context, command: object, output: object) -> None:
        pass


def started(disk: Disk, epoch: int) -> tuple[PaxosReplica, OnDisk]:
    """The replica s1 of three, just started."""
    replica, ctx = PaxosReplica(NAMES, Store(), Silent()), OnDisk(disk, epoch)
    replica.start(ctx)
    if epoch == 0:
        ctx.synced()
        replica.on_timer_ready(ctx)
    return replica, ctx


def promised(replica: PaxosReplica, ctx: OnDisk) -> Promise:
    """What it promises a candidate that knows nothing."""
    replica.on_Prepare(ctx, "s3", Prepare(Ballot(9, "s3", 0), 0))
    [(_, promise)] = ctx.take()
    assert isinstance(promise, Promise)
    return promise


def follower_that_clears() -> Disk:
    """The disk of a follower at the moment at which it deletes three votes, after everybody has saved their effect."""
    replica, ctx = started(Disk(), 0)
    ballot = Ballot(1, "s2", 0)
    for slot, command in enumerate(COMMANDS, 1):
        replica.on_Accept(ctx, "s2", Accept(ballot, slot, command, slot - 1))
    replica.on_Heartbeat(ctx, "s2", Heartbeat(ballot, 3, 0))
    ctx.synced()
    replica.on_Heartbeat(ctx, "s2", Heartbeat(ballot, 3, 3))
    assert replica.cleared == 3
    return ctx.disk


def leader_that_clears() -> Disk:
    """The disk of a leader that is the last to save the effect of three slots, at the moment at which it does."""
    replica, ctx = started(Disk(), 0)
    replica.on_timer_election(ctx)
    ballot = replica.ballot
    ctx.synced()
    replica.on_Promise(ctx, "s2", Promise(ballot, 0, ()))
    for slot, command in enumerate(COMMANDS, 1):
        replica.propose(ctx, command)
        replica.on_Accepted(ctx, "s2", Accepted(ballot, slot))
    for peer in ("s2", "s3"):
        replica.on_Saved(ctx, peer, Saved(ballot, 3))
    ctx.synced()
    replica.on_timer_heartbeat(ctx)
    assert replica.saved == 3
    return ctx.disk


@pytest.mark.parametrize("make", [follower_that_clears, leader_that_clears])
def test_votes_are_told_or_said_to_be_forgotten_whatever_a_kill_leaves_of_deletes(make: Callable[[], Disk]) -> None:
    for kept in product((False, True), repeat=make().unsynced):
        disk = make()
        disk.crash_keeping(kept)
        promise = promised(*started(disk, 1))
        told = {numbered.slot for numbered in promise.votes}
        assert told >= set(range(promise.forgotten + 1, 4)), f"{kept}: forgotten {promise.forgotten}, votes {told}"


def reborn() -> tuple[PaxosReplica, OnDisk]:
    """A replica without its disk that has just begun to lead by the votes of the others in two slots."""
    replica, ctx = started(Disk(), 1)
    for peer in ("s2", "s3"):
        replica.on_Here(ctx, peer, Here())
    replica.on_timer_election(ctx)
    ctx.synced()
    votes = tuple(Numbered(slot, Vote(Ballot(1, "s2", 0), COMMANDS[slot])) for slot in (1, 2))
    for peer in ("s2", "s3"):
        replica.on_Promise(ctx, peer, Promise(replica.ballot, 0, votes))
    assert replica.leading
    return replica, ctx


def test_a_disk_is_marked_only_when_all_that_belongs_there_is() -> None:
    for kept in product((False, True), repeat=reborn()[1].disk.unsynced):
        disk = reborn()[1].disk
        disk.crash_keeping(kept)
        replica, _ = started(disk, 2)
        assert not replica.durable or replica.votes.keys() == {1, 2}, kept


def test_it_votes_again_when_its_disk_is_marked() -> None:
    replica, ctx = reborn()
    ctx.synced()
    assert not replica.durable
    replica.on_timer_settled(ctx)
    ctx.synced()
    replica.on_timer_ready(ctx)
    assert replica.durable
    again, ctx = started(ctx.disk, 2)
    assert {numbered.slot for numbered in promised(again, ctx).votes} == {1, 2}


def test_a_higher_ballot_before_the_mark_is_kept_and_the_replica_tries_to_lead_again() -> None:
    replica, ctx = reborn()
    higher = Ballot(7, "s2", 0)
    replica.on_Heartbeat(ctx, "s2", Heartbeat(higher, 0, 0))
    assert "election" in ctx.timers
    replica.on_timer_settled(ctx)
    ctx.synced()
    assert started(ctx.disk, 2)[0].promised == higher
