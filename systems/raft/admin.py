"""Who changes the members of the group: servers join and leave it, and hand over to each other."""

from collections.abc import Mapping
from random import Random

from ...histories.event import Invocation
from ...histories.operation import Value
from ..key_value import KeyValueClient, Request, scalar
from ..node import Context, Node
from .server import Server

FEWEST = 3
"""The group is never made smaller than this."""


class Administrator(KeyValueClient):
    """Asks for `join`, `leave` and `transfer`, whose input is the name of a server.

    It is started anew when an operation takes too long, which may take effect later, or while it asks for the next.
    """

    count = 0
    """How many operations it has begun since it was started."""

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        self.count += 1
        self.op, self.request = op, Request((ctx.epoch << 32) + self.count, op.f, None, scalar(op.input))
        self.ask(ctx)


def members(nodes: Mapping[str, Node]) -> tuple[str, ...]:
    """The members of the group, as the leader of the latest term sees it; nobody if there is none."""
    servers = [node.replica for node in nodes.values() if isinstance(node, Server)]
    leaders = [replica for replica in servers if replica.state == "leader"]
    return max(leaders, key=lambda replica: replica.term).log.members if leaders else ()


def joining(nodes: Mapping[str, Node], random: Random) -> Value:
    """A server that is up, and not a member."""
    present = members(nodes)
    outsiders = sorted(name for name in nodes if present and name not in present)
    return random.choice(outsiders) if outsiders else None


def leaving(nodes: Mapping[str, Node], random: Random) -> Value:
    """A member, unless the group would be too small without it."""
    present = members(nodes)
    return random.choice(sorted(present)) if len(present) > FEWEST else None


def succeeding(nodes: Mapping[str, Node], random: Random) -> Value:
    """A member that is to lead."""
    present = members(nodes)
    return random.choice(sorted(present)) if present else None


OPERATIONS = {"join": joining, "leave": leaving, "transfer": succeeding}
"""The administrative operations, with what draws their input."""
