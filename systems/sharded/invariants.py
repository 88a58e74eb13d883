"""What holds at every moment of every run, whatever the clients happen to see of it.

A server that lags behind still serves, as far as it knows, what its group has given away; it can only not do anything
about it. What counts is the front of each group: the state of whoever has executed most of the log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..key_value import Snapshot
from ..node import Node
from ..paxos.synod import Ballot
from ..replicated import Data
from ..system import Broken, Monitor
from .configuration import FIRST, Configuration, least_moves
from .logs import EXECUTES, LEARNS, executed, proposed, reign
from .master import MasterServer
from .messages import Received
from .server import GroupServer
from .store import Move


@dataclass(frozen=True)
class Front:
    """How far a group is: the slot at which what follows was last seen to change, its configuration, and its shards."""

    slot: int = -1
    number: int = 0
    serving: frozenset[int] = frozenset()
    awaited: frozenset[int] = frozenset()
    leaving: frozenset[Move] = frozenset()


def front(known: Front, node: GroupServer) -> Front:
    """The front of the group after a handler of one of its servers; `known` itself if nothing of it has changed."""
    store, slot = node.store, executed(node.replica)
    same = (
        store.configuration.number == known.number
        and store.shards.keys() == known.serving
        and store.awaited == known.awaited
        and store.leaving.keys() == known.leaving
    )
    if same or slot <= known.slot:
        return known
    serving, leaving = frozenset(store.shards), frozenset(store.leaving)
    return Front(slot, store.configuration.number, serving, frozenset(store.awaited), leaving)


class OneOwner:
    """No shard is served by two groups, and none by a group that does not own it in its configuration.

    `state` are the fronts of the groups by name.
    """

    name = "one-owner"
    initial: Mapping[str, Front] = {}
    events = EXECUTES

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(state, dict)
        if not isinstance(node, GroupServer):
            return state
        known = state.get(node.group, Front())
        now = front(known, node)
        if now is known:
            return state
        configuration = node.store.configuration
        for shard in sorted(now.serving):
            if configuration.owners[shard] != node.group:
                owner = configuration.owners[shard]
                return Broken(f"{node.group} serves shard {shard}, which {owner} owns in {shown(configuration)}")
            for other, its in state.items():
                if other != node.group and shard in its.serving:
                    return Broken(f"{other} (configuration {its.number}) and {node.group} both serve shard {shard}")
        return {**state, node.group: now}


@dataclass(frozen=True)
class Steps:
    """The fronts of the groups, and every configuration that anybody has gone by."""

    fronts: Mapping[str, Front] = field(default_factory=dict)
    history: tuple[Configuration, ...] = (FIRST,)


class InOrder:
    """The master's history only grows, and every group takes its configurations one after the other."""

    name = "in-order"
    initial = Steps()
    events = EXECUTES

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(state, Steps)
        if isinstance(node, MasterServer):
            return self.decided(state, tuple(node.master.history), node_id)
        assert isinstance(node, GroupServer)
        known = state.fronts.get(node.group, Front())
        now = front(known, node)
        if now is known:
            return state
        if now.number not in (known.number, known.number + 1):
            return Broken(f"{node.group} goes from configuration {known.number} to {now.number}")
        if node.store.configuration not in state.history:
            return Broken(f"{node.group} goes by {shown(node.store.configuration)}, which the master has not made")
        return replace(state, fronts={**state.fronts, node.group: now})

    @staticmethod
    def decided(state: Steps, history: tuple[Configuration, ...], node_id: str) -> Steps | Broken:
        """The state after a server of the master has this history."""
        common = min(len(history), len(state.history))
        if history[common - 1] != state.history[common - 1]:
            return Broken(f"at {node_id}, {shown(history[common - 1])}: it was {shown(state.history[common - 1])}")
        return replace(state, history=history) if len(history) > common else state


class Balanced:
    """After a join or leave no group has two shards more than another, and no more have moved than had to; a move moves
    one shard. `state` is how many configurations were looked at.
    """

    name = "balanced"
    initial = 1
    events = EXECUTES

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(state, int)
        if not isinstance(node, MasterServer):
            return state
        history = node.master.history
        for number in range(state, len(history)):
            problem = self.problem(history[number - 1], history[number])
            if problem:
                return Broken(f"{shown(history[number])} {problem}")
        return max(state, len(history))

    @staticmethod
    def problem(old: Configuration, new: Configuration) -> str:
        """What is wrong with the step from one configuration to the next, "" if nothing is."""
        moved = sum(before != after for before, after in zip(old.owners, new.owners, strict=True))
        if new.groups == old.groups:
            return "" if moved == 1 else f"moves {moved} shards instead of one"
        owned = [new.owners.count(group) for group, _ in new.groups]
        if max(owned) - min(owned) > 1 or sum(owned) < len(new.owners):
            return f"is not balanced: {', '.join(map(str, owned))}"
        least = least_moves(old.owners, dict(new.groups))
        return f"moves {moved} shards where {least} would do" if moved > least else ""


@dataclass(frozen=True)
class Given:
    """The fronts of the groups, and what was in each shard that was given away when it was."""

    fronts: Mapping[str, Front] = field(default_factory=dict)
    contents: Mapping[Move, Snapshot] = field(default_factory=dict)


class MovesWhole:
    """A shard arrives as it was given away, with its duplicate table, and not before."""

    name = "moves-whole"
    initial = Given()
    events = EXECUTES

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(state, Given)
        if not isinstance(node, GroupServer):
            return state
        known = state.fronts.get(node.group, Front())
        now = front(known, node)
        if now is known:
            return state
        store = node.store
        for shard in sorted((known.awaited - now.awaited) & now.serving):
            given, arrived = state.contents.get((known.number, shard)), store.shards[shard].snapshot()
            where = f"shard {shard} is received by {node.group} for configuration {known.number}"
            if given is None:
                return Broken(f"{where}, before its old owner has given it away")
            if given != arrived:
                what = "values" if given[0] != arrived[0] else "last replies"
                return Broken(f"{where} with other {what} than it was given away with")
        contents = {**state.contents, **{move: store.leaving[move] for move in now.leaving - known.leaving}}
        return Given({**state.fronts, node.group: now}, contents)


Due = tuple[Ballot | int, int]
"""In which ballot, or term, a leader was told that a shard was received, and the last slot that it had proposed for."""


class Deleted:
    """What another group has received is deleted, as soon as what the leader proposed when it was told is executed.

    `state` is what is due, by server and move.
    """

    name = "deleted"
    initial: Mapping[tuple[str, Move], Due] = {}
    events = EXECUTES | {Received}

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(state, dict)
        if not isinstance(node, GroupServer):
            return state
        now, leaving = reign(node.replica), node.store.leaving
        if isinstance(event, Received):
            told = (node_id, (event.number, event.shard))
            if now is not None and told[1] in leaving and told not in state:
                return {**state, told: (now, proposed(node.replica))}
            return state
        over = set()
        for told, (then, slot) in state.items():
            if told[0] != node_id:
                continue
            if then != now or told[1] not in leaving:
                over.add(told)
            elif executed(node.replica) >= slot:
                number, shard = told[1]
                return Broken(f"{node.group} keeps shard {shard}, which was received for configuration {number}")
        return {told: due for told, due in state.items() if told not in over} if over else state


@dataclass(frozen=True)
class States:
    """The state of each group after each slot, as far as it was seen; the slot at which each server was seen last."""

    after: Mapping[tuple[str, int], Data] = field(default_factory=dict)
    seen: Mapping[str, int] = field(default_factory=dict)


class SameState:
    """Servers of a group that have executed the same slots hold the same shards, unfinished moves and tables."""

    name = "same-state"
    initial = States()
    events: frozenset[type] = LEARNS

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(state, States)
        if not isinstance(node, GroupServer):
            return state
        slot = executed(node.replica)
        if state.seen.get(node_id) == slot and event != "start":
            return state
        store = node.store.snapshot()
        if state.after.get((node.group, slot), store) != store:
            return Broken(f"after slot {slot}, {node_id} and another server of {node.group} differ")
        return States({**state.after, (node.group, slot): store}, {**state.seen, node_id: slot})


MONITORS: tuple[Monitor, ...] = (OneOwner(), InOrder(), Balanced(), MovesWhole(), Deleted(), SameState())


def shown(configuration: Configuration) -> str:
    """The configuration in a few words: "configuration 3 (g1 g1 g2)"."""
    return f"configuration {configuration.number} ({' '.join(owner or 'nobody' for owner in configuration.owners)})"
