"""What holds at every moment of every run, whatever the clients happen to see of it.

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
from .messages import Accept, Accepted, Chosen, Heartbeat, Prepare, Promise
from .messages import Snapshot as Snapshot
from .replica import PaxosReplica, Status
from .server import Server
from .synod import Ballot, majority


@dataclass(frozen=True)
class Promised:
    """What an acceptor has promised, and how it had voted by then in the slots above `executed`."""

    ballot: Ballot
    executed: int
    votes: Mapping[int, Ballot]


class PromisesKept:
    """What an acceptor has promised to somebody, it keeps: its promise never decreases, and it votes for nothing below.

    `state` is the highest ballot that each replica is known to have promised, because a candidate has its answer.
    """

    name = "promises-kept"
    initial: ClassVar[Mapping[str, Promised]] = {}
    events: ClassVar[frozenset[type]] = frozenset((str, Prepare, Promise, Accept, Heartbeat))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(node, Server)
        assert isinstance(state, dict)
        replica = node.replica
        known: Promised | None = state.get(node_id)
        if known is not None and replica.durable:
            if replica.promised < known.ballot:
                return Broken(f"{node_id} has promised {shown(known.ballot)}, now goes by {shown(replica.promised)}")
            if isinstance(event, Accept) and self.votes_below(event, known, replica):
                return Broken(f"{node_id} votes in {shown(event.ballot)}, but has promised {shown(known.ballot)}")
        if not isinstance(event, Promise):
            return state
        news = {
            name: Promised(promise.ballot, replica.executed, {one.slot: one.vote.ballot for one in promise.votes})
            for name, promise in replica.promises.items()
            if name != node_id and (name not in state or state[name].ballot < promise.ballot)
        }
        return {**state, **news} if news else state

    @staticmethod
    def votes_below(accept: Accept, known: Promised, replica: PaxosReplica) -> bool:
        """Whether the replica has just voted in a ballot below its promise."""
        vote = replica.votes.get(accept.slot)
        late = accept.ballot < known.ballot and accept.slot > known.executed
        return late and vote is not None and vote.ballot == accept.ballot != known.votes.get(accept.slot)


@dataclass(frozen=True)
class Used:
    """How often each replica was started, who uses each ballot in which life, who leads, and which leaders gave up."""

    starts: Mapping[str, int] = field(default_factory=dict)
    users: Mapping[Ballot, tuple[str, int]] = field(default_factory=dict)
    leaders: Mapping[str, Ballot] = field(default_factory=dict)
    given_up: frozenset[Ballot] = frozenset()


class BallotsUnique:
    """No two proposers use the same ballot, nor two lives of one, and nobody leads in a ballot a second time."""

    name = "ballots-unique"
    initial = Used()
    events = frozenset((str, Promise))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(node, Server)
        assert isinstance(state, Used)
        replica = node.replica
        ballot, leads_in = replica.ballot, state.leaders.get(node_id)
        if event == "start":
            state = replace(state, starts={**state.starts, node_id: state.starts.get(node_id, 0) + 1})
        elif ballot.node == node_id:
            user = (node_id, state.starts[node_id])
            if state.users.get(ballot, user) != user:
                return Broken(f"{node_id} uses {shown(ballot)}, which it used before its last restart")
            if ballot not in state.users:
                state = replace(state, users={**state.users, ballot: user})
        if replica.leading and ballot in state.given_up:
            return Broken(f"{node_id} leads again in {shown(ballot)}, after it had given up")
        if leads_in == (ballot if replica.leading else None):
            return state
        leaders = {name: led for name, led in state.leaders.items() if name != node_id}
        given_up = state.given_up if leads_in is None else state.given_up | {leads_in}
        return replace(state, leaders={**leaders, node_id: ballot} if replica.leading else leaders, given_up=given_up)


@dataclass(frozen=True)
class Proposal:
    """What was proposed in a slot in one ballot, and who has voted for it."""

    command: Data
    voters: frozenset[str]


@dataclass(frozen=True)
class Cast:
    """The proposals by slot and ballot, for the slots above `floor`."""

    floor: int = 0
    proposals: Mapping[int, Mapping[Ballot, Proposal]] = field(default_factory=dict)


class ChosenByMajority:
    """In a ballot one command is proposed for a slot, and what a leader takes for chosen, a majority has voted for."""

    name = "chosen-by-majority"
    initial = Cast()
    events = frozenset((Accept, Accepted))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(node, Server)
        assert isinstance(state, Cast)
        assert isinstance(event, Accept | Accepted)
        if event.slot <= state.floor:
            return state
        if isinstance(event, Accept):
            return self.voted(state, event, node.replica, node_id)
        proposals = state.proposals.get(event.slot, {})
        replica = node.replica
        if not replica.leading or replica.status(event.slot) is not Status.CHOSEN:
            return state
        if all(len(proposal.voters) < majority(replica.peers) for proposal in proposals.values()):
            votes = "; ".join(f"in {shown(ballot)} {', '.join(sorted(p.voters))}" for ballot, p in proposals.items())
            return Broken(f"{node_id} takes slot {event.slot} for chosen, but no majority has voted: {votes}")
        return state

    @staticmethod
    def voted(state: Cast, accept: Accept, replica: PaxosReplica, node_id: str) -> Cast | Broken:
        """The state after an acceptor was asked for its vote."""
        proposals = state.proposals.get(accept.slot, {})
        known = proposals.get(accept.ballot)
        if known is None:  # who proposes has voted first
            known = Proposal(accept.command, frozenset((accept.ballot.node,)))
        elif known.command != accept.command:
            return Broken(f"{shown(accept.ballot)} proposes {known.command} and {accept.command} in slot {accept.slot}")
        vote = replica.votes.get(accept.slot)
        if vote is None or vote.ballot != accept.ballot or node_id in known.voters:
            return state
        floor = max(state.floor, replica.cleared)
        kept = state.proposals
        if floor > state.floor:
            kept = {slot: others for slot, others in kept.items() if slot > floor}
        known = Proposal(known.command, known.voters | {node_id})
        return Cast(floor, {**kept, accept.slot: {**proposals, accept.ballot: known}})


@dataclass(frozen=True)
class Executed:
    """The commands of the slots that anybody has executed and not everybody has cleared; how far each replica is.

    `requested` has the bit of every request's number that a client has sent to any server.
    """

    commands: Mapping[int, Data] = field(default_factory=dict)
    upto: Mapping[str, int] = field(default_factory=dict)
    requested: int = 0


class OneValue:
    """All replicas execute the same command in a slot, one that a client has asked for, and none goes back."""

    name = "one-value"
    initial = Executed()
    events = frozenset((str, Request, Accept, Accepted, Heartbeat, Chosen, Snapshot, Promise))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(node, Server)
        assert isinstance(state, Executed)
        if isinstance(event, Request):
            requested = state.requested | 1 << event.number
            return state if requested == state.requested else replace(state, requested=requested)
        replica = node.replica
        before, now = state.upto.get(node_id, 0), replica.executed
        if now == before:
            return state
        if now < before:
            if event == "start":
                return replace(state, upto={**state.upto, node_id: now})
            return Broken(f"{node_id} had executed slots up to {before}, and is back at slot {now}")
        commands = {slot: command for slot, command in state.commands.items() if slot > replica.cleared}
        for slot in range(before + 1, now + 1):
            if slot not in replica.chosen:
                continue  # it came with a snapshot
            command = replica.chosen[slot]
            if commands.setdefault(slot, command) != command:
                return Broken(f"in slot {slot}, {node_id} executes {command}, another replica {commands[slot]}")
            if isinstance(command, tuple) and not state.requested >> int(str(command[1])) & 1:
                return Broken(f"in slot {slot}, {node_id} executes {command}, which nobody has asked for")
        return replace(state, commands=commands, upto={**state.upto, node_id: now})


@dataclass(frozen=True)
class Cleared:
    """Up to which slot anybody was told to forget, and what each replica had executed at its last heartbeat."""

    upto: int = 0
    executed: Mapping[str, int] = field(default_factory=dict)


class ClearedLast:
    """A slot is forgotten only when every replica has its effect on its disk, and finds it there after a restart."""

    name = "cleared-last"
    initial = Cleared()
    events = frozenset((str, Heartbeat))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(node, Server)
        assert isinstance(state, Cleared)
        replica = node.replica
        if event == "start" and replica.durable and replica.executed < state.upto:
            return Broken(f"{node_id} starts at slot {replica.executed}, but slots up to {state.upto} were cleared")
        known = state.executed.get(node_id, 0)
        if replica.executed > known or (replica.durable and replica.executed < known):  # a lost disk had it once
            state = replace(state, executed={**state.executed, node_id: replica.executed})
        if isinstance(event, Heartbeat) and event.cleared > state.upto:
            for peer in replica.peers:
                saved = state.executed.get(peer, 0)
                if saved < event.cleared:
                    return Broken(f"slots up to {event.cleared} are cleared, but {peer} has executed {saved} only")
            return replace(state, upto=event.cleared)
        return state


class SameState:
    """Replicas that have executed the same slots hold the same values and the same duplicate table.

    `state` are the states of the machine that were seen after a slot.
    """

    name = "same-state"
    initial: ClassVar[Mapping[int, tuple[Mapping[Scalar, Scalar], Mapping[str, Reply]]]] = {}
    events: ClassVar[frozenset[type]] = frozenset((str, Heartbeat, Snapshot))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(node, Server)
        assert isinstance(state, dict)
        slot, store = node.replica.executed, node.store
        known = state.get(slot)
        if known is None:
            seen = {number: one for number, one in state.items() if number > node.replica.cleared}
            return {**seen, slot: (dict(store.data), dict(store.replies))}
        if known == (store.data, store.replies):
            return state
        what = different(store.data, known[0]) or f"last replies: {different(store.replies, known[1])}"
        return Broken(f"after slot {slot}, {node_id} and another replica differ: {what}")


MONITORS: tuple[Monitor, ...] = (
    PromisesKept(),
    BallotsUnique(),
    ChosenByMajority(),
    OneValue(),
    ClearedLast(),
    SameState(),
)


def shown(ballot: Ballot) -> str:
    """The ballot in a few words: "ballot 3 of s1"."""
    again = f" (restarted {ballot.epoch}×)" if ballot.epoch else ""
    return f"ballot {ballot.number} of {ballot.node}{again}" if ballot.number else "no ballot"


def different(mine: Mapping[Any, object], others: Mapping[Any, object]) -> str:
    """The first difference between two tables, "" if there is none."""
    for key in (*mine, *others):
        if mine.get(key) != others.get(key):
            return f"{key} is {mine.get(key)!r} here and {others.get(key)!r} there"
    return ""
