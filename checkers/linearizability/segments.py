"""Parts of a register history that must have an order by themselves; in Python what `_native/segment.hpp` does.

Where a search is stuck, this shows soon that there is no order at all: it has to follow all that could come before
otherwise, from the beginning on.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from .columns import CAS, NEVER, WRITE, RegisterColumns, Times


@dataclass(frozen=True)
class Segment:
    """Events around one at which a search is stuck.

    If the history is linearizable, then so is the segment from one of `starts`: take what a linearization holds after
    the moment at which the segment begins, and before that at which it ends. Operations that were open at either moment
    may be missing there, so they are pending in the segment if they can change the value, and left out of it if not.

    `begin` is the first of its events, `numbers` are those of its operations in the history, and `starts` the values
    that may be there when it begins: each that some operation looks for, and one for all the others.
    """

    columns: RegisterColumns
    begin: int
    numbers: Sequence[int]
    starts: Sequence[int]


def segment(columns: RegisterColumns, events: Sequence[int], stuck: int, width: int) -> Segment:
    """Some `width` events before `stuck`, and half as many after it. It begins where the fewest operations are open."""
    begin = _beginning(columns, events, max(0, stuck - width), max(0, stuck - width // 2))
    end = min(len(events), stuck + 1 + width // 2)
    place = {event: number - begin + 1 for number, event in enumerate(events[begin:end], begin)}
    open_then: dict[int, None] = {}
    for event in events[:begin]:
        if event >= 0:
            open_then[event] = None
        else:
            del open_then[~event]
    before = [each for each in open_then if _changes(columns, each)]
    inside = [each for each in events[begin:end] if each >= 0 and (~each in place or _changes(columns, each))]
    numbers = before + inside
    calls = array("i", [0] * len(before) + [place[each] for each in inside])
    returns = array("i", [NEVER] * len(before) + [place.get(~each, NEVER) for each in inside])
    kind = array("B", map(columns.kind.__getitem__, numbers))
    a, b = array("i", map(columns.a.__getitem__, numbers)), array("i", map(columns.b.__getitem__, numbers))
    if begin == 0:
        starts = {columns.initial}
    else:
        sought = {value for value, each in zip(a, kind, strict=True) if each != WRITE and 0 <= value < columns.values}
        starts = sought | {columns.values}
    part = RegisterColumns(Times(calls, returns), kind, a, b, columns.values + 1, columns.initial)
    return Segment(part, begin, numbers, sorted(starts))


def _changes(columns: RegisterColumns, operation: int) -> bool:
    return columns.kind[operation] in (WRITE, CAS)


def _beginning(columns: RegisterColumns, events: Sequence[int], first: int, last: int) -> int:
    found, count, fewest = first, 0, NEVER
    for place, event in enumerate(events[: last + 1]):
        if place >= first and count <= fewest:
            found, fewest = place, count
        operation = max(event, ~event)
        if _changes(columns, operation) and columns.times.return_[operation] != NEVER:
            count += 1 if event >= 0 else -1
    return found
