"""A queue whose values are enqueued once, decided in about linear time, pending dequeues and empty answers included.

Henzinger, Sezgin & Vafeiadis, "Aspect-oriented linearizability proofs" (CONCUR 2013): values have to leave in the order
in which they came, as far as real time says what that is; what is never dequeued leaves after all others. An answer
that the queue is empty needs a gap between events at which no value has to be in it.
"""

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf

from ....histories.operation import Operation
from ...models.model import Model
from ...models.values import canonical
from ..engine import Conflict, InapplicableError, Solution
from .layers import end_of
from .queue_items import Item, Occupied, assign


def decide(model: Model, operations: Sequence[Operation]) -> Solution:
    """All operations in order, or what is wrong.

    Raises InapplicableError if a value is enqueued twice, or in the queue at first.
    """
    if model.initial != ():
        raise InapplicableError("the queue is not empty at first")
    contents = _contents(operations)
    if isinstance(contents, Conflict):
        return contents
    items, empties = contents.items, contents.empties
    if contents.pending:
        assign(items, contents.pending, empties)
    conflict = _overtaking(items)
    if conflict is not None:
        return conflict
    occupied = Occupied(items)
    gaps = [occupied.first_free(empty.call) for empty in empties]
    for empty, gap in zip(empties, gaps, strict=True):
        if gap >= end_of(empty):
            return _false_empty(items, empty)
    return _order(items, empties, gaps)


@dataclass(slots=True)
class _Contents:
    """Values that were in the queue (enqueued for certain, or got), dequeues that found it empty, and pending ones."""

    items: list[Item] = field(default_factory=list)
    empties: list[Operation] = field(default_factory=list)
    pending: list[Operation] = field(default_factory=list)


def _contents(operations: Sequence[Operation]) -> _Contents | Conflict:
    contents = _Contents()
    items: dict[Hashable, Item] = {}
    for operation in operations:
        if operation.f == "enqueue":
            value = canonical(operation.input)
            if value is None:
                raise InapplicableError("nil is enqueued")
            if value in items:
                raise InapplicableError("a value is enqueued twice")
            items[value] = Item(operation)
    for operation in operations:
        if operation.f != "dequeue":
            continue
        if operation.return_ is None:
            contents.pending.append(operation)
        elif operation.output is None:
            contents.empties.append(operation)
        else:
            item = items.get(canonical(operation.output))
            if item is None:
                return Conflict("element nobody enqueued", (operation,))
            if item.dequeue is not None:
                return Conflict("dequeued twice", (item.enqueue, item.dequeue, operation))
            if operation.precedes(item.enqueue):
                return Conflict("dequeued before it was enqueued", (operation, item.enqueue))
            item.dequeue = operation
    contents.items = [item for item in items.values() if item.dequeue is not None or item.enqueue.return_ is not None]
    return contents


def _overtaking(items: Sequence[Item]) -> Conflict | None:
    """A value that was dequeued too late, or never, seen from one that was enqueued later."""
    waiting = sorted(items, key=lambda item: item.came, reverse=True)
    last: Item | None = None
    for item in sorted(items, key=lambda item: item.enqueue.call):
        while waiting and waiting[-1].came < item.enqueue.call:
            came = waiting.pop()
            if last is None or came.leaves > last.leaves:
                last = came
        if last is not None and item.dequeue is not None and item.left < last.leaves:
            shown = last.enqueue, item.enqueue, item.dequeue
            if last.dequeue is None:
                return Conflict("lost element", shown)
            return Conflict("out of order", (*shown, last.dequeue))
    return None


def _false_empty(items: Sequence[Item], empty: Operation) -> Conflict:
    """Values of which one or another was in the queue all the time that the dequeue took that found it empty."""
    shown: list[Operation] = [empty]
    name = "found empty, yet was not"
    gap: float = empty.call
    while gap < end_of(empty):
        cover = max((item for item in items if item.came <= gap), key=lambda item: item.leaves)
        shown.append(cover.enqueue)
        if cover.dequeue is None:
            name = "lost element"
        else:
            shown.append(cover.dequeue)
        gap = cover.leaves
    return Conflict(name, tuple(shown))


def _order(items: Sequence[Item], empties: Sequence[Operation], gaps: Sequence[float]) -> tuple[Operation, ...]:
    """A linearization: each operation at the first gap that it may have, values that must be gone by a gap before it.

    With that gap, there is a period for each stretch between the gaps at which the queue is empty.
    """
    borders = sorted({*gaps})
    points: list[tuple[float, int, int, int, Operation]] = []
    came = left = -inf
    for place, item in enumerate(_queued(items, borders)):
        period = bisect_left(borders, item.came)
        came = max(came, item.enqueue.call, borders[period - 1] if period else -inf)
        points.append((came, period, 0, place, item.enqueue))
        if item.dequeue is not None:
            left = max(left, came, item.dequeue.call)
            points.append((left, period, 1, place, item.dequeue))
    for empty, gap in zip(empties, gaps, strict=True):
        points.append((gap, bisect_left(borders, gap), 2, empty.call, empty))
    return tuple(point[-1] for point in sorted(points, key=lambda point: point[:-1]))


def _queued(items: Sequence[Item], borders: Sequence[float]) -> Iterator[Item]:
    """The values in the order of the queue.

    Next is one that no other had to come before, nor to leave before; of those the one that has to be gone by the first
    border. There always is one: both relations are interval orders, so that a circle would contain one of two values.
    """
    places = range(len(items))
    came, left = [item.came for item in items], [item.left for item in items]
    to_come = sorted(places, key=lambda place: items[place].enqueue.call, reverse=True)
    to_leave = sorted(places, key=lambda place: items[place].leaves, reverse=True)
    by_came, by_left = (sorted(places, key=key.__getitem__, reverse=True) for key in (came, left))
    votes, taken = bytearray(len(items)), bytearray(len(items))
    ready: list[tuple[int, int]] = []

    def vote(place: int) -> None:
        votes[place] += 1
        if votes[place] == 2:
            heappush(ready, (bisect_left(borders, came[place]), place))

    for _ in places:
        while taken[by_came[-1]]:
            by_came.pop()
        while taken[by_left[-1]]:
            by_left.pop()
        while to_come and items[to_come[-1]].enqueue.call <= came[by_came[-1]]:
            vote(to_come.pop())
        while to_leave and items[to_leave[-1]].leaves <= left[by_left[-1]]:
            vote(to_leave.pop())
        _, place = heappop(ready)
        taken[place] = 1
        yield items[place]
