"""Planted bugs: mistakes that are made with Raft, each one small change to the correct nodes."""

from collections.abc import Callable, Sequence
from functools import partial

from ..key_value import Command, KeyValueServer, NotLeader, Reply, Request, Snapshot, command_of
from ..node import Context
from ..replicated import Scalar
from ..system import Bug
from .log import Log
from .messages import Appended, Entry, InstallSnapshot, Outdated, RequestVote, Vote
from .replica import RaftReplica
from .server import READS, RaftStore, Server

# Leader election


class ForgetsVote(RaftReplica):
    """Keeps its vote in memory only."""

    def save_vote(self, ctx: Context) -> None:
        ctx.storage.put("term", (self.term, None))
        ctx.storage.sync()


class ForgetsTerm(RaftReplica):
    """Keeps term and vote in memory only."""

    def save_vote(self, ctx: Context) -> None:
        pass


class VotesTwice(RaftReplica):
    """Does not look whether it has voted in the term already."""

    def on_RequestVote(self, ctx: Context, src: str, msg: RequestVote) -> None:
        if not msg.pre and msg.term == self.term and self.state != "leader":
            self.voted_for = None
        super().on_RequestVote(ctx, src, msg)


class VotesForAnyone(RaftReplica):
    """Does not compare logs."""

    def is_up_to_date(self, msg: RequestVote) -> bool:
        return True


class CountsOldVotes(RaftReplica):
    """Counts every vote that arrives while it is a candidate."""

    def on_Vote(self, ctx: Context, src: str, msg: Vote) -> None:
        if self.request is not None and self.request.pre == msg.pre:
            self.count(ctx, src)


class StaysLeader(RaftReplica):
    """Takes over the later term of an answer, and goes on leading in it."""

    def on_Outdated(self, ctx: Context, src: str, msg: Outdated) -> None:
        if self.state == "leader" and msg.term > self.term:
            self.term, self.voted_for = msg.term, None
            self.save_vote(ctx)
        else:
            super().on_Outdated(ctx, src, msg)


# Log replication


class LazyDisk(RaftReplica):
    """Writes entries down, and answers without waiting until they are on the disk."""

    def save_log(self, ctx: Context) -> None:
        pass


class CommitsOldTerms(RaftReplica):
    """Begins its term without an entry of its own, and commits whatever a majority has."""

    def append(self, ctx: Context, entry: Entry) -> None:
        if entry.command is not None:
            super().append(ctx, entry)
        else:
            self.track_members(ctx)

    def may_commit(self, index: int) -> bool:
        return True


class ReadsThroughLog(Server):
    """Has reads agreed on like all else, as in MIT's labs: it needs no entry at the beginning of a term."""

    def agree(self, ctx: Context, command: Command) -> bool:
        return KeyValueServer.agree(self, ctx, command)


class CommitsUnmatched(RaftReplica):
    """Takes what the leader has committed for committed here, as far as its log goes."""

    def committed_here(self, commit: int, match: int) -> int:
        return min(commit, self.log.last)


class TruncatesOnAppend(RaftReplica):
    """Ends its log with the entries of whatever message arrives."""

    def store(self, ctx: Context, prev: int, entries: tuple[Entry, ...]) -> None:
        if prev >= self.log.base:
            self.log.cut(ctx.storage, prev + 1)
        super().store(ctx, prev, entries)


class AppliesEarly(RaftReplica):
    """A leader applies what it has appended, and answers, before others have it."""

    def append(self, ctx: Context, entry: Entry) -> None:
        super().append(ctx, entry)
        self.commit_upto(ctx, self.log.last)


class SmallQuorum(RaftReplica):
    """Commits what one less than a majority has."""

    def known_to_majority(self, numbers: dict[str, int]) -> int:
        reached = sorted(numbers.get(member, -1) for member in self.log.members)
        return reached[min((len(reached) - 1) // 2 + 1, len(reached) - 1)]


# Snapshots


class RestoresAnything(RaftReplica):
    """Takes over every snapshot that arrives, also one that it has gone past."""

    def on_InstallSnapshot(self, ctx: Context, src: str, msg: InstallSnapshot) -> None:
        if self.in_term(ctx, src, msg.term):
            self.follow(ctx, src)
            if msg.snapshot.index < self.log.base:
                self.log.cut(ctx.storage, self.log.base + 1)
                self.log = Log(msg.snapshot.members)
            self.install(ctx, msg.snapshot)
            ctx.send(src, Appended(self.term, msg.snapshot.index, msg.number))


class SnapshotWithoutDuplicates(RaftStore):
    """Leaves the duplicate table out of snapshots."""

    def snapshot(self) -> Snapshot:
        return super().snapshot()[0], ()


# Membership


class OverlappingChanges(RaftReplica):
    """Changes the members while the last change is not committed."""

    def is_settled(self) -> bool:
        return self.first <= self.commit


class ChangesTooSoon(RaftReplica):
    """Changes the members before anything of its own term is committed."""

    def is_settled(self) -> bool:
        return self.log.changed <= self.commit


# Clients


class ReadsLocally(Server):
    """Answers reads from the leader's own state."""

    def agree(self, ctx: Context, command: Command) -> bool:
        if self.replica.state == "leader" and command[2] in READS:
            self.readable(ctx, command)
            return True
        return super().agree(ctx, command)


class ReadsTooSoon(RaftReplica):
    """Serves reads as soon as it leads, from what it knew to be committed before."""

    def sufficient(self) -> int:
        return self.commit


class ReadsByLease(Server):
    """Answers reads from the leader's own state as long as a majority has answered it lately."""

    def agree(self, ctx: Context, command: Command) -> bool:
        replica = self.replica
        heard = [name for name in replica.log.members if replica.state == "leader" and replica.is_heard(ctx, name)]
        if command[2] in READS and replica.majority(heard) and replica.applied >= replica.first:
            self.readable(ctx, command)
            return True
        return super().agree(ctx, command)


class ForgetsDuplicates(RaftStore):
    """Carries out every command in the log."""

    def apply(self, command: Command) -> Scalar:
        client, number, f, key, value, expected = command
        output = self.execute(f, key, value, expected)
        self.replies[client] = Reply(number, output)
        return output


class ProposesDuplicates(Server):
    """Proposes every request that arrives."""

    def on_Request(self, ctx: Context, src: str, msg: Request) -> None:
        if not self.agree(ctx, command_of(src, msg)):
            ctx.send(src, NotLeader(msg.number, self.replica.leader))


class AnswersByIndex(Server):
    """Remembers at which index it has appended a request, and answers it with whatever is applied there."""

    def __init__(self, peers: Sequence[str]) -> None:
        super().__init__(peers)
        self.waiting: dict[int, tuple[str, int]] = {}

    def agree(self, ctx: Context, command: Command) -> bool:
        before = self.replica.log.last
        taken = super().agree(ctx, command)
        if self.replica.log.last > before:
            self.waiting[self.replica.log.last] = command[:2]
        return taken

    def applied(self, ctx: Context, command: Command, output: Scalar) -> None:
        client, number = self.waiting.pop(self.replica.applied, ("", 0))
        if client:
            ctx.send(client, Reply(number, output))


PLANTED: dict[str, tuple[Callable[[Sequence[str]], Server], Bug]] = {
    bug.name: (make, bug)
    for make, bug in (
        (
            partial(Server, replica=ForgetsVote),
            Bug(
                "vote-in-memory",
                "A server forgets its vote when it restarts, and votes in the same term again (MIT 6.5840, lab 3C; "
                "Redis-Raft by Jepsen: split brain and lost updates).",
            ),
        ),
        (
            partial(Server, replica=ForgetsTerm),
            Bug(
                "term-in-memory",
                "A server forgets its term when it restarts, and follows and votes in terms that are over (MIT 6.5840, "
                "lab 3C: state that was not persisted).",
            ),
        ),
        (
            partial(Server, replica=VotesTwice),
            Bug(
                "votes-twice",
                "A server votes for every candidate that asks it, in the same term too (a classic mistake in MIT "
                "6.5840, lab 3A).",
            ),
        ),
        (
            partial(Server, replica=VotesForAnyone),
            Bug(
                "votes-for-anyone",
                "A server votes without comparing logs: a leader without committed entries is elected (a classic "
                "mistake in MIT 6.5840, lab 3B: the election restriction).",
            ),
        ),
        (
            partial(Server, replica=CountsOldVotes),
            Bug(
                "counts-old-votes",
                "A candidate counts votes that it was given in an earlier term: a continuation that does not check "
                "its term again (MIT's guide for students of Raft: term confusion).",
            ),
        ),
        (
            partial(Server, replica=StaysLeader),
            Bug(
                "stays-leader",
                "A leader that is told of a later term goes on leading in it (a classic mistake in MIT 6.5840, lab "
                "3A: a term is taken over without becoming a follower).",
            ),
        ),
        (
            partial(Server, replica=LazyDisk),
            Bug(
                "lazy-log",
                "A server says that it has appended entries before they are on its disk: after a crash committed ones "
                "are gone (NATS 2.12.1 by Jepsen: acknowledged before fsync).",
            ),
        ),
        (
            partial(ReadsThroughLog, replica=CommitsOldTerms),
            Bug(
                "commits-old-terms",
                "A leader commits an entry of an earlier term because a majority has it; another may still be elected "
                "without it (figure 8 of the paper; MIT 6.5840, lab 3C).",
            ),
        ),
        (
            partial(Server, replica=CommitsUnmatched),
            Bug(
                "commits-unmatched",
                "A follower commits as far as its leader has, in the part of its log that the leader has not compared "
                "(MIT's guide for students of Raft: the index of the last new entry).",
            ),
        ),
        (
            partial(Server, replica=TruncatesOnAppend),
            Bug(
                "truncates-on-append",
                "A message that comes late cuts off entries that were appended, and answered, after it was sent (MIT's "
                "guide for students of Raft; Maelstrom's own Raft in Python).",
            ),
        ),
        (
            partial(Server, replica=AppliesEarly),
            Bug(
                "applies-early",
                "A leader applies entries that are not committed, and answers clients (Elasticsearch 1.1.0 by Jepsen: "
                "acknowledged before it was replicated).",
            ),
        ),
        (
            partial(Server, replica=SmallQuorum),
            Bug(
                "small-quorum",
                "A leader commits, and confirms reads, with one server less than a majority (a classic mistake in MIT "
                "6.5840, lab 3B: counting oneself twice).",
            ),
        ),
        (
            partial(Server, replica=RestoresAnything),
            Bug(
                "restores-anything",
                "A server takes over a late snapshot over newer state, and loses entries that it has said to have "
                "(MIT 6.5840, lab 3D: CondInstallSnapshot).",
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
        (
            partial(Server, replica=OverlappingChanges),
            Bug(
                "overlapping-changes",
                "Members are changed while the last change is not committed: two majorities without a member in "
                "common decide (RethinkDB 2.2.3 by Jepsen: reconfiguration).",
            ),
        ),
        (
            partial(Server, replica=ChangesTooSoon),
            Bug(
                "changes-too-soon",
                "A new leader changes the members before an entry of its own term is committed: an earlier leader's "
                "change may be in force, too (Ongaro, 2015: the bug in single-server membership changes).",
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
            partial(Server, replica=ReadsTooSoon),
            Bug(
                "reads-too-soon",
                "A new leader serves reads before it knows what its predecessors had committed (Ongaro's thesis, "
                "section 6.4: the entry at the beginning of a term).",
            ),
        ),
        (
            ReadsByLease,
            Bug(
                "reads-by-lease",
                "The leader answers reads from its own state for as long after it was last answered as it takes for "
                "others to elect another (YugaByte DB 1.1.9 by Jepsen: leases; Ongaro's thesis, section 6.4.1).",
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
            AnswersByIndex,
            Bug(
                "answers-by-index",
                "A server answers a request when an entry is applied at the index where it had appended it, even if "
                "another leader has put another one there (a classic mistake in MIT 6.5840, lab 4A).",
            ),
        ),
    )
}
"""By name: what makes a server with the bug, and what it breaks."""
