"""What holds at every moment of every run, whatever the clients happen to see of it."""

from collections.abc import Mapping
from typing import Final

from ..key_value import Request
from ..node import Node
from ..system import Broken, Monitor
from .server import Server


class InOrder:
    """While the server is up, the requests of each client that it carries out have growing numbers.

    The state holds the number of the newest one of each client. A kill may lose the last, which was not answered then.
    """

    name = "in-order"
    initial: Mapping[str, int] = {}
    events = frozenset((Request, str))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(state, Mapping)
        assert isinstance(node, Server)
        table = {client: reply.number for client, reply in node.store.replies.items()}
        if event == "start":
            return table
        for client, number in table.items():
            if number < state.get(client, -1):
                return Broken(f"request {number} of {client} was carried out after request {state[client]}")
        return table


MONITORS: Final[tuple[Monitor, ...]] = (InOrder(),)
