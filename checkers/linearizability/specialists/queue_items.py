"""The values of a queue: who put each one in, and who got it out."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import inf

from ....histories.operation import Operation
from .layers import end_of

LATE = 2.0**60
"""Stands for the return of a dequeue that took effect and never returned: after all events, but not never."""


@dataclass(slots=True)
class Item:
    """A value: who put it in, and who got it out, if anybody."""

    enqueue: Operation
    dequeue: Operation | None = None

    @property
    def came(self) -> float:
        """The position before which it was put in."""
        return min(end_of(self.enqueue), self.left)

    @property
    def leaves(self) -> float:
        """The position from which on it may be got out."""
        return inf if self.dequeue is None else self.dequeue.call

    @property
    def left(self) -> float:
        """The position before which it was got out."""
        return inf if self.dequeue is None else min(LATE, end_of(self.dequeue))


class Occupied:
    """The gaps at which some value has to be in the queue. A gap has the position of the event before it."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._starts: list[float] = []
        self._ends: list[float] = []
        for start, end in sorted((item.came, item.leaves) for item in items if item.came < item.leaves):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def first_free(self, gap: float) -> float:
        """The first gap from this one on at which the queue may be empty."""
        place = bisect_right(self._starts, gap) - 1
        return max(gap, self._ends[place]) if place >= 0 else gap

    def ends(self, low: float, high: float) -> Sequence[float]:
        """Those between the two at which it may become empty."""
        return self._ends[bisect_right(self._ends, low) : bisect_right(self._ends, high)]


def assign(items: Iterable[Item], pending: Sequence[Operation], empties: Sequence[Operation]) -> None:
    """Give pending dequeues to values that nobody got and that stand in the way, if there is a way to do it.

    A value that was put in before one that somebody got has to have left before that one did, and before a gap at which
    the queue was found empty if it was in by then: so a dequeue of it has to have been called by some deadline. Which
    gap an empty answer takes, of those possible, can be decided for each by itself: a later gap only asks for more
    values to be gone by then, and for none to be gone sooner.
    """
    calls = sorted(each.call for each in pending)
    got = [item for item in items if item.dequeue is not None]
    stuck = sorted((item for item in items if item.dequeue is None), key=lambda item: item.came)[: len(calls) + 1]
    overtaken = sorted((item.enqueue.call, item.left) for item in got)
    enqueued = [call for call, _ in overtaken]
    soonest = [*accumulate((left for _, left in reversed(overtaken)), min, initial=inf)][::-1]
    deadlines = [soonest[bisect_right(enqueued, item.came)] for item in stuck]
    occupied = Occupied(got)
    chosen = [gap for gap in (_gap(empty, occupied, stuck, deadlines, calls) for empty in empties) if gap is not None]
    for gap in sorted(chosen, reverse=True):
        for place, item in enumerate(stuck):
            if item.came <= gap:
                deadlines[place] = min(deadlines[place], gap)
    by_deadline = sorted((place for place in range(len(stuck)) if deadlines[place] < inf), key=deadlines.__getitem__)
    for place, dequeue in zip(by_deadline, sorted(pending, key=lambda each: each.call), strict=False):
        stuck[place].dequeue = dequeue


def _gap(
    empty: Operation, occupied: Occupied, stuck: Sequence[Item], deadlines: Sequence[float], calls: Sequence[int]
) -> float | None:
    """A gap at which the queue may be empty, given enough pending dequeues; the positions of their calls are given."""
    end = end_of(empty)
    inside = calls[bisect_right(calls, empty.call) : bisect_right(calls, end)]
    for gap in sorted({empty.call, *occupied.ends(empty.call, end), *inside}):
        if gap < end and occupied.first_free(gap) == gap:
            gone = sorted(
                min(deadline, gap) if item.came <= gap else deadline
                for item, deadline in zip(stuck, deadlines, strict=True)
                if deadline < inf or item.came <= gap
            )
            if len(gone) <= len(calls) and all(call <= by for call, by in zip(calls, gone, strict=False)):
                return gap
    return None
