"""What holds at every moment of every run, whatever the clients happen to see of it."""

from collections.abc import Mapping
from typing import Final

from ..node import Node
from ..replicated import Scalar
from ..system import Broken, Monitor
from .messages import Put
from .server import Server, Version


class OneByOne:
    """While the server is up, the versions of each key are counted up one by one, and each keeps its value.

    The state holds the current version of each key. A kill may lose the last one, which was not answered then.
    """

    name = "one-by-one"
    initial: Mapping[Scalar, Version] = {}
    events = frozenset((Put, str))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(state, Mapping)
        assert isinstance(node, Server)
        if isinstance(event, Put):
            before, now = state.get(event.key), node.data.get(event.key)
            if before is not None and now is not None and now != before and now.version != before.version + 1:
                return Broken(f"version {now.version} of {event.key!r} follows version {before.version}")
        return dict(node.data)


MONITORS: Final[tuple[Monitor, ...]] = (OneByOne(),)
