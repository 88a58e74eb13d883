"""What holds at every moment of every run, whatever the clients happen to see of it."""

from typing import Final

from ..node import Node
from ..system import Broken, Monitor
from .messages import Write
from .resource import Resource


class CountsUp:
    """While the resource is up its count grows by one, or stays. A kill may undo what was not answered."""

    name = "counts-up"
    initial = 0
    events = frozenset((Write, str))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        if not isinstance(node, Resource):
            return state
        assert isinstance(state, int)
        if isinstance(event, Write) and node.count not in (state, state + 1):
            return Broken(f"the count went from {state} to {node.count}")
        return node.count


MONITORS: Final[tuple[Monitor, ...]] = (CountsUp(),)
