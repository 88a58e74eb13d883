"""Planted bugs: mistakes that are made with transactions on shards, each one small change to the correct nodes."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from ..key_value import Reply
from ..node import Context
from ..replicated import Scalar
from ..sharded.configuration import Configuration, shard_of
from ..sharded.store import ShardStore
from ..system import Bug
from .messages import Decision, Name, Vote
from .operations import MISSING, Argument, Pairs, effect, home_of, keys_of
from .server import TransactionServer
from .store import TransactionStore


class ReadsPrepared(TransactionStore):
    """Executes multi-gets whose keys are all here past the locks."""

    def begin(self, client: str, number: int, f: str, argument: Argument) -> bool:
        locks = self.locks
        if f == "multi_get" and not self.others(keys_of(argument)):
            self.locks = {}
        done = super().begin(client, number, f, argument)
        self.locks = locks | self.locks
        return done


class IgnoresLocks(TransactionStore):
    """Executes whatever has all its keys here past the locks."""

    def free(self, keys: Iterable[str]) -> bool:
        return all(shard_of(key) in self.shards for key in keys)

    def lockable(self, keys: Iterable[str]) -> bool:
        keys = tuple(keys)
        return super().lockable(keys) and self.locks.keys().isdisjoint(keys)


class LocksTwice(TransactionStore):
    """Prepares for transactions whose keys others have locked."""

    def lockable(self, keys: Iterable[str]) -> bool:
        return all(shard_of(key) in self.shards for key in keys)


class ReleasesWithVote(TransactionStore):
    """Keeps its promise to commit, and not the locks that make it worth something."""

    def prepare(self, name: Name, coordinator: tuple[str, ...], keys: tuple[str, ...]) -> bool:
        prepared = super().prepare(name, coordinator, keys)
        self.release(name)
        return prepared


class AnnouncesEarly(TransactionServer):
    """Tells the participants to commit, and then has its group agree on the decision."""

    def count(self, ctx: Context, name: Name) -> None:
        poll = self.polls[name]
        if len(poll.values) == len(poll.voting.parts):
            voting = poll.voting
            found = {**self.store.values(voting.keys), **{k: v for pairs in poll.values.values() for k, v in pairs}}
            _, writes = effect(voting.f, voting.argument, found)
            for part in voting.parts:
                its = tuple((key, writes[key]) for key in part.keys if key in writes)
                self.tell(ctx, part.servers, Decision(name, self.peers, its))
        super().count(ctx, name)


class ForgetsDecisions(TransactionStore):
    """Leaves out of its snapshots what it has decided."""

    def restore(self, snapshot: Any) -> None:
        super().restore(snapshot)
        self.decided.clear()


class ForgetsPromises(TransactionStore):
    """Leaves out of its snapshots what it is prepared for."""

    def restore(self, snapshot: Any) -> None:
        super().restore(snapshot)
        for name in self.prepared:
            self.release(name)
        self.prepared.clear()


class PresumesFromMemory(TransactionServer):
    """Answers that what it does not know was aborted, without asking the log; so does one that does not lead."""

    def on_Vote(self, ctx: Context, src: str, msg: Vote) -> None:
        if msg.name not in self.store.decided and msg.name not in self.store.voting:
            ctx.send(src, Decision(msg.name, self.peers, None))
        else:
            super().on_Vote(ctx, src, msg)


class SilenceIsConsent(TransactionServer):
    """Commits when the time for votes is over, with what it knows."""

    def give_up(self, ctx: Context, name: Name) -> None:
        poll = self.polls[name]
        for part in poll.voting.parts:
            poll.values.setdefault(part.group, tuple((key, "") for key in part.keys))
        self.count(ctx, name)


class OverridesNo(TransactionServer):
    """Takes a vote against for one in favour."""

    def refused(self, ctx: Context, name: Name, group: str) -> None:
        poll = self.polls.get(name)
        if poll is not None:
            keys = next(part.keys for part in poll.voting.parts if part.group == group)
            poll.values[group] = tuple((key, "") for key in keys)
            self.count(ctx, name)


class LateCopies(TransactionStore):
    """Prepares for a copy that comes when the transaction is over."""

    def is_late(self, name: Name) -> bool:
        return False


class DecidesAlone(TransactionServer):
    """Aborts what it is prepared for when it would have to ask for the third time what was decided."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.asked: dict[Name, int] = {}

    def repeat(self, ctx: Context) -> None:
        for name in self.store.prepared:
            self.asked[name] = self.asked.get(name, 0) + 1
            if self.asked[name] > 2:
                self.on_Decision(ctx, ctx.id, Decision(name, (), None))
        super().repeat(ctx)


class LastDecisionWins(TransactionStore):
    """Lets a decision to abort that comes later in the log undo one to commit."""

    def decide(self, name: Name, values: Pairs | None) -> bool:
        return super().decide(name, values) or (values is None and self.decided.pop(name, None) is not None)


class RepeatsTransactions(TransactionStore):
    """Keeps no reply to what was decided by votes: a repeated request is a new transaction."""

    def decide(self, name: Name, values: Pairs | None) -> bool:
        voting = self.voting.get(name)
        known = voting and self.shards[home_of(voting.argument)].replies.get(voting.client)
        decided = super().decide(name, values)
        if voting and decided:
            replies = self.shards[home_of(voting.argument)].replies
            replies.pop(voting.client, None)
            if isinstance(known, Reply):
                replies[voting.client] = known
        return decided


class MovesLocked(TransactionStore):
    """Gives shards away whatever is locked in them."""

    def may_change_to(self, new: Configuration) -> bool:
        return ShardStore.may_change_to(self, new)

    def execute(
        self, client: str, number: int, f: str, argument: Argument, values: Mapping[str, Scalar]
    ) -> dict[str, Scalar]:
        if home_of(argument) in self.shards:
            return super().execute(client, number, f, argument, values)
        return effect(f, argument, values)[1]

    def write(self, pairs: Iterable[tuple[str, Scalar]]) -> None:
        super().write((key, value) for key, value in pairs if shard_of(key) in self.shards)

    def values(self, keys: Iterable[str]) -> dict[str, Scalar]:
        keys = tuple(keys)
        return dict.fromkeys(keys, MISSING) | super().values(key for key in keys if shard_of(key) in self.shards)


class KeepsLocks(TransactionStore):
    """Does not release the locks of what is aborted."""

    def end(self, name: Name, writes: Pairs | None) -> bool:
        if writes is None:
            return self.prepared.pop(name, None) is not None
        return super().end(name, writes)


PLANTED: dict[str, tuple[Callable[..., TransactionServer], Bug]] = {
    bug.name: (server, bug)
    for server, bug in (
        (
            partial(TransactionServer, store=ReadsPrepared),
            Bug(
                "reads-prepared",
                "Reads that need one group only pass locks: they see one half of a transaction that is committed in "
                "one group and not yet in the other (fractured reads; UW dslabs, lab 4: isolation of MultiGet).",
            ),
        ),
        (
            partial(TransactionServer, store=IgnoresLocks),
            Bug(
                "ignores-locks",
                "Transactions that need one group only are executed past the locks of those that need several: what "
                "they write is overwritten by what the others have computed before (lost update).",
            ),
        ),
        (
            partial(TransactionServer, store=LocksTwice),
            Bug(
                "locks-twice",
                "A group prepares for two transactions on one key: both compute from the same old value (lost update "
                "under two-phase commit; Bernstein, Hadzilacos & Goodman 1987, section 3.3).",
            ),
        ),
        (
            partial(TransactionServer, store=ReleasesWithVote),
            Bug(
                "releases-with-vote",
                "A participant releases its locks when it has voted, before the decision (not two-phase: Eswaran et "
                "al., CACM 1976).",
            ),
        ),
        (
            partial(TransactionServer, store=KeepsLocks),
            Bug(
                "keeps-locks",
                "A participant does not release the locks of what is aborted: the keys can never be used again (UW "
                "dslabs, lab 4: no progress after an abort).",
            ),
        ),
        (
            AnnouncesEarly,
            Bug(
                "announces-early",
                "A coordinator announces its decision before it is in its log: who leads after it decides anew (Mohan "
                "et al. 1986: the commit record is forced).",
            ),
        ),
        (
            partial(TransactionServer, store=ForgetsDecisions),
            Bug(
                "forgets-decisions",
                "Snapshots of a coordinator leave out its decisions: after a restart it presumes that what was "
                "committed was aborted (Gray & Lamport 2006, section 3).",
            ),
        ),
        (
            partial(TransactionServer, store=ForgetsPromises),
            Bug(
                "forgets-promises",
                "Snapshots of a participant leave out what it is prepared for: after a restart it has no locks, and "
                "does not do what is decided (Gray & Lamport 2006, section 3: the prepared state is stable).",
            ),
        ),
        (
            PresumesFromMemory,
            Bug(
                "presumes-from-memory",
                "Any server of the coordinator takes what it does not know for aborted, one that lags behind its log "
                "too (Mohan et al. 1986: abort is presumed of what the log does not have, not of what memory has not).",
            ),
        ),
        (
            SilenceIsConsent,
            Bug(
                "silence-is-consent",
                "A vote that does not come in time counts as one in favour (Bernstein et al. 1987, section 7.4: a "
                "timeout in the first phase must abort).",
            ),
        ),
        (
            OverridesNo,
            Bug(
                "overrides-no",
                "A coordinator commits although a group has voted against it (a quorum where there must be unanimity).",
            ),
        ),
        (
            partial(TransactionServer, store=LateCopies),
            Bug(
                "late-copies",
                "A copy of a request to prepare that comes after the decision locks once more, and a copy of the "
                "decision writes once more (a handler that is not idempotent).",
            ),
        ),
        (
            DecidesAlone,
            Bug(
                "decides-alone",
                "A participant that is prepared and hears nothing aborts by itself (the blocking of two-phase commit, "
                "done away with in the wrong way).",
            ),
        ),
        (
            partial(TransactionServer, store=LastDecisionWins),
            Bug(
                "last-decision-wins",
                "A decision to abort that comes later in the log of the coordinator replaces one to commit (the first "
                "is the decision).",
            ),
        ),
        (
            partial(TransactionServer, store=RepeatsTransactions),
            Bug(
                "repeats-transactions",
                "Transactions among several groups are not in the duplicate table: a repeated swap is made twice (UW "
                "dslabs, lab 4: at most once).",
            ),
        ),
        (
            partial(TransactionServer, store=MovesLocked),
            Bug(
                "moves-locked",
                "A shard moves while keys of it are locked: its old owner carries out the decision, and its new owner "
                "does not know of it (UW dslabs, lab 4: reconfiguration waits for locks).",
            ),
        ),
    )
}
"""By name: what makes the servers with the bug, and what it breaks."""
