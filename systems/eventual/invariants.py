"""What holds at every moment of every run, whatever the clients happen to see of it."""

from collections.abc import Mapping
from typing import Final

from ..node import Node
from ..replicated import Scalar
from ..system import Broken, Monitor
from .causal_store import CausalStore
from .last_writer import LastWriter
from .messages import Ask, Commit, Newer, Replicate, Stamp
from .sibling_store import Dot, Siblings, SiblingStore


class NeverOlder:
    """While a server is up, no key goes back to an older value, deleted ones included.

    The state holds the stamps of each server's keys. A kill may undo what was not answered.
    """

    name = "never-older"
    initial: Mapping[str, Mapping[Scalar, Stamp]] = {}
    events = frozenset((Ask, Commit, Replicate, Newer, str))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(state, Mapping)
        assert isinstance(node, LastWriter)
        before = {} if event == "start" else state.get(node_id, {})
        now = {key: entry.stamp for key, entry in node.data.items()}
        for key, stamp in before.items():
            if key not in now:
                return Broken(f"{node_id} has forgotten {key!r}, which it had of {stamp.count}/{stamp.node}")
            if _later(stamp, now[key]):
                return Broken(f"{node_id} has {key!r} of {now[key].count}, and had it of {stamp.count}")
        return state if now == state.get(node_id) else {**state, node_id: now}


class Complete:
    """What a server shows, it shows with all that it depends on."""

    name = "complete"
    initial = None
    events = frozenset((Ask, Replicate, Newer, str))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(node, CausalStore)
        for entry in node.data.values():
            for seen in entry.depends:
                if _later(seen.stamp, node.stamp(seen.key)):
                    return Broken(f"{node_id} shows {entry.key!r} without the {seen.key!r} that it depends on")
        return None


class SiblingsStay:
    """While a server is up, it keeps every value that it has: nobody replaces any."""

    name = "siblings-stay"
    initial: Mapping[str, frozenset[Dot]] = {}
    events = frozenset((Ask, Siblings, str))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(state, Mapping)
        assert isinstance(node, SiblingStore)
        before = frozenset() if event == "start" else state.get(node_id, frozenset())
        now = frozenset(node.values)
        for server, number in sorted(before - now):
            return Broken(f"{node_id} has dropped value {number} of {server}")
        return state if now == state.get(node_id) else {**state, node_id: now}


class OneOrder:
    """Any two transactions are in the same order on all keys that both have written.

    The state holds the stamps of each transaction, by its client and number.
    """

    name = "one-order"
    initial: Mapping[tuple[str, int], Mapping[Scalar, Stamp]] = {}
    events = frozenset((Commit,))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(state, Mapping)
        assert isinstance(node, LastWriter)
        new = {
            (client, number): {entry.key: entry.stamp for entry in entries}
            for client, (number, entries) in node.written.items()
            if (client, number) not in state
        }
        for name, stamps in new.items():
            for other, others in state.items():
                both = [key for key in stamps if key in others]
                if len({_later(stamps[key], others[key]) for key in both}) > 1:
                    return Broken(
                        f"transactions {name} and {other} are in one order on {both[0]!r}, not on another key"
                    )
        return {**state, **new} if new else state


def _later(stamp: Stamp, other: Stamp) -> bool:
    return (stamp.count, stamp.node) > (other.count, other.node)


NEWEST: Final[tuple[Monitor, ...]] = (NeverOlder(),)
CAUSAL: Final[tuple[Monitor, ...]] = (NeverOlder(), Complete())
KEPT: Final[tuple[Monitor, ...]] = (SiblingsStay(),)
COMMITTED: Final[tuple[Monitor, ...]] = (NeverOlder(), OneOrder())
