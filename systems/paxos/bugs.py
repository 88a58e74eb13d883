"""Planted bugs: mistakes that are made with Paxos, each one small change to the correct nodes."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

from ..key_value import LOG, Command, NotLeader, Reply, Request, Snapshot, Store, command_of
from ..node import Context
from ..replicated import Data, Scalar
from ..system import Bug
from .messages import NOOP, Accept, Accepted, Promise
from .messages import Snapshot as Settled
from .replica import PaxosReplica
from .server import Server
from .synod import Ballot, Vote


class ForgetsPromise(PaxosReplica):
    """Keeps its promise in memory only."""

    def save_promise(self, ctx: Context) -> None:
        pass


class LazyDisk(PaxosReplica):
    """Writes votes down, and answers without waiting until they are on the disk."""

    def save_vote(self, ctx: Context, slot: int, vote: Vote) -> None:
        ctx.storage.put(f"vote/{slot}", vote)


class AcceptsAnything(PaxosReplica):
    """Votes for what it is asked to vote for, whatever it has promised."""

    def on_Accept(self, ctx: Context, src: str, msg: Accept) -> None:
        if self.durable and msg.ballot < self.promised and msg.slot > self.executed:
            self.vote(ctx, msg.slot, Vote(msg.ballot, msg.command))
            ctx.send(src, Accepted(msg.ballot, msg.slot))
        else:
            super().on_Accept(ctx, src, msg)


class IgnoresVotes(PaxosReplica):
    """Proposes its own commands from the first slot that it has not executed."""

    def inherited(self) -> list[Data]:
        return []


class FirstVote(PaxosReplica):
    """Proposes the value of the first vote that it was told of."""

    def inherited(self) -> list[Data]:
        first: dict[int, Data] = {}
        for promise in self.promises.values():
            for numbered in promise.votes:
                first.setdefault(numbered.slot, numbered.vote.value)
        return [first.get(slot, NOOP) for slot in range(self.executed + 1, max(first, default=self.executed) + 1)]


class HastyHoles(PaxosReplica):
    """Takes a slot for a hole unless everybody who promised has voted in it."""

    def inherited(self) -> list[Data]:
        voters: defaultdict[int, int] = defaultdict(int)
        for promise in self.promises.values():
            for numbered in promise.votes:
                voters[numbered.slot] += 1
        values = enumerate(super().inherited(), self.executed + 1)
        return [value if voters[slot] == len(self.promises) else NOOP for slot, value in values]


class CountsTwice(PaxosReplica):
    """Counts answers instead of acceptors."""

    def on_Accepted(self, ctx: Context, src: str, msg: Accepted) -> None:
        learner = self.open.get(msg.slot)
        if learner is not None and src in learner.voters:
            src = f"{src} once more"
        super().on_Accepted(ctx, src, msg)


class SmallQuorum(PaxosReplica):
    """Takes for chosen what one acceptor less than a majority has voted for."""

    def send_accept(self, ctx: Context, slot: int, command: Data) -> None:
        super().send_accept(ctx, slot, command)
        self.open[slot].majority -= 1


class CountsOldPromises(PaxosReplica):
    """Counts promises for its present ballot, whatever ballot they were given for."""

    def on_Promise(self, ctx: Context, src: str, msg: Promise) -> None:
        super().on_Promise(ctx, src, Promise(self.ballot, msg.forgotten, msg.votes))


class LearnsFromAnyVote(PaxosReplica):
    """Takes its vote for what was chosen, in whatever ballot it was cast."""

    def learn(self, ctx: Context, ballot: Ballot, chosen: int) -> None:
        for slot in range(self.executed + 1, chosen + 1):
            if slot in self.votes:
                self.chosen.setdefault(slot, self.votes[slot].value)
        self.execute(ctx)


class ReusesBallots(PaxosReplica):
    """Begins to campaign before its ballot is on its disk, and does not count its restarts."""

    def next_ballot(self, ctx: Context) -> Ballot:
        return Ballot(self.promised.number + 1, self.me, 0)

    def save_promise(self, ctx: Context) -> None:
        if self.promised.node != self.me:
            super().save_promise(ctx)


class LeadsTwice(PaxosReplica):
    """Campaigns again with the ballot in which it has led before, and with the promises of then."""

    def step_down(self, ctx: Context) -> None:
        self.leading = False
        super().step_down(ctx)


class ClearsEarly(PaxosReplica):
    """Forgets a slot as soon as a majority has executed it."""

    def settled(self) -> int:
        return sorted(self.reports.get(peer, 0) for peer in self.peers)[(len(self.peers) - 1) // 2]


class ClearsUnsaved(PaxosReplica):
    """Says that it has saved what it has only executed."""

    def save(self, ctx: Context) -> None:
        self.saved = self.executed


class RestoresAnything(PaxosReplica):
    """Takes over every snapshot that arrives, also one that it has gone past."""

    def on_Snapshot(self, ctx: Context, src: str, msg: Settled) -> None:
        self.restore(msg)
        self.execute(ctx)
        self.save(ctx)


class ReadsLocally(Server):
    """Answers reads from the leader's own state."""

    def on_Request(self, ctx: Context, src: str, msg: Request) -> None:
        if self.replica.leading and msg.f in ("read", "get"):
            ctx.send(src, Reply(msg.number, self.store.execute(msg.f, msg.key, None, None)))
        else:
            super().on_Request(ctx, src, msg)


class ForgetsDuplicates(Store):
    """Carries out every command in the log."""

    def apply(self, command: Command) -> Scalar:
        client, number, f, key, value, expected = command
        output = self.execute(f, key, value, expected)
        self.replies[client] = Reply(number, output)
        return output


class ProposesDuplicates(Server):
    """Proposes every request that arrives."""

    def on_Request(self, ctx: Context, src: str, msg: Request) -> None:
        if not self.replica.propose(ctx.sub(LOG), command_of(src, msg)):
            ctx.send(src, NotLeader(msg.number, self.replica.leader))


class SnapshotWithoutDuplicates(Store):
    """Leaves the duplicate table out of snapshots."""

    def snapshot(self) -> Snapshot:
        return super().snapshot()[0], ()


PLANTED: dict[str, tuple[Callable[[Sequence[str]], Server], Bug]] = {
    bug.name: (make, bug)
    for make, bug in (
        (
            partial(Server, replica=ForgetsPromise),
            Bug(
                "promise-in-memory",
                "An acceptor forgets its promise when it restarts, and votes in a ballot that it has promised away "
                "(UW dslabs, lab 3, on nodes that restart: the volatile acceptor).",
            ),
        ),
        (
            partial(Server, replica=LazyDisk),
            Bug(
                "lazy-disk",
                "An acceptor says that it has voted before the vote is on its disk: after a crash a chosen value is "
                "gone (NATS 2.12.1 by Jepsen: acknowledged before fsync).",
            ),
        ),
        (
            partial(Server, replica=AcceptsAnything),
            Bug(
                "accepts-anything",
                "An acceptor votes for whatever it is asked to, below its promise too: a leader that was replaced "
                "goes on choosing (a classic mistake in MIT 6.824, lab 3).",
            ),
        ),
        (
            partial(Server, replica=IgnoresVotes),
            Bug(
                "ignores-votes",
                "A new leader proposes its own commands where others may have been chosen already (UW dslabs, lab 3: "
                "the quorum checks with staged leader changes).",
            ),
        ),
        (
            partial(Server, replica=FirstVote),
            Bug(
                "first-vote",
                "A new leader takes the first vote that it hears of instead of the one in the highest ballot (a "
                "classic mistake in MIT 6.824, lab 3).",
            ),
        ),
        (
            partial(Server, replica=HastyHoles),
            Bug(
                "hasty-holes",
                "A new leader takes a slot for a hole unless everybody who promised has voted in it, and fills over "
                "what was chosen (UW dslabs, lab 3: logs with holes).",
            ),
        ),
        (
            partial(Server, replica=CountsTwice),
            Bug(
                "counts-twice",
                "A leader counts answers, not acceptors: a vote that is repeated makes a majority (a classic mistake "
                "in MIT 6.824, lab 3, on networks that duplicate).",
            ),
        ),
        (
            partial(Server, replica=SmallQuorum),
            Bug(
                "small-quorum",
                "A leader takes for chosen what one acceptor less than a majority has voted for: two quorums need not "
                "meet (a classic mistake in MIT 6.824, lab 3: counting oneself twice).",
            ),
        ),
        (
            partial(Server, replica=CountsOldPromises),
            Bug(
                "counts-old-promises",
                "A candidate counts a late promise that was given for an earlier ballot: a continuation that does not "
                "check its ballot again (a classic mistake in MIT 6.824, there with Raft's terms).",
            ),
        ),
        (
            partial(Server, replica=LearnsFromAnyVote),
            Bug(
                "learns-from-any-vote",
                "A replica takes its vote for what was chosen, though the leader that says so has proposed something "
                "else since (as Raft's commit index beyond the matching prefix).",
            ),
        ),
        (
            partial(Server, replica=ReusesBallots),
            Bug(
                "reuses-ballots",
                "A replica that restarts campaigns with a ballot that it has used before, and proposes two values in "
                "it (message numbers that start again with their process).",
            ),
        ),
        (
            partial(Server, replica=LeadsTwice),
            Bug(
                "leads-twice",
                "A leader that gave up since nobody listened leads again in the same ballot, by the promises of then, "
                "and proposes other commands in it (found in this very system by random crashes).",
            ),
        ),
        (
            partial(Server, replica=ClearsEarly),
            Bug(
                "clears-early",
                "The log is compacted when a majority has executed it: who lags behind cannot be told any more what "
                "was chosen (UW dslabs, lab 3: garbage collection).",
            ),
        ),
        (
            partial(Server, replica=ClearsUnsaved),
            Bug(
                "clears-unsaved",
                "The log is compacted when everybody has executed it, but their states are not on the disks: after "
                "a restart both are gone (garbage collection, then a crash).",
            ),
        ),
        (
            partial(Server, replica=RestoresAnything),
            Bug(
                "restores-anything",
                "A replica takes over a late snapshot over newer state, and loses what it had executed since (a "
                "handler that is not idempotent; MIT 6.5840, CondInstallSnapshot).",
            ),
        ),
        (
            ReadsLocally,
            Bug(
                "reads-locally",
                "The leader answers reads from its own state: one that was replaced and does not know it answers with "
                "old values (etcd 0.4.1 and Consul by Jepsen).",
            ),
        ),
        (
            partial(ProposesDuplicates, store=ForgetsDuplicates),
            Bug(
                "no-dedup",
                "A request that arrives twice takes effect twice (MongoDB 4.2.6 by Jepsen: retried writes).",
            ),
        ),
        (
            partial(Server, store=SnapshotWithoutDuplicates),
            Bug(
                "snapshot-without-duplicates",
                "Snapshots leave out the duplicate table: after a restart a repeated command takes effect again "
                "(MIT 6.5840, lab 4C: snapshots must hold what detects duplicates).",
            ),
        ),
    )
}
"""By name: what makes a server with the bug, and what it breaks."""
