"""Which group owns which shard: configurations, and how one follows from another.

Part 1 of lab 4 of MIT 6.824 and UW dslabs, as pure functions: the same configuration and the same order give the same
next one everywhere.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias
from zlib import crc32

from ..node import Message
from ..replicated import Scalar

Argument: TypeAlias = Scalar | tuple[Scalar | tuple[str, ...], ...]
"""What an order is about: a group, or (group, servers), or (shard, group), or the number of a configuration."""

AsData: TypeAlias = tuple[int, tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]
"""A configuration in scalars and tuples."""

SHARDS = 6
"""Into how many shards the keys are divided."""

NOBODY = ""
"""The owner of the shards while no group has joined."""


class Configuration(Message):
    """Who owns each shard, and the servers of each group, in the order of the groups' names. The first has number 0."""

    number: int
    owners: tuple[str, ...]
    groups: tuple[tuple[str, tuple[str, ...]], ...]

    def servers(self, group: str) -> tuple[str, ...]:
        """The servers of a group, none if it is no member."""
        return dict(self.groups).get(group, ())

    def shards(self, group: str) -> frozenset[int]:
        """The shards that the group owns."""
        return frozenset(shard for shard, owner in enumerate(self.owners) if owner == group)


FIRST = Configuration(0, (NOBODY,) * SHARDS, ())


def shard_of(key: Scalar) -> int:
    """The shard that a key belongs to."""
    return crc32(str(key).encode()) % SHARDS


def as_data(configuration: Configuration) -> AsData:
    """The configuration as scalars and tuples; `Configuration(*data)` is the way back."""
    return configuration.number, configuration.owners, configuration.groups


def after(configuration: Configuration, f: str, argument: Argument) -> Configuration | None:
    """The configuration after an order, None if the order cannot be carried out.

    `join` (group, servers) and `leave` group balance the shards; `move` (shard, group) moves one and leaves the rest.
    The last group cannot leave, since there would be nobody to take its shards.
    """
    groups = dict(configuration.groups)
    match f, argument:
        case "join", (str(group), tuple(servers)) if group not in groups and group != NOBODY:
            groups[group] = servers
            owners = balanced(configuration.owners, sorted(groups))
        case "leave", str(group) if group in groups and len(groups) > 1:
            del groups[group]
            owners = balanced(configuration.owners, sorted(groups))
        case "move", (int(shard), str(group)) if group in groups and movable(configuration, shard, group):
            owners = tuple(group if number == shard else owner for number, owner in enumerate(configuration.owners))
        case _:
            return None
    return Configuration(configuration.number + 1, owners, tuple(sorted(groups.items())))


def movable(configuration: Configuration, shard: int, group: str) -> bool:
    """Whether there is such a shard, and the group does not own it already."""
    return 0 <= shard < len(configuration.owners) and configuration.owners[shard] != group


def balanced(owners: Sequence[str], groups: Sequence[str]) -> tuple[str, ...]:
    """New owners: no group has two shards more than another, and no more shards move than must for that."""
    room = quotas(owners, groups)
    kept = [owner if _take(room, owner) else NOBODY for owner in owners]
    free = iter([group for group in groups for _ in range(room[group])])
    return tuple(next(free) if owner == NOBODY else owner for owner in kept)


def quotas(owners: Sequence[str], groups: Sequence[str]) -> dict[str, int]:
    """How many shards each group is to own; those that own most have one more if they cannot all have as many."""
    owned = Counter(owners)
    each, more = divmod(len(owners), len(groups))
    order = sorted(groups, key=lambda group: (-owned[group], group))
    return {group: each + (place < more) for place, group in enumerate(order)}


def _take(room: dict[str, int], group: str) -> bool:
    """Whether the group has room for one more, which it has no more then."""
    if room.get(group, 0) == 0:
        return False
    room[group] -= 1
    return True


def least_moves(owners: Sequence[str], groups: Mapping[str, object]) -> int:
    """How many shards have to move, at least, until the groups are balanced."""
    owned = sorted((owners.count(group) for group in groups), reverse=True)
    each, more = divmod(len(owners), len(groups))
    return len(owners) - sum(min(count, each + (place < more)) for place, count in enumerate(owned))
