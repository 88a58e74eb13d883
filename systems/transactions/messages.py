"""What clients and groups say to each other about transactions, and the intervals. The rest is that of the shards."""

from typing import TypeAlias

from ..node import Message
from ..sharded.messages import MILLISECOND
from .operations import Argument, Pairs, keys_of

VOTE_TIMEOUT = 150 * MILLISECOND
"""How long a coordinator waits for all votes before it aborts (nanoseconds)."""

BACKOFF = (2 * MILLISECOND, 40 * MILLISECOND)
"""How long a client waits after a conflict, at least and at most (nanoseconds)."""

Name: TypeAlias = tuple[str, int]
"""A transaction among several groups: its coordinator, and how many that has begun. Every attempt has its own."""


# Clients and coordinators. The answers are Reply, NotLeader and NotServed, and


class Begin(Message):
    """Carry out the transaction, at most once. `number` grows with every operation of a client."""

    number: int
    f: str
    argument: Argument

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys that it touches, the first of them that of its coordinator."""
        return keys_of(self.argument)


class Conflict(Message):
    """Not all keys could be locked, in all groups, in time. Nothing was done."""

    number: int


# Coordinators and participants. Each is a group: what is sent goes to all its servers, of which one leads


class Prepare(Message):
    """Lock these keys for the transaction, and tell what they hold. `coordinator` are those to vote to."""

    name: Name
    coordinator: tuple[str, ...]
    keys: tuple[str, ...]


class Vote(Message):
    """My group is prepared: it will do what is decided, and these are the values. None: it is not.

    A vote that is repeated asks for the decision.
    """

    name: Name
    group: str
    values: Pairs | None


class Decision(Message):
    """Commit, and write this. None: abort. `coordinator` are those to acknowledge it to."""

    name: Name
    coordinator: tuple[str, ...]
    writes: Pairs | None


class Acknowledge(Message):
    """My group has carried out the decision to commit."""

    name: Name
    group: str
