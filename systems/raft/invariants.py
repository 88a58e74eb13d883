"""What holds at every moment of every run, whatever the clients happen to see of it (figure 3 of the paper, and more).

All are folds over what the replicas have in memory after a handler. That need not be on a disk yet, so none of them
relies on it before somebody else has heard of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from ..key_value import Reply, Request
from ..node import Node
from ..replicated import Data, Scalar
from ..system import Broken, Monitor
from .messages import Appended, AppendEntries, Entry, InstallSnapshot, Outdated, RequestVote, Vote
from .replica import RaftReplica
from .server import CHANGES, TRANSFER, Server


class OneLeader:
    """Election safety: at most one leader in a term. `state` is who has led in each."""

    name = "one-leader"
    initial: ClassVar[Mapping[int, str]] = {}
    events: ClassVar[frozenset[type]] = frozenset((str, Vote, Outdated))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(node, Server)
        assert isinstance(state, dict)
        replica = node.replica
        if replica.state != "leader" or state.get(replica.term) == node_id:
            return state
        if replica.term in state:
            return Broken(f"in term {replica.term}, {state[replica.term]} leads, and {node_id} does")
        return {**state, replica.term: node_id}


@dataclass(frozen=True)
class Votes:
    """The last vote that each server has cast, as term and candidate, and the last one that a candidate has counted."""

    cast: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    counted: Mapping[str, tuple[int, str]] = field(default_factory=dict)


class OneVote:
    """Votes are counted only if they were cast, a server has one in a term, and it remembers one that was counted."""

    name = "one-vote"
    initial = Votes()
    events = frozenset((str, RequestVote, Vote, AppendEntries))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(node, Server)
        assert isinstance(state, Votes)
        replica = node.replica
        term, candidate = state.counted.get(node_id, (0, None))
        if replica.term < term:
            return Broken(f"{node_id} has voted in term {term}, and is back in term {replica.term}")
        if replica.term == term and replica.voted_for != candidate:
            return Broken(f"{node_id} has voted for {candidate} in term {term}, but goes by {replica.voted_for}")
        if isinstance(event, RequestVote) and replica.voted_for is not None:
            vote = (replica.term, replica.voted_for)
            if state.cast.get(node_id) != vote:
                return replace(state, cast={**state.cast, node_id: vote})
        return self.count(state, replica) if isinstance(event, Vote) else state

    @staticmethod
    def count(state: Votes, candidate: RaftReplica) -> Votes | Broken:
        """The state after a candidate has received a vote."""
        elected = candidate.state == "leader"
        if not elected and (candidate.request is None or candidate.request.pre):
            return state
        counted = dict(state.counted)
        mine = (candidate.term, candidate.me)
        for voter in sorted(candidate.votes - {candidate.me}):
            cast = state.cast.get(voter, (0, ""))
            if cast != mine and cast[0] <= candidate.term:
                return Broken(f"{candidate.me} counts a vote of {voter} in term {candidate.term} that it has not given")
            if counted.get(voter, (0, ""))[0] < candidate.term:
                counted[voter] = mine
        return state if counted == state.counted else replace(state, counted=counted)


class LogMatching:
    """Two logs that have an entry of the same index and term are the same up to there.

    `state` has every entry by index and term, and the term of the one before it.
    """

    name = "log-matching"
    initial: ClassVar[Mapping[tuple[int, int], tuple[int, Entry]]] = {}
    events: ClassVar[frozenset[type]] = frozenset((AppendEntries,))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(node, Server)
        assert isinstance(event, AppendEntries)
        assert isinstance(state, dict)
        log = node.replica.log
        first, last = event.prev_index + 1, event.prev_index + len(event.entries)
        news = {}
        for index in range(max(first, log.base + 1), min(last, log.last) + 1):
            entry = log.entry(index)
            here = (log.term(index - 1), entry)
            there = state.get((index, entry.term))
            if there is None:
                news[index, entry.term] = here
            elif there != here:
                return Broken(f"at index {index}, {node_id} and another have different entries of term {entry.term}")
        if not news:
            return state
        return {place: entry for place, entry in state.items() if place[0] > log.base} | news


@dataclass(frozen=True)
class Standing:
    """A server's log, as far as elections are concerned: who would get its vote, and whose it needs."""

    base: int = 0
    terms: tuple[int, ...] = ()
    last: tuple[int, int] = (0, 0)
    members: tuple[str, ...] = ()

    def holds(self, index: int, term: int) -> bool:
        """Whether the entry of that term is there at that index."""
        at = index - self.base - 1
        return at < 0 or (at < len(self.terms) and self.terms[at] == term)


@dataclass(frozen=True)
class Committed:
    """The last entry that anybody takes for committed, and the logs of all."""

    index: int = 0
    term: int = 0
    servers: Mapping[str, Standing] = field(default_factory=dict)


class LeaderCompleteness:
    """Whoever is elected has every committed entry.

    This looks one election ahead: a server without the last committed entry, but with a log that a majority of its
    members would vote for, is as good as elected. In Raft there is none at any time: all that it takes to elect it is
    that the others hear of nobody else for a while.
    """

    name = "leader-completeness"
    initial = Committed()
    events = frozenset((str, Request, Vote, AppendEntries, Appended, InstallSnapshot))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(node, Server)
        assert isinstance(state, Committed)
        replica, log = node.replica, node.replica.log
        known = state.servers.get(node_id)
        last = (log.last_term, log.last)
        commit = min(replica.commit, log.last)
        unchanged = known is not None and known.last == last and known.base == log.base
        if not unchanged:
            standing = Standing(log.base, tuple(entry.term for entry in log.entries), last, log.members)
            state = replace(state, servers={**state.servers, node_id: standing})
        if commit > state.index:
            state = replace(state, index=commit, term=log.term(commit))
        elif unchanged:
            return state
        return self.usurped(state) or state

    @staticmethod
    def usurped(state: Committed) -> Broken | None:
        """What is broken if somebody without the committed entry could be elected."""
        for name, candidate in state.servers.items():
            if candidate.holds(state.index, state.term) or name not in candidate.members:
                continue
            voters = [
                member for member in candidate.members if state.servers.get(member, Standing()).last <= candidate.last
            ]
            if 2 * len(voters) > len(candidate.members):
                return Broken(
                    f"{name} has not the entry {state.index} of term {state.term}, which is committed, but "
                    f"{', '.join(sorted(voters))} would elect it"
                )
        return None


@dataclass(frozen=True)
class Matched:
    """A leader knows that a follower has its entries up to this one."""

    term: int
    index: int
    entry_term: int


class Replicated:
    """What a follower has said to have, it has for as long as that leader may count on it, restarts included.

    `state` is the latest that a leader knows of each follower.
    """

    name = "replicated"
    initial: ClassVar[Mapping[str, Matched]] = {}
    events: ClassVar[frozenset[type]] = frozenset((str, RequestVote, AppendEntries, Appended, InstallSnapshot))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(node, Server)
        assert isinstance(state, dict)
        replica = node.replica
        known: Matched | None = state.get(node_id)
        if known is not None and replica.term <= known.term:
            if replica.term < known.term:
                return Broken(f"{node_id} has answered in term {known.term}, and is back in term {replica.term}")
            if not replica.log.holds(known.index, known.entry_term):
                return Broken(
                    f"{node_id} has said in term {known.term} that its log has the entry {known.index} of term "
                    f"{known.entry_term}, which is not there"
                )
        if replica.state != "leader" or not isinstance(event, Appended):
            return state
        news = {}
        for name, follower in replica.followers.items():
            before = state.get(name, Matched(0, 0, 0))
            if replica.log.base <= follower.match > 0 and (before.term, before.index) < (replica.term, follower.match):
                news[name] = Matched(replica.term, follower.match, replica.log.term(follower.match))
        return {**state, **news} if news else state


class CommitInLog:
    """Nobody takes for committed what is not in its log, nor ceases to, nor applies what it does not take for such.

    `state` is how far each server has come since its last start.
    """

    name = "commit-in-log"
    initial: ClassVar[Mapping[str, int]] = {}
    events: ClassVar[frozenset[type]] = frozenset((str, Request, AppendEntries, Appended, InstallSnapshot))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(node, Server)
        assert isinstance(state, dict)
        replica = node.replica
        commit, known = replica.commit, state.get(node_id, 0)
        if commit > replica.log.last:
            return Broken(f"{node_id} takes entries up to {commit} for committed; its log ends at {replica.log.last}")
        if replica.applied > commit:
            return Broken(f"{node_id} has applied {replica.applied} entries, of which {commit} are committed")
        if commit < known and event != "start":
            return Broken(f"{node_id} took entries up to {known} for committed, now {commit}")
        return state if commit == known else {**state, node_id: commit}


@dataclass(frozen=True)
class Applied:
    """The entries that anybody has applied and not everybody has forgotten; how far each server is.

    `requested` has the bit of every request's number that a client has sent to any server.
    """

    commands: Mapping[int, Data] = field(default_factory=dict)
    upto: Mapping[str, int] = field(default_factory=dict)
    requested: int = 0


class OneCommand:
    """State machine safety: all apply the same command at an index, one that a client has asked for."""

    name = "one-command"
    initial = Applied()
    events = frozenset((str, Request, AppendEntries, Appended, InstallSnapshot))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(node, Server)
        assert isinstance(state, Applied)
        if isinstance(event, Request) and event.f not in (*CHANGES, TRANSFER):
            requested = state.requested | 1 << event.number
            state = state if requested == state.requested else replace(state, requested=requested)
        replica, log = node.replica, node.replica.log
        before, now = state.upto.get(node_id, 0), replica.applied
        if now == before:
            return state
        if now < before and event != "start":
            return Broken(f"{node_id} had applied entries up to {before}, and is back at {now}")
        commands = {index: command for index, command in state.commands.items() if index > log.base}
        for index in range(max(before, log.base) + 1, now + 1):
            command = log.entry(index).command
            if commands.setdefault(index, command) != command:
                return Broken(f"at index {index}, {node_id} applies {command}, another server {commands[index]}")
            if isinstance(command, tuple) and not self.is_requested(state, command):
                return Broken(f"at index {index}, {node_id} applies {command}, which nobody has asked for")
        return replace(state, commands=commands, upto={**state.upto, node_id: now})

    @staticmethod
    def is_requested(state: Applied, command: tuple[Data, ...]) -> bool:
        """Whether a client has asked for it; changes of the members are not looked at."""
        return command[2] in CHANGES or bool(state.requested >> int(str(command[1])) & 1)


class SameState:
    """Servers that have applied the same entries hold the same values, the same duplicate table, the same members.

    `state` are the states of the machine that were seen after an entry.
    """

    name = "same-state"
    initial: ClassVar[Mapping[int, tuple[Mapping[Scalar, Scalar], Mapping[str, Reply], tuple[str, ...]]]] = {}
    events: ClassVar[frozenset[type]] = frozenset((str, AppendEntries, InstallSnapshot))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(node, Server)
        assert isinstance(state, dict)
        store, log, index = node.store, node.replica.log, node.replica.applied
        if index < log.base:
            return Broken(f"{node_id} has applied {index} entries, and forgotten {log.base}")
        members = log.members_at(index)
        known = state.get(index)
        if known is None:
            seen = {number: one for number, one in state.items() if number > log.base}
            return {**seen, index: (dict(store.data), dict(store.replies), members)}
        if known == (store.data, store.replies, members):
            return state
        what = different(store.data, known[0]) or different(store.replies, known[1]) or f"members: {members}"
        return Broken(f"after entry {index}, {node_id} and another server differ: {what}")


class OneChange:
    """A leader changes the members only after the change before is committed, and an entry of its own term.

    Without either, two majorities may decide that know nothing of each other (thesis, section 4.1, and its erratum:
    Ongaro on the mailing list of Raft, "bug in single-server membership changes", 2015).
    """

    name = "one-change"
    initial = None
    events: ClassVar[frozenset[type]] = frozenset((Request,))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(node, Server)
        replica, log = node.replica, node.replica.log
        changed = log.changed
        if replica.state != "leader" or changed <= replica.commit or log.term(changed) != replica.term:
            return state
        before = log.configurations[-2][0]
        if before > replica.commit:
            return Broken(f"{node_id} has changed the members at {before} and {changed}, and committed neither")
        if log.term(replica.commit) != replica.term:
            return Broken(f"{node_id} has changed the members in term {replica.term}, and committed nothing of it yet")
        return state


MONITORS: tuple[Monitor, ...] = (
    OneLeader(),
    OneVote(),
    LogMatching(),
    LeaderCompleteness(),
    Replicated(),
    CommitInLog(),
    OneCommand(),
    SameState(),
    OneChange(),
)


def different(mine: Mapping[Any, object], others: Mapping[Any, object]) -> str:
    """The first difference between two tables, "" if there is none."""
    for key in (*mine, *others):
        if mine.get(key) != others.get(key):
            return f"{key} is {mine.get(key)!r} here and {others.get(key)!r} there"
    return ""
