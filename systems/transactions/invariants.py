"""What holds of transactions at every moment of every run, whatever the clients happen to see of it.

As for shards, a group is judged by its server that has executed most: others may be anywhere on the way there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ..node import Node
from ..sharded.configuration import shard_of
from ..sharded.invariants import MONITORS as OF_SHARDS
from ..sharded.logs import EXECUTES, executed
from ..system import Broken, Monitor
from .messages import Name
from .server import TransactionServer


@dataclass(frozen=True)
class Ends:
    """How transactions ended, and what each server was last seen to have ended."""

    outcomes: Mapping[Name, bool] = field(default_factory=dict)
    seen: Mapping[str, tuple[Name, bool]] = field(default_factory=dict)


class OneDecision:
    """No server of any group commits a transaction that another one aborts, now or later."""

    name = "one-decision"
    initial = Ends()
    events = EXECUTES

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(state, Ends)
        if not isinstance(node, TransactionServer) or not node.ended or state.seen.get(node_id) == node.ended[-1]:
            return state
        outcomes = dict(state.outcomes)
        for name, committed in node.ended:
            if outcomes.setdefault(name, committed) != committed:
                verb, other = ("commits", "aborted") if committed else ("aborts", "committed")
                return Broken(f"{node_id} {verb} transaction {shown(name)}, which another server has {other}")
        return Ends(outcomes, {**state.seen, node_id: node.ended[-1]})


@dataclass(frozen=True)
class Promises:
    """How far each group is, what it is prepared for, and all that was decided to commit."""

    slots: Mapping[str, int] = field(default_factory=dict)
    prepared: Mapping[str, frozenset[Name]] = field(default_factory=dict)
    decided: frozenset[Name] = frozenset()


class AllPrepared:
    """When a transaction is decided to be committed, all participants are prepared for it."""

    name = "all-prepared"
    initial = Promises()
    events = EXECUTES

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(state, Promises)
        if not isinstance(node, TransactionServer):
            return state
        store, slot, group = node.store, executed(node.replica), node.group
        if slot <= state.slots.get(group, -1):
            return state
        if store.prepared.keys() != state.prepared.get(group, frozenset()):
            state = replace(state, prepared={**state.prepared, group: frozenset(store.prepared)})
        for name in store.decided.keys() - state.decided:
            for due in store.decided[name]:
                if name not in state.prepared.get(due.group, frozenset()):
                    return Broken(f"{group} commits transaction {shown(name)}, and {due.group} is not prepared for it")
            state = replace(state, decided=state.decided | {name})
        return replace(state, slots={**state.slots, group: slot})


class Locked:
    """A transaction that is voted on or prepared has the locks of its keys, nobody else has, and they are served here.

    There is nothing to remember: that is so at every server by itself.
    """

    name = "locked"
    initial: object = None
    events = EXECUTES

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        if not isinstance(node, TransactionServer):
            return state
        store = node.store
        holders = dict(store.holders())
        for name, keys in holders.items():
            for key in keys:
                if store.locks.get(key) != name:
                    return Broken(f"{node_id}: transaction {shown(name)} is not over and has no lock on {key}")
        for key, name in store.locks.items():
            if name not in holders:
                return Broken(f"{node_id}: transaction {shown(name)} is over and has the lock on {key}")
            if shard_of(key) not in store.shards:
                return Broken(f"{node_id}: transaction {shown(name)} has the lock on {key}, which is not here any more")
        return state


MONITORS: Final[tuple[Monitor, ...]] = (*OF_SHARDS, OneDecision(), AllPrepared(), Locked())


def shown(name: Name) -> str:
    """A transaction in short: "g1.7"."""
    return f"{name[0]}.{name[1]}"
