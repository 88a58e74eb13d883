"""What clients, groups and the shard master say to each other, and the intervals."""

from ..key_value import Output, Snapshot
from ..node import Message
from ..replicated import Scalar
from .configuration import Argument, AsData

MILLISECOND = 1_000_000

RETRY = 100 * MILLISECOND
"""How long a client waits for an answer before it asks another server (nanoseconds)."""

MOVED = 20 * MILLISECOND
"""How long a client waits when a shard is nowhere to be found: it is on its way (nanoseconds)."""

TICK = 50 * MILLISECOND
"""How often the leader of a group asks for the next configuration, and sends again what it has to hand over."""

NEWEST = -1
"""In place of the number of a configuration: the newest."""


# Clients and groups: Request, Reply and NotLeader of key_value.py, and


class NotServed(Message):
    """The group does not serve the shard of this request's key now. It is not carried out."""

    number: int


# Clients and the shard master, which answers with NotLeader too


class Order(Message):
    """Carry out `f` (join, leave, move, query) at most once. `number` grows with every operation of a client."""

    number: int
    f: str
    argument: Argument


class Done(Message):
    """The order was carried out, and gave `output`."""

    number: int
    output: bool | AsData | None


# Anybody and the shard master


class Ask(Message):
    """Which is the configuration of this number, or the newest? The answer is a Configuration, if there is one.

    Any server of the master answers by what it knows. It may not know the newest; but whatever has a number never
    changes.
    """

    number: int


# Between groups


class Transfer(Message):
    """Take this shard, which is yours from this configuration on: its values, and the last reply to each client."""

    number: int
    shard: int
    items: tuple[tuple[Scalar, Scalar], ...]
    replies: tuple[tuple[str, int, Output], ...]

    @property
    def contents(self) -> Snapshot:
        """What is in the shard."""
        return self.items, self.replies


class Received(Message):
    """My group has taken over the shard that was to move with this configuration."""

    number: int
    shard: int
