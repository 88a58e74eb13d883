"""Registers with values that are written once: conflicts between the periods in which each was held, in linear time.

Gibbons & Korach, "Testing shared memories" (SIAM J. Comput. 1997), section 4, for reads and writes: a value written
once is held in one period without gaps, which reaches from the first moment at which one of the operations on it had
returned (`first`) to the last at which one was called (`last`). Where first < last it is held all that time (a forward
zone); otherwise there is a moment between last and first at which it is held (a backward zone). No two forward zones
may overlap, and no backward zone may lie inside a forward one.

Successful compare-and-sets extend this: a value that one consumed was followed at once by the value that it left. So
the periods of a chain of values, from a blind write (or the initial value) on, follow each other without gaps, make
one block, and have their order inside it.

Only conflicts are found here. No conflict does not mean linearizable: compare-and-sets that answered False are not
looked at, nor are values that were written more than once, nor whatever followed from one of those.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import TypeAlias

from ...histories.operation import Operation
from ..models.model import ANY, Access, Model
from ..models.values import canonical

Conflict: TypeAlias = tuple[Operation, ...]
"""Operations that no linearization can hold."""

ENOUGH = 64
"""How many conflicts are worked out: those of the shortest chains."""


def conflicts(model: Model, operations: Sequence[Operation]) -> list[Conflict]:
    """Conflicts among the operations of one object, those of short chains first.

    Each is in the order of its operations' calls, and closed: with an operation that found a value it holds whoever may
    have written that, and with an operation of unknown outcome one that found what it wrote. At most six operations for
    reads and writes. None at all for a model whose operations have no `access`.
    """
    if model.access is None:
        return []
    values = _Values.of(model, operations)
    blocks, found = _blocks(values)
    found += _unwritten(values)
    zones = []
    for block in blocks:
        zone, disorder = _walk(values, block)
        found += disorder
        if not disorder and zone is not None:
            zones.append(zone)
    found += _overlaps(zones)
    place = {value: position for block in blocks for position, value in enumerate(block)}

    def links(conflict: Conflict) -> int:
        return sum({place.get(values.value_of(operation), 0) for operation in conflict})

    return [values.close(conflict) for conflict in sorted(found, key=links)[:ENOUGH]]


@dataclass
class _Values:
    """Who wrote and who read each value; compare-and-sets that certainly happened are among both."""

    initial: Hashable
    writers: dict[Hashable, list[Operation]] = field(default_factory=dict)
    readers: dict[Hashable, list[Operation]] = field(default_factory=dict)
    access: dict[int, Access] = field(default_factory=dict)
    """By operation index."""

    @classmethod
    def of(cls, model: Model, operations: Sequence[Operation]) -> "_Values":
        assert model.access is not None
        values = cls(canonical(model.initial))
        for operation in operations:
            values.access[operation.index] = access = model.access(operation)
            if access.writes is not ANY:
                values.writers.setdefault(access.writes, []).append(operation)
            if access.reads is not ANY and operation.return_ is not None:
                values.readers.setdefault(access.reads, []).append(operation)
        values._add_pending_readers()
        return values

    def _add_pending_readers(self) -> None:
        """Count a pending compare-and-set among the readers if it certainly happened: its value was found."""
        work = list(self.readers)
        while work:
            value = work.pop()
            writers = self.writers.get(value, ())
            if self.is_unique(value) and writers and writers[0].return_ is None:
                found = self.access[writers[0].index].reads
                if found is not ANY:
                    if found not in self.readers:
                        work.append(found)
                    self.readers.setdefault(found, []).append(writers[0])

    def is_writer(self, operation: Operation) -> bool:
        return self.access[operation.index].writes is not ANY

    def value_of(self, operation: Operation) -> Hashable:
        """The value that held when the operation had taken effect."""
        access = self.access[operation.index]
        return access.reads if access.writes is ANY else access.writes

    def close(self, conflict: Conflict) -> Conflict:
        """The conflict with the writers of all values found in it, and with someone who found each pending write."""
        closed: dict[int, Operation] = {}
        found: set[Hashable] = set()
        work = list(conflict)
        while work:
            for operation in work:
                closed[operation.index] = operation
            reads = {access.reads: None for each in work if (access := self.access[each.index]).reads is not ANY}
            found.update(reads)
            pending = (self.access[each.index].writes for each in work if each.return_ is None)
            finders = [min(self.readers[value], key=returned) for value in pending if self._is_lonely(value, found)]
            writers = [writer for value in reads for writer in self.writers.get(value, ())]
            work = [each for each in (*writers, *finders) if each.index not in closed]
        return tuple(sorted(closed.values(), key=lambda each: each.index))

    def _is_lonely(self, value: Hashable, found: Set[Hashable]) -> bool:
        return value not in found and value in self.readers

    def is_unique(self, value: Hashable) -> bool:
        """Whether at most one operation can have put the value there."""
        return len(self.writers.get(value, ())) + (value == self.initial) <= 1

    def happened(self, value: Hashable) -> bool:
        """Whether the writer of the unique value certainly took effect."""
        return value in self.readers or self.writers[value][0].return_ is not None


def _unwritten(values: _Values) -> Iterator[Conflict]:
    for value, readers in values.readers.items():
        if value not in values.writers and value != values.initial:
            yield (min(readers, key=returned),)


Block: TypeAlias = list[Hashable]
"""The values of a chain, in the order in which they were held."""


def _blocks(values: _Values) -> tuple[list[Block], list[Conflict]]:
    """Chains of unique values from their blind writes on, and the conflicts seen while they are put together."""
    follower: dict[Hashable, Hashable] = {}
    conflicts: list[Conflict] = []
    roots: list[Hashable] = [] if values.initial in values.writers else [values.initial]
    for value, (writer, *others) in values.writers.items():
        if others or value == values.initial or not values.happened(value):
            continue
        found = values.access[writer.index].reads
        if found is ANY:
            roots.append(value)
        elif found not in follower:
            follower[found] = value
        elif values.is_unique(found):
            conflicts.append((values.writers[follower[found]][0], writer))
    blocks = []
    for root in roots:
        block = [root]
        while block[-1] in follower:
            block.append(follower.pop(block[-1]))
        blocks.append(block)
    return blocks, conflicts + _circles(values, follower)


def _circles(values: _Values, follower: dict[Hashable, Hashable]) -> list[Conflict]:
    """Chains that bite their own tail: each of the compare-and-sets needs what another one left."""
    found: list[Conflict] = []
    seen: set[Hashable] = set()
    for start in follower:
        path: dict[Hashable, None] = {}
        value = start
        while value in follower and value not in seen:
            seen.add(value)
            path[value] = None
            value = follower[value]
        if value in path and all(map(values.is_unique, path)):
            circle = list(path)[list(path).index(value) :]
            found.append(tuple(values.writers[each][0] for each in circle))
    return found


@dataclass(frozen=True)
class _Zone:
    """`first`: when one of the block's operations had returned; `last`: when all of them had been called; and whose.

    `members` are those of its operations that returned, in the order of their calls.
    """

    first: float
    last: float
    returned: Operation | None
    called: Operation | None
    members: list[Operation]

    @property
    def limits(self) -> tuple[Operation, ...]:
        return tuple(operation for operation in (self.returned, self.called) if operation is not None)

    @cached_property
    def _earliest(self) -> list[Operation]:
        """For each member, which of those from it on returned first."""
        earliest: list[Operation] = []
        for member in reversed(self.members):
            earliest.append(member if not earliest else min(member, earliest[-1], key=returned))
        return earliest[::-1]

    def called_after(self, moment: float) -> tuple[Operation, ...]:
        """The first to return of the members called after that moment; or else the last one called at all."""
        place = bisect_right(self.members, moment, key=lambda member: member.call)
        return (self._earliest[place],) if place < len(self.members) else self.limits


def _walk(values: _Values, block: Block) -> tuple[_Zone | None, list[Conflict]]:
    """The zone of a block, or what contradicts its order; neither for an initial value that nobody found."""
    first, last = inf, -1.0
    first_of: Operation | None = None
    last_of: Operation | None = None
    members: list[Operation] = []
    if block[0] == values.initial:
        first = -1.0
    for value in block:
        readers = [reader for reader in values.readers.get(value, ()) if not values.is_writer(reader)]
        for group in (values.writers.get(value, []), readers):
            for operation in group:
                if returned(operation) < last and last_of is not None:
                    return None, [(operation, last_of)]
                if returned(operation) < first:
                    first, first_of = returned(operation), operation
            for operation in group:
                if operation.call > last:
                    last, last_of = operation.call, operation
            members += [operation for operation in group if operation.return_ is not None]
    if last_of is None:
        return None, []
    members.sort(key=lambda member: member.call)
    return _Zone(first, last, first_of, last_of, members), []


def _overlaps(zones: Sequence[_Zone]) -> Iterator[Conflict]:
    """Pairs of zones that exclude each other: for each zone the one that reaches furthest of those begun before it."""
    forward = sorted((zone for zone in zones if zone.first < zone.last), key=lambda zone: zone.first)
    furthest: list[_Zone] = []
    for zone in forward:
        if furthest and zone.first < furthest[-1].last:
            yield _exclude(furthest[-1], zone)
        furthest.append(zone if not furthest or zone.last > furthest[-1].last else furthest[-1])
    starts = [zone.first for zone in forward]
    for zone in zones:
        if zone.first > zone.last:
            begun = bisect_left(starts, zone.last)
            if begun and furthest[begun - 1].last > zone.first:
                yield _exclude(furthest[begun - 1], zone)


def _exclude(around: _Zone, zone: _Zone) -> Conflict:
    """The value of the zone around was found again after that of the other zone: by whom first, and the limits."""
    before = () if around.returned is None else (around.returned,)
    return (*before, *around.called_after(zone.first), *zone.limits)


def returned(operation: Operation) -> float:
    """When the operation had returned, or infinity."""
    return inf if operation.return_ is None else operation.return_
